/** From the source into the lake: look at a file, fetch its chunks, make it whole. */
import { Context } from '@temporalio/activity';
import type { Lake } from '../lake/lake.ts';
import type { FileVersion, Source } from '../sources/source.ts';
import { ANY_BUT_OTHERS, type FilePattern } from '../config/file-pattern.ts';
import { fileMonth, readFileVersions } from '../warehouse/files.ts';
import { isExempt } from '../warehouse/is-exempt.ts';
import type { Refusal } from '../warehouse/refusal.ts';
import type { Warehouse } from '../warehouse/warehouse.ts';
import { planChunks, type Chunk } from './chunks.ts';
import { sourceFailure } from './failures.ts';
import { createFaults, type Faults } from './faults.ts';
import { withHeartbeat } from './heartbeat.ts';

export interface PreparedFile {
  file: FileVersion;
  lakeKey: string;
  month: string;
  /** What to fetch; empty when the lake holds the file whole. */
  chunks: Chunk[];
  /** What the lake wants to see again with each chunk; undefined where it wants nothing, and in histories of before. */
  uploadId?: string | undefined;
  /** Set when it must not be fetched at all. */
  refusal: Refusal | null;
}

export function createFetchActivities({
  source,
  lake,
  warehouse,
  maxFileBytes,
  chunkBytes,
  filePattern = ANY_BUT_OTHERS,
  faults = createFaults(),
}: {
  source: Source;
  lake: Lake;
  warehouse: Warehouse;
  maxFileBytes: number;
  chunkBytes: number;
  filePattern?: FilePattern;
  faults?: Faults;
}) {
  /** The version we hold, without a word to the source. */
  async function heldVersion(sourceName: string, filename: string): Promise<FileVersion | undefined> {
    const [record] = await readFileVersions(warehouse, { source: sourceName, filename });
    if (record === undefined || record.sizeBytes === null) return undefined;
    const { version, sizeBytes } = record;
    // Asked, not remembered: a quarantined file may be there whole, and a lake may have been emptied.
    const key = lake.key({ source: sourceName, filename, version });
    if ((await lake.sizeOf(key)) !== sizeBytes) return undefined;
    return { filename, version, sizeBytes, ranged: true, url: '' };
  }

  return {
    /** The file's version now and the plan to fetch it. With `fromLake`, the version we hold, if we hold one. */
    async prepareFile(input: {
      source: string;
      filename: string;
      fromLake: boolean;
      /** In one stream, whatever the source says about ranges. */
      inOneStream?: boolean;
    }): Promise<PreparedFile> {
      const { filename } = input;
      const work = `stat ${filename}`;
      try {
        const held = input.fromLake ? await heldVersion(input.source, filename) : undefined;
        const seen =
          held ?? (await withHeartbeat((signal) => source.stat({ filename, signal, toRead: true })));
        faults.answered(work);
        const file = { ...seen, ranged: seen.ranged && input.inOneStream !== true };
        const { version, sizeBytes, url } = file;
        const lakeKey = lake.key({ source: input.source, filename, version });
        const prepared = { file, lakeKey, month: fileMonth(filename), chunks: [], refusal: null };
        const mistake = filePattern.mistakeIn(filename);
        if (
          mistake !== undefined &&
          !(await isExempt(warehouse, { source: input.source, filename, version }))
        )
          return { ...prepared, refusal: { code: 'OTHER_DATA_SET', message: mistake } };
        if (sizeBytes > maxFileBytes) {
          const message = `${sizeBytes} bytes, more than the ${maxFileBytes} that MAX_FILE_BYTES allows`;
          return { ...prepared, refusal: { code: 'TOO_LARGE', message } };
        }
        if (sizeBytes === 0)
          return { ...prepared, refusal: { code: 'NOT_PARQUET', message: 'the file has 0 bytes' } };
        const heldBytes = await lake.sizeOf(lakeKey);
        if (heldBytes === sizeBytes) return prepared;
        // Damaged since: it must not be taken for what is fetched now.
        if (heldBytes !== undefined) await lake.remove(lakeKey);
        if (!file.ranged && sizeBytes > lake.largestChunkBytes) {
          const message = `${sizeBytes} bytes that the source only sends in one piece, more than the ${lake.largestChunkBytes} that the lake takes as one`;
          return { ...prepared, refusal: { code: 'TOO_LARGE', message } };
        }
        const chunks = planChunks({
          filename,
          url,
          sizeBytes,
          chunkBytes: file.ranged ? chunkBytes : sizeBytes,
        });
        const uploadId = await lake.begin({ key: lakeKey, chunks: chunks.length });
        return { ...prepared, chunks, uploadId };
      } catch (error) {
        if (!faults.isLasting(work, error)) throw sourceFailure(error);
        const message = error instanceof Error ? error.message : String(error);
        return {
          file: { filename, version: '', sizeBytes: 0, ranged: false, url: '' },
          lakeKey: '',
          month: fileMonth(filename),
          chunks: [],
          refusal: { code: 'UNREADABLE', message },
        };
      }
    },

    /**
     * One chunk into the lake.
     * @returns bytes written: the chunk's size
     */
    async fetchChunk(input: {
      file: FileVersion;
      lakeKey: string;
      uploadId?: string | undefined;
      chunk: Chunk;
      /** The footer is looked for in it before the file is whole. */
      readable?: boolean;
    }): Promise<number> {
      const { file, lakeKey, uploadId, chunk, readable = false } = input;
      const context = Context.current();
      const work = `${file.filename} ${file.version} ${chunk.chunkId}`;
      try {
        const range = { start: chunk.chunkStart, end: chunk.chunkEnd };
        const written = await withHeartbeat((signal) =>
          lake.writeChunk({
            key: lakeKey,
            uploadId,
            chunkId: chunk.chunkId,
            start: chunk.chunkStart,
            sizeBytes: chunk.chunkSize,
            fileBytes: file.sizeBytes,
            readable,
            bytes: source.read({ file, range, signal }),
            onBytes: (bytes) => context.heartbeat(bytes),
          }),
        );
        if (written !== chunk.chunkSize) throw new Error(`${written} of ${chunk.chunkSize} bytes arrived`);
        faults.answered(work);
        return written;
      } catch (error) {
        throw sourceFailure(error, { lasting: faults.isLasting(work, error) });
      }
    },

    async assembleFile(input: {
      lakeKey: string;
      uploadId?: string | undefined;
      sizeBytes: number;
    }): Promise<void> {
      const { lakeKey, uploadId, sizeBytes } = input;
      try {
        await lake.assemble({ key: lakeKey, uploadId, sizeBytes });
      } catch (error) {
        throw sourceFailure(error);
      }
    },
  };
}

/** From the source into the lake: look at a file, fetch its chunks, make it whole. */
import { Context } from '@temporalio/activity';
import type { Lake } from '../lake/lake.ts';
import type { FileVersion, Source } from '../sources/source.ts';
import { fileMonth, readFiles } from '../warehouse/files.ts';
import type { Refusal } from '../warehouse/refusal.ts';
import type { Warehouse } from '../warehouse/warehouse.ts';
import { planChunks, type Chunk } from './chunks.ts';
import { sourceFailure } from './failures.ts';
import { withHeartbeat } from './heartbeat.ts';

export interface PreparedFile {
  file: FileVersion;
  lakeKey: string;
  month: string;
  /** What to fetch; empty when the lake holds the file whole. */
  chunks: Chunk[];
  /** Set when it must not be fetched at all. */
  refusal: Refusal | null;
}

export function createFetchActivities({
  source,
  lake,
  warehouse,
  maxFileBytes,
  chunkBytes,
}: {
  source: Source;
  lake: Lake;
  warehouse: Warehouse;
  maxFileBytes: number;
  chunkBytes: number;
}) {
  /** The version we hold, without a word to the source. */
  async function heldVersion(sourceName: string, filename: string): Promise<FileVersion | undefined> {
    const record = (await readFiles(warehouse, { source: sourceName })).find(
      (file) => file.filename === filename,
    );
    if (record === undefined || record.lakeKey === '' || record.sizeBytes === null) return undefined;
    return { filename, version: record.version, sizeBytes: record.sizeBytes, ranged: true, url: '' };
  }

  return {
    /** The file's version now and the plan to fetch it. With `fromLake`, the version we hold, if we hold one. */
    async prepareFile(input: { source: string; filename: string; fromLake: boolean }): Promise<PreparedFile> {
      const { filename } = input;
      try {
        const held = input.fromLake ? await heldVersion(input.source, filename) : undefined;
        const file = held ?? (await withHeartbeat((signal) => source.stat({ filename, signal })));
        const { version, sizeBytes, url } = file;
        const lakeKey = lake.key({ source: input.source, filename, version });
        const prepared = { file, lakeKey, month: fileMonth(filename), chunks: [], refusal: null };
        if (sizeBytes > maxFileBytes) {
          const message = `${sizeBytes} bytes, more than the ${maxFileBytes} that MAX_FILE_BYTES allows`;
          return { ...prepared, refusal: { code: 'TOO_LARGE', message } };
        }
        if (sizeBytes === 0)
          return { ...prepared, refusal: { code: 'NOT_PARQUET', message: 'the file has 0 bytes' } };
        if ((await lake.sizeOf(lakeKey)) === sizeBytes) return prepared;
        const chunks = planChunks({
          filename,
          url,
          sizeBytes,
          chunkBytes: file.ranged ? chunkBytes : sizeBytes,
        });
        return { ...prepared, chunks };
      } catch (error) {
        throw sourceFailure(error);
      }
    },

    /**
     * One chunk into the lake, at its offset.
     * @returns bytes written: the chunk's size
     */
    async fetchChunk(input: { file: FileVersion; lakeKey: string; chunk: Chunk }): Promise<number> {
      const { file, lakeKey, chunk } = input;
      const context = Context.current();
      try {
        const range = { start: chunk.chunkStart, end: chunk.chunkEnd };
        const written = await withHeartbeat((signal) =>
          lake.writeChunk({
            key: lakeKey,
            start: chunk.chunkStart,
            bytes: source.read({ file, range, signal }),
            onBytes: (bytes) => context.heartbeat(bytes),
          }),
        );
        if (written !== chunk.chunkSize) throw new Error(`${written} of ${chunk.chunkSize} bytes arrived`);
        return written;
      } catch (error) {
        throw sourceFailure(error);
      }
    },

    async assembleFile(input: { lakeKey: string; sizeBytes: number }): Promise<void> {
      await lake.assemble({ key: input.lakeKey, sizeBytes: input.sizeBytes });
    },
  };
}

/** What a file is judged by besides its form: before it is loaded by its bytes, and then by what it holds. */
import { createHash } from 'node:crypto';
import type { Lake } from '../lake/lake.ts';
import { isAccepted } from '../warehouse/accepted-versions.ts';
import {
  duplicateMessage,
  judgeContent,
  readContent,
  readLookalikes,
  readSameContent,
  recordContent,
} from '../warehouse/file-contents.ts';
import type { VerifiedLoad } from '../warehouse/load-file.ts';
import type { Refusal } from '../warehouse/refusal.ts';
import type { Warehouse } from '../warehouse/warehouse.ts';
import type { LoadInput } from './load-activities.ts';

/** Bytes that are read and hashed at a time. */
const PIECE_BYTES = 4 << 20;

export interface LoadJudge {
  /**
   * Notes what the bytes of the raw file are.
   * @returns why it is not to be loaded: another file has the same bytes, and is counted
   */
  before(input: LoadInput, signal: AbortSignal): Promise<Refusal | undefined>;
  /** @returns what is worth saying about a load that is to be published */
  after(load: VerifiedLoad, signal: AbortSignal): Promise<{ notes: string[] }>;
}

export function createLoadJudge({ lake, warehouse }: { lake: Lake; warehouse: Warehouse }): LoadJudge {
  async function contentOf(key: string, sizeBytes: number, signal: AbortSignal): Promise<string> {
    const hash = createHash('sha256');
    for (let start = 0; start < sizeBytes; start += PIECE_BYTES) {
      signal.throwIfAborted();
      const range = { start, end: Math.min(start + PIECE_BYTES, sizeBytes) };
      hash.update(await lake.read({ key, range }));
    }
    return hash.digest('hex');
  }

  /** Of a file that was loaded before contents were recorded; undefined where the lake does not hold it any more. */
  async function contentOfLoaded(
    file: { source: string; filename: string; version: string },
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const recorded = await readContent(warehouse, file);
    if (recorded !== undefined) return recorded;
    const key = lake.key(file);
    const sizeBytes = await lake.sizeOf(key);
    if (sizeBytes === undefined) return undefined;
    const sha256 = await contentOf(key, sizeBytes, signal);
    await recordContent(warehouse, { ...file, sha256 });
    return sha256;
  }

  return {
    async before({ source, filename, version, lakeKey, sizeBytes }, signal) {
      const sha256 = await contentOf(lakeKey, sizeBytes, signal);
      await recordContent(warehouse, { source, filename, version, sha256 });
      // The publisher judges it again, one publication after the other: this only saves it the load.
      const judged = judgeContent(
        { filename, version },
        await readSameContent(warehouse, { source, sha256 }),
        { accepted: await isAccepted(warehouse, { source, filename, version }) },
      );
      return judged.kind === 'duplicate'
        ? { code: 'DUPLICATE', message: duplicateMessage(judged) }
        : undefined;
    },

    async after({ source, filename, version, proof }, signal) {
      const own = await readContent(warehouse, { source, filename, version });
      const notes: string[] = [];
      const { checksum, rowsLoaded } = proof;
      if (rowsLoaded === 0) return { notes };
      for (const other of await readLookalikes(warehouse, { source, filename, checksum })) {
        const sha256 = await contentOfLoaded({ source, ...other }, signal);
        if (sha256 !== own)
          notes.push(
            `row numbers, pickups and distances are those of ${other.filename}, whose bytes are others: both are counted`,
          );
      }
      return { notes };
    },
  };
}

/** Fetches a file as `ingestFile` and its activities do, without Temporal: the same restarts, and the same patience with faults. */
import { createFaults } from '../../activities/faults.ts';
import type { Source } from '../../sources/source.ts';
import { SourceError } from '../../sources/source-error.ts';

const MOST_RESTARTS = 5;
const MOST_TRIES = 30;
const CHUNKS = 3;

/** @returns the bytes, or by what name it is refused */
export async function fetchAsIngestion(source: Source, filename: string): Promise<Buffer | string> {
  const signal = new AbortController().signal;
  const faults = createFaults();
  /** An activity's retries: until it works, the fault is believed, or it is not for the activity to say. */
  async function activity<Result>(work: string, task: () => Promise<Result>): Promise<Result> {
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      try {
        return await task();
      } catch (error) {
        if (!(error instanceof SourceError)) throw error;
        if (['changed', 'unranged', 'absent'].includes(error.kind)) throw error;
        // The source did other things well meanwhile.
        faults.answered();
        if (faults.isLasting(work, error)) throw new SourceError('broken', error.message);
      }
    }
    throw new Error(`${filename} holds up others: ${work} never ends`);
  }
  let inOneStream = false;
  for (let restarts = 0; restarts < MOST_RESTARTS; restarts += 1) {
    try {
      const seen = await activity('stat', () => source.stat({ filename, signal, toRead: true }));
      const file = { ...seen, ranged: seen.ranged && !inOneStream };
      const size = file.ranged ? Math.ceil(file.sizeBytes / CHUNKS) : file.sizeBytes;
      const pieces: Buffer[] = [];
      for (let start = 0; start < file.sizeBytes; start += size) {
        const range = { start, end: Math.min(start + size, file.sizeBytes) };
        pieces.push(
          await activity(`chunk ${start}`, async () => {
            const parts = [];
            for await (const part of source.read({ file, range, signal })) parts.push(part);
            return Buffer.concat(parts);
          }),
        );
      }
      return Buffer.concat(pieces);
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      if (error.kind !== 'changed' && error.kind !== 'unranged') return error.message;
      inOneStream = error.kind === 'unranged';
    }
  }
  return `another version each of the ${MOST_RESTARTS} times`;
}

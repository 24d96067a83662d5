/** When has a file in a folder stopped growing? */
import { open } from 'node:fs/promises';

/** A file that begins and ends as a whole Parquet file does. */
const SETTLED_AFTER_MS = 1_000;
/** Anything else is a copy in progress more often than a broken file: it gets more patience. */
const UNFINISHED_AFTER_MS = 5_000;

export interface LookedAt {
  /** Absolute path. */
  file: string;
  version: string;
  /** Wall clock of the file system. */
  mtimeMs: number;
  sizeBytes: number;
}

/**
 * The rule, without sleeping: a file has settled once its last modification is so long ago by the clock, or once we
 * ourselves have seen the same version for so long (that is for times in the future, and for clocks that disagree with the
 * file server's). So long is 1 s for a file that begins and ends with `PAR1`, 5 s otherwise. Copies by rename are whole
 * at once and wait the same second: `PAR1` at both ends does not prove it for files whose chunks arrive out of order.
 */
export function createSettling({ now = Date.now, elapsed = () => performance.now() } = {}) {
  const firstSeen = new Map<string, { version: string; atMs: number }>();
  return {
    async isSettled({ file, version, mtimeMs, sizeBytes }: LookedAt): Promise<boolean> {
      const seen = firstSeen.get(file);
      const atMs = seen?.version === version ? seen.atMs : elapsed();
      if (seen?.version !== version) firstSeen.set(file, { version, atMs });
      const unchangedMs = Math.max(now() - mtimeMs, elapsed() - atMs);
      if (unchangedMs >= UNFINISHED_AFTER_MS) return true;
      return unchangedMs >= SETTLED_AFTER_MS && (await looksWhole(file, sizeBytes));
    },
    /** Bounds the memory to what is in the folder now. */
    forgetAllBut(files: ReadonlySet<string>): void {
      for (const file of firstSeen.keys()) if (!files.has(file)) firstSeen.delete(file);
    },
  };
}

async function looksWhole(file: string, sizeBytes: number): Promise<boolean> {
  if (sizeBytes < 12) return false;
  try {
    const handle = await open(file);
    try {
      const ends = Buffer.alloc(8);
      await handle.read(ends, 0, 4, 0);
      await handle.read(ends, 4, 4, sizeBytes - 4);
      return ends.toString('latin1') === 'PAR1PAR1';
    } finally {
      await handle.close();
    }
  } catch {
    return false;
  }
}

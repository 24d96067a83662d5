/** Clearing the lake of what was begun and never became whole. */
import type { Lake, PartialFile } from '../lake/lake.ts';
import { withHeartbeat } from './heartbeat.ts';

/** A partial file of this age, of a file version that we do not know (any more), is nobody's. */
const ABANDONED_AFTER_MS = 24 * 3_600_000;
/** Of one sweep: their keys are kept in its history. The next sweep takes the others. */
const MOST_FORGOTTEN = 1_000;
/** One that was touched within this time may belong to an ingestion that has just begun. */
const FRESH_MS = 10 * 60_000;

export function createSweepLakeActivities({
  lake,
  knownFiles,
  isIngesting,
  now,
}: {
  lake: Lake;
  /** Every file at its newest version. */
  knownFiles: () => Promise<{ source: string; filename: string; version: string }[]>;
  isIngesting: (filename: string) => Promise<boolean>;
  now: () => number;
}) {
  return {
    /**
     * Forgets uploads and partial files that no ingestion works on. One that begins this very moment and loses what it
     * wrote finds out when it writes or assembles, and begins anew.
     * @returns the lake's keys of what was forgotten
     */
    async sweepLake(): Promise<string[]> {
      return withHeartbeat(async (signal) => {
        const partials = await lake.partials();
        if (partials.length === 0) return [];
        const filenames = new Map((await knownFiles()).map((file) => [lake.key(file), file.filename]));
        const isAbandoned = async ({ key, touchedAtMs }: PartialFile): Promise<boolean> => {
          const ageMs = now() - touchedAtMs;
          const filename = filenames.get(key);
          if (filename === undefined) return ageMs > ABANDONED_AFTER_MS;
          return ageMs > FRESH_MS && !(await isIngesting(filename));
        };
        const forgotten = new Set<string>();
        for (const partial of partials) {
          signal.throwIfAborted();
          if (forgotten.size === MOST_FORGOTTEN) break;
          if (!(await isAbandoned(partial))) continue;
          await lake.discard(partial);
          forgotten.add(partial.key);
        }
        return [...forgotten];
      });
    },
  };
}

/** How far the backfills of a watcher are: what is kept of each, small enough to be carried over. */
import type { BackfillProgress, BackfillRequest } from './messages.ts';

export type BackfillEntry = Omit<BackfillProgress, 'remaining'>;

const KEPT = 20;

/** The log with one more backfill, newest last. */
export function withBackfill(
  log: readonly BackfillEntry[],
  { id, from, to, force }: BackfillRequest & { id: string },
): BackfillEntry[] {
  const before = log.filter((entry) => entry.id !== id);
  return [...before, { id, from, to, force: force === true, found: 0, looked: false }].slice(-KEPT);
}

/** Each with how many of the files under way are its own. */
export function backfillProgress(
  log: readonly BackfillEntry[],
  underWay: readonly { backfill?: string | undefined }[],
): BackfillProgress[] {
  return log.map((entry) => ({
    ...entry,
    remaining: underWay.filter(({ backfill }) => backfill === entry.id).length,
  }));
}

/** Files that the source does not show any more: noted in `files`, and taken out where that is wanted. */
import type { ListedFile, Source } from '../sources/source.ts';
import { readAccepted } from '../warehouse/accepted-versions.ts';
import { readLiveLoads } from '../warehouse/audit-load.ts';
import { recordFiles, type FileRecord } from '../warehouse/files.ts';
import type { Warehouse } from '../warehouse/warehouse.ts';

/** What becomes of the trips of a file that is gone at its source. */
export type OnSourceDelete = 'keep' | 'withdraw';

/** Files that one poll takes out; the next one takes the others. */
const MOST_WITHDRAWN = 100;

/**
 * Notes which of the known files a listing does not show, and which it shows again.
 * @param known by name; brought up to date
 * @param inFlight being ingested: nothing is said of them
 */
export async function noteGone(
  { source, warehouse, now }: { source: Source; warehouse: Warehouse; now: () => number },
  {
    listing,
    known,
    inFlight,
    signal,
  }: {
    listing: readonly ListedFile[];
    known: Map<string, FileRecord>;
    inFlight: ReadonlySet<string>;
    signal: AbortSignal;
  },
): Promise<void> {
  const shown = new Set(listing.map(({ filename }) => filename));
  const missing = [...known.values()].filter(
    ({ filename, goneAtMs }) =>
      !shown.has(filename) && (goneAtMs ?? null) === null && !inFlight.has(filename),
  );
  const gone = new Set(
    missing.length === 0
      ? []
      : await source.gone?.({ filenames: missing.map(({ filename }) => filename), signal }),
  );
  const changed = [...known.values()].flatMap((file): FileRecord[] => {
    const isBack = shown.has(file.filename) && (file.goneAtMs ?? null) !== null;
    if (!isBack && !gone.has(file.filename)) return [];
    // By the least: what an ingestion records meanwhile is newer.
    return [{ ...file, goneAtMs: isBack ? null : now(), updatedAtMs: file.updatedAtMs + 1 }];
  });
  await recordFiles(warehouse, changed);
  for (const file of changed) known.set(file.filename, file);
}

/**
 * Files to be taken out as the source does not show them, unless it shows suspiciously little: nothing, or fewer than half as many files as are counted.
 * What an operator has brought back stays.
 */
export async function goneAndCounted(
  warehouse: Warehouse,
  {
    source,
    listing,
    known,
  }: { source: string; listing: readonly ListedFile[]; known: ReadonlyMap<string, FileRecord> },
): Promise<{ withdraw: string[]; problem?: string }> {
  const isGone = (filename: string): boolean => (known.get(filename)?.goneAtMs ?? null) !== null;
  if (![...known.keys()].some(isGone)) return { withdraw: [] };
  const lives = await readLiveLoads(warehouse, { source });
  const gone = lives.filter(({ filename }) => isGone(filename));
  if (gone.length === 0) return { withdraw: [] };
  const isAccepted = await readAccepted(warehouse, { source });
  const withdraw = gone
    .filter((file) => !isAccepted(file))
    .slice(0, MOST_WITHDRAWN)
    .map(({ filename }) => filename);
  if (withdraw.length > 0 && (listing.length === 0 || listing.length * 2 < lives.length)) {
    const problem = `The source shows ${listing.length} of ${lives.length} files whose trips are counted: none of the others is taken out. See that the source is whole; files that are meant to go are taken out by withdraw.`;
    return { withdraw: [], problem };
  }
  return { withdraw };
}

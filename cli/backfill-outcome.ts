/** What came of each file of a backfill: the list of files as it was before, compared with how it is afterwards. */

/** As `files` tells of it. */
export interface FileState {
  filename: string;
  month: string | null;
  stage: string;
  reason: string | null;
  updatedAt: string;
  live: { dataVersion: number; trips: number } | null;
}

/**
 * `published`: the file was loaded again, and is counted. `quarantined`: the file was tried and judged again. `leftAlone`: the file is held back or quarantined,
 * and was not tried. `underWay`: its ingestion has not ended.
 */
export type Outcome = 'published' | 'quarantined' | 'leftAlone' | 'underWay';

export interface FileOutcome {
  filename: string;
  outcome: Outcome;
  reason: string | null;
  trips: number | null;
  dataVersion: number | null;
}

/** Files that are published as they were are no part of it. */
export function backfillOutcomes(
  { from, to }: { from: string; to: string },
  before: readonly FileState[],
  after: readonly FileState[],
): FileOutcome[] {
  const earlier = new Map(before.map((file) => [file.filename, file]));
  return after.flatMap((file) => {
    const { filename, month, reason, live } = file;
    if (month === null || month < from || month > to) return [];
    const outcome = outcomeOf(file, earlier.get(filename));
    if (outcome === undefined) return [];
    return { filename, outcome, reason, trips: live?.trips ?? null, dataVersion: live?.dataVersion ?? null };
  });
}

function outcomeOf(file: FileState, before: FileState | undefined): Outcome | undefined {
  const isTouched = before?.updatedAt !== file.updatedAt || before.stage !== file.stage;
  if (file.stage === 'PUBLISHED') return isTouched ? 'published' : undefined;
  if (file.stage === 'QUARANTINED') return isTouched ? 'quarantined' : 'leftAlone';
  return 'underWay';
}

const number = new Intl.NumberFormat('en-US');

/** `2 published, 1 quarantined`; empty when nothing was to be done. */
export function outcomesInShort(outcomes: readonly FileOutcome[]): string {
  const count = (outcome: Outcome) => outcomes.filter((each) => each.outcome === outcome).length;
  const counts: [number, string][] = [
    [count('published'), 'published'],
    [count('quarantined'), 'quarantined'],
    [count('leftAlone'), 'left alone, as held back or quarantined'],
    [count('underWay'), 'not done yet'],
  ];
  return counts
    .filter(([files]) => files > 0)
    .map(([files, what]) => `${number.format(files)} ${what}`)
    .join(', ');
}

/** A line for each file. */
export function outcomeLine({ filename, outcome, reason, trips, dataVersion }: FileOutcome): string {
  const stays = trips === null ? '' : `; its earlier load stays counted (${number.format(trips)} trips)`;
  switch (outcome) {
    case 'published':
      return `published: ${filename}: ${number.format(trips ?? 0)} trips, from data version ${dataVersion ?? '?'} on`;
    case 'quarantined':
      return `quarantined: ${filename}: ${reason ?? ''}${stays}`;
    case 'leftAlone':
      return `left alone: ${filename}: ${reason ?? ''}${stays}`;
    case 'underWay':
      return `not done yet: ${filename}: see npm run tripline -- files`;
  }
}

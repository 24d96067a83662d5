/**
 * The log of publications, read along its chain: each publication names the one before it, so that a reader that sees 7 before 6 waits for 6 and then reads
 * both. Pure, so that every reader of the same rows takes the same publications. See docs/decisions/0023.
 */

/** One row of the log: a change of one file. */
export interface LoggedChange {
  sequence: number;
  /** The sequence of the publication before; null in older rows. */
  previous: number | null;
  /** How many rows its publication has. */
  changes: number;
  source: string;
  filename: string;
  /** False for a publication that was given up: its load was condemned before anything followed it. */
  counts: boolean;
}

export interface LoggedPublication<Row extends LoggedChange> {
  sequence: number;
  /** Whole, each file once. */
  rows: Row[];
}

export interface TakenPublications<Row extends LoggedChange> {
  /** In their order, from the one after `taken` on. */
  publications: LoggedPublication<Row>[];
  /** The publisher went on from an earlier publication than the last one taken, which was given up: read the log from its beginning. */
  forked: boolean;
  /** Publications that are there and that the chain does not reach yet; ascending. */
  waiting: number[];
}

/**
 * The publications that follow the last one taken. Of several that name the same one before, the highest counts: the publisher issues a sequence only
 * after the one before was read back, or given up for good.
 * @param rows after `taken`, in any order; the same row may be there twice
 * @param taken 0 before the first
 */
export function followChain<Row extends LoggedChange>(
  rows: readonly Row[],
  taken: number,
): TakenPublications<Row> {
  const found = wholePublications(rows, taken);
  const linked = new Map(
    found.flatMap((each) => (each.previous === null ? [] : [[each.previous, each] as const])),
  );
  const unlinked = found.filter(({ previous }) => previous === null);
  const publications: LoggedPublication<Row>[] = [];
  let last = taken;
  for (let at = 0; ;) {
    // Those without a link come in the order of their sequences, up to where the chain begins.
    while ((unlinked[at]?.sequence ?? Infinity) <= last) at += 1;
    const next = linked.get(last) ?? unlinked[at];
    if (next === undefined) break;
    publications.push({ sequence: next.sequence, rows: next.rows });
    last = next.sequence;
  }
  return {
    publications,
    forked: found.some(({ previous }) => previous !== null && previous < taken),
    waiting: found.filter(({ sequence }) => sequence > last).map(({ sequence }) => sequence),
  };
}

interface Found<Row extends LoggedChange> extends LoggedPublication<Row> {
  previous: number | null;
}

/** Ascending; those that were given up, or of which a row is missing, are left out. */
function wholePublications<Row extends LoggedChange>(rows: readonly Row[], taken: number): Found<Row>[] {
  const bySequence = new Map<number, Map<string, Row>>();
  for (const row of rows) {
    if (row.sequence <= taken) continue;
    const files = bySequence.get(row.sequence) ?? new Map<string, Row>();
    files.set(`${row.source}\0${row.filename}`, row);
    bySequence.set(row.sequence, files);
  }
  const found: Found<Row>[] = [];
  for (const [sequence, files] of bySequence) {
    const changes = [...files.values()];
    const [first] = changes;
    if (first === undefined || changes.length < first.changes || changes.some(({ counts }) => !counts))
      continue;
    const { previous } = first;
    // One that does not come after the one it names is none.
    if (previous !== null && previous >= sequence) continue;
    found.push({ sequence, previous, rows: changes });
  }
  return found.toSorted((one, other) => one.sequence - other.sequence);
}

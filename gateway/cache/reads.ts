/** What of the published trips an answer was computed from: it is the same answer for as long as these are the same. */
import type { Snapshot } from '../load-log.ts';
import type { Span } from '../percentile/pickup-range.ts';

/** A fact about a snapshot, and what it was. Spans are microseconds since 1970, as text: they exceed a double. */
export type Read =
  /** The data version of a span. */
  | ['span', from: string, to: string, version: number]
  /** The newest pickup in its own file's month. */
  | ['through', moment: string | null]
  /** Which months of these, both included, have a published file, as text: since year 0, with commas between. */
  | ['months', first: number, last: number, months: string]
  /** That nothing is published. */
  | ['nothing'];

/** Noted while an answer is computed, from one snapshot or, where its live list grew old, several. */
export class Reads {
  readonly noted: Read[] = [];

  span(snapshot: Snapshot, span: Span): void {
    this.noted.push(['span', String(span.from), String(span.to), snapshot.versionOf(span)]);
  }

  dataThrough(moment: string | null): void {
    this.noted.push(['through', moment]);
  }

  publishedMonths(snapshot: Snapshot, { first, last }: { first: number; last: number }): void {
    this.noted.push(['months', first, last, monthsWithin(snapshot, first, last)]);
  }

  /** Once something is published, it stays so, and there is nothing to note. */
  loading(isLoading: boolean): void {
    if (isLoading) this.noted.push(['nothing']);
  }
}

const monthsWithin = ({ publishedMonths }: Snapshot, first: number, last: number): string =>
  publishedMonths.filter((month) => month >= first && month <= last).join();

/** Would an answer from this snapshot be the same? */
export function areCurrent(reads: readonly Read[], snapshot: Snapshot): boolean {
  return reads.every((read) => {
    switch (read[0]) {
      case 'span':
        return snapshot.versionOf({ from: BigInt(read[1]), to: BigInt(read[2]) }) === read[3];
      case 'through':
        return snapshot.dataThrough === read[1];
      case 'months':
        return monthsWithin(snapshot, read[1], read[2]) === read[3];
      case 'nothing':
        return snapshot.sequence === 0;
    }
  });
}

/** The highest data version among them; 0 when there is none. */
export function newestVersion(reads: readonly Read[]): number {
  return reads.reduce((newest, read) => (read[0] === 'span' ? Math.max(newest, read[3]) : newest), 0);
}

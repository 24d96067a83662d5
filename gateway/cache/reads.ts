/** What of the published trips an answer was computed from: it is the same answer for as long as these are the same. */
import type { Snapshot } from '../load-log.ts';
import type { Span } from '../percentile/pickup-range.ts';

/** Noted while an answer is computed, from one snapshot or several. */
export interface Reads {
  /** Trips picked up in it. */
  span(snapshot: Snapshot, span: Span): void;
  /** `Snapshot.dataThrough` */
  dataThrough(value: string | null): void;
  /** Which of these months have a published file; both included, in months since year 0. */
  publishedMonths(snapshot: Snapshot, range: { first: number; last: number }): void;
}

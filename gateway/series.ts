/** A range cut at the units of the calendar. */
import { badUserInput } from './errors.ts';
import { firstDayOfMonth, monthOfDay, yearOfMonth } from './ladder/calendar.ts';
import type { Snapshot } from './load-log.ts';
import {
  closeRange,
  DAY_MICROS,
  floorTo,
  HOUR_MICROS,
  type PickupRange,
  type Span,
} from './percentile/pickup-range.ts';

export interface Bucket {
  unit: 'HOUR' | 'DAY' | 'WEEK' | 'MONTH' | 'YEAR';
  span: Span;
  /** False where the range cut it. */
  isWhole: boolean;
}

const MOST_BUCKETS = 10_000;
const WEEK_MICROS = 7n * DAY_MICROS;
/** Day 4 since 1970 was a Monday. */
const MONDAY_MICROS = 4n * DAY_MICROS;

const ofMonth = (month: number): bigint => BigInt(firstDayOfMonth(month)) * DAY_MICROS;
export const monthOf = (micros: bigint): number =>
  monthOfDay(Number(floorTo(micros, DAY_MICROS) / DAY_MICROS));

/** The whole unit around a moment. */
const UNITS: Record<Bucket['unit'], (micros: bigint) => Span> = {
  HOUR: (micros) => unitAround(micros, HOUR_MICROS, 0n),
  DAY: (micros) => unitAround(micros, DAY_MICROS, 0n),
  WEEK: (micros) => unitAround(micros, WEEK_MICROS, MONDAY_MICROS),
  MONTH: (micros) => ({ from: ofMonth(monthOf(micros)), to: ofMonth(monthOf(micros) + 1) }),
  YEAR(micros) {
    const january = yearOfMonth(monthOf(micros)) * 12;
    return { from: ofMonth(january), to: ofMonth(january + 12) };
  },
};
function unitAround(micros: bigint, length: bigint, first: bigint): Span {
  const from = floorTo(micros - first, length) + first;
  return { from, to: from + length };
}

/** @returns tells whether every month that a span touches has a live file */
export function publicationOf(snapshot: Snapshot): (span: Span) => boolean {
  const published = new Set(snapshot.publishedMonths);
  return ({ from, to }) => {
    for (let month = monthOf(from); month <= monthOf(to - 1n); month += 1)
      if (!published.has(month)) return false;
    return true;
  };
}

/**
 * An open end is where the months of the live files begin or end, so that a stray of 2008 makes no series of years.
 * @returns no span where no file is live
 * @throws GraphQLError BAD_USER_INPUT when there would be too many
 */
export function bucketsOf(
  snapshot: Snapshot,
  range: PickupRange,
  unit: Bucket['unit'],
): { span: Span | undefined; buckets: Bucket[] } {
  const months = snapshot.publishedMonths;
  const [first = 0] = months;
  const last = months.at(-1) ?? 0;
  if (months.length === 0 && (range.from === undefined || range.to === undefined))
    return { span: undefined, buckets: [] };
  const from = range.from ?? ofMonth(first);
  const to = range.to ?? ofMonth(last + 1);
  if (from >= to) return { span: undefined, buckets: [] };
  const span = closeRange({ from, to });
  const buckets: Bucket[] = [];
  for (let at = span.from; at < span.to;) {
    if (buckets.length === MOST_BUCKETS)
      throw badUserInput(
        `more than ${MOST_BUCKETS} points of one ${unit.toLowerCase()} each: ask about a shorter range, or larger buckets`,
      );
    const whole = UNITS[unit](at);
    const end = whole.to < span.to ? whole.to : span.to;
    buckets.push({ unit, span: { from: at, to: end }, isWhole: at === whole.from && end === whole.to });
    at = end;
  }
  return { span, buckets };
}

/** A range of pickups as the disjoint union of whole years, months, days, hours, and trips of ragged hours. */
import { DAY_MICROS, decompose, floorTo, HOUR_MICROS, type Span } from '../percentile/pickup-range.ts';
import { firstDayOfMonth, monthOfDay, yearOfMonth } from './calendar.ts';

/** Whole units, first included and last excluded. */
export interface Run {
  first: number;
  past: number;
}

/** Trips of one hour, in microseconds within it. */
export interface RaggedHour {
  /** Hours since 1970. */
  hour: number;
  from: number;
  to: number;
}

/** At most one run of years; at most two of each of the others. */
export interface Cover {
  years: Run[];
  /** Months since year 0. */
  months: Run[];
  /** Days since 1970; each run within one month. */
  days: Run[];
  /** Hours since 1970; each run within one day. */
  hours: Run[];
  raggedHours: RaggedHour[];
}

/** @param span within the calendar, not empty */
export function coverSpan(span: Span): Cover {
  const { days, hours, trips } = decompose(span);
  const cover: Cover = {
    years: [],
    months: [],
    days: [],
    hours: hours.map((whole) => runOf(whole, HOUR_MICROS)),
    raggedHours: trips.map(({ from, to }) => {
      const begins = floorTo(from, HOUR_MICROS);
      return { hour: Number(begins / HOUR_MICROS), from: Number(from - begins), to: Number(to - begins) };
    }),
  };
  if (days !== undefined) coverDays(cover, runOf(days, DAY_MICROS));
  return cover;
}

const runOf = ({ from, to }: Span, unit: bigint): Run => ({
  first: Number(from / unit),
  past: Number(to / unit),
});

const notEmpty = ({ first, past }: Run): boolean => first < past;

function coverDays(cover: Cover, days: Run): void {
  const firstMonth = monthAtOrAfter(days.first);
  const pastMonth = monthOfDay(days.past);
  if (firstMonth > pastMonth) {
    cover.days.push(days);
    return;
  }
  const before = { first: days.first, past: firstDayOfMonth(firstMonth) };
  const after = { first: firstDayOfMonth(pastMonth), past: days.past };
  cover.days.push(...[before, after].filter(notEmpty));
  coverMonths(cover, { first: firstMonth, past: pastMonth });
}

/** The first month that begins on this day or later. */
function monthAtOrAfter(day: number): number {
  const month = monthOfDay(day);
  return firstDayOfMonth(month) === day ? month : month + 1;
}

function coverMonths(cover: Cover, months: Run): void {
  if (!notEmpty(months)) return;
  const years = { first: yearOfMonth(months.first + 11), past: yearOfMonth(months.past) };
  if (years.first >= years.past) {
    cover.months.push(months);
    return;
  }
  cover.years.push(years);
  const before = { first: months.first, past: years.first * 12 };
  const after = { first: years.past * 12, past: months.past };
  cover.months.push(...[before, after].filter(notEmpty));
}

/** A range of pickups as the disjoint union of whole years, months, days, hours, and trips of ragged hours. */
import { DAY_MICROS, floorTo, HOUR_MICROS, type Span } from '../percentile/pickup-range.ts';
import { firstDayOfMonth, monthOfDay, yearOfMonth } from './calendar.ts';

const HOUR = Number(HOUR_MICROS);
const DAY = Number(DAY_MICROS);

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

/** A moment as a day since 1970 and the microseconds within it: exact as doubles, where microseconds since 1970 are not. */
interface Moment {
  day: number;
  micros: number;
}

function momentOf(micros: bigint): Moment {
  const midnight = floorTo(micros, DAY_MICROS);
  return { day: Number(midnight / DAY_MICROS), micros: Number(micros - midnight) };
}

/** @param span within the calendar, not empty */
export function coverSpan(span: Span): Cover {
  const cover: Cover = { years: [], months: [], days: [], hours: [], raggedHours: [] };
  const [from, to] = [momentOf(span.from), momentOf(span.to)];
  const firstDay = from.micros > 0 ? from.day + 1 : from.day;
  if (firstDay > to.day) {
    coverHours(cover, from.day, from.micros, to.micros);
    return cover;
  }
  if (from.micros > 0) coverHours(cover, from.day, from.micros, DAY);
  coverDays(cover, { first: firstDay, past: to.day });
  if (to.micros > 0) coverHours(cover, to.day, 0, to.micros);
  return cover;
}

const notEmpty = ({ first, past }: Run): boolean => first < past;

function coverDays(cover: Cover, days: Run): void {
  if (!notEmpty(days)) return;
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

/** Within one day. */
function coverHours(cover: Cover, day: number, from: number, to: number): void {
  const midnight = day * 24;
  const ragged = (start: number, end: number): void => {
    const hour = Math.floor(start / HOUR);
    cover.raggedHours.push({ hour: midnight + hour, from: start - hour * HOUR, to: end - hour * HOUR });
  };
  const first = Math.ceil(from / HOUR);
  const past = Math.floor(to / HOUR);
  if (first > past) {
    ragged(from, to);
    return;
  }
  if (from < first * HOUR) ragged(from, first * HOUR);
  if (first < past) cover.hours.push({ first: midnight + first, past: midnight + past });
  if (past * HOUR < to) ragged(past * HOUR, to);
}

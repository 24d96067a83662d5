/** Moments in SQL: pickups and dropoffs are New York's wall clock, `DateTime64(6, 'UTC')`, whatever a file has written (docs/decisions/0025). */
import { EARLIEST_MICROS, PAST_LATEST_MICROS } from './pickup-domain.ts';

export const NEW_YORK = 'America/New_York';
/** Days from the beginning of the Julian period to 1970. */
const JULIAN_1970 = 2_440_588;
const DAY_MICROS = 86_400_000_000;
/** Days from 1970 within which microseconds are 64 bits; what lies beyond is shown as their ends. */
const MOST_DAYS = 100_000_000;
const MOST_MILLIS = MOST_DAYS * 86_400_000;

/** @param micros SQL of microseconds since 1970 on the wall clock */
export const momentOf = (micros: string): string => `fromUnixTimestamp64Micro(${micros}, 'UTC')`;

/** @returns SQL that is true, false or NULL */
export const isInDomain = (micros: string): string =>
  `(${micros} >= ${EARLIEST_MICROS} AND ${micros} < ${PAST_LATEST_MICROS})`;

/** Microseconds of a column of type `DateTime64(3)`; the engine's own conversion fails for moments that no one can mean. */
export const microsOfMillis = (column: string): string =>
  `${between(`toUnixTimestamp64Milli(${column})`, MOST_MILLIS)} * 1000`;

/** @param column SQL of an INT96: nanoseconds of the day, and the day, little-endian */
export function momentOfInt96(column: string): string {
  const day = between(`reinterpretAsInt32(substring(${column}, 9, 4)) - ${JULIAN_1970}`, MOST_DAYS);
  return momentOf(`${day} * ${DAY_MICROS} + intDiv(reinterpretAsInt64(substring(${column}, 1, 8)), 1000)`);
}

/** What a clock in New York shows at an instant. */
export function onNewYorksClock(micros: string): string {
  const offset = `timezoneOffset(toTimeZone(${momentOf(micros)}, '${NEW_YORK}')) * 1000000`;
  return `if(${isInDomain(micros)}, ${micros} + ${offset}, ${micros})`;
}

/** NULL stays NULL, which `least` and `greatest` pass over. */
function between(value: string, most: number): string {
  const long = `toInt64(${value})`;
  return `multiIf(${long} > ${most}, toInt64(${most}), ${long} < -${most}, toInt64(-${most}), ${long})`;
}

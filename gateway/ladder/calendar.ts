/** Units of the calendar as whole numbers, proleptic Gregorian: days since 1970, months since year 0. */

const MS_PER_DAY = 86_400_000;

/** Months since year 0: 12 · year + month − 1. */
export function monthOfDay(day: number): number {
  const date = new Date(day * MS_PER_DAY);
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}

export const yearOfMonth = (month: number): number => Math.floor(month / 12);

export function firstDayOfMonth(month: number): number {
  const year = yearOfMonth(month);
  return Date.UTC(year, month - 12 * year) / MS_PER_DAY;
}

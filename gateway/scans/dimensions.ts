export type Dimension = 'HOUR_OF_DAY' | 'DAY_OF_WEEK' | 'HOUR_OF_WEEK' | 'MONTH_OF_YEAR';

const numbers = (first: number, last: number): readonly number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

/** All values, ascending: weeks begin on Monday, hours of the week with its midnight. */
export const DIMENSION_KEYS: Readonly<Record<Dimension, readonly number[]>> = {
  HOUR_OF_DAY: numbers(0, 23),
  DAY_OF_WEEK: numbers(1, 7),
  HOUR_OF_WEEK: numbers(0, 167),
  MONTH_OF_YEAR: numbers(1, 12),
};

/** Ranges to ask for, the same ones each time. */
import { seededRandom } from '../../test/support/random.ts';

/** ISO 8601 without a zone. */
export interface Range {
  from: string;
  to: string;
}

export const P90 =
  'query ($from: LocalDateTime, $to: LocalDateTime) { p90(pickup: { from: $from, to: $to }) { value trips tripsOver dataVersion } }';

const iso = (ms: number): string => new Date(ms).toISOString().slice(0, 19);
export const startOf = (month: string): number => Date.parse(`${month}-01T00:00:00Z`);
export function endOf(month: string): number {
  const date = new Date(startOf(month));
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1);
}
export const rangeBetween = (from: number, to: number): Range => ({ from: iso(from), to: iso(to) });

/** @param unit both ends are whole multiples of, in milliseconds */
export function randomRanges({
  count,
  within,
  unit,
  shortest,
  seed,
}: {
  count: number;
  within: { from: number; to: number };
  unit: number;
  /** Of the range, in milliseconds. */
  shortest: number;
  seed: number;
}): Range[] {
  const random = seededRandom(seed);
  const ranges: Range[] = [];
  while (ranges.length < count) {
    const pick = () => within.from + Math.floor((random() * (within.to - within.from)) / unit) * unit;
    const [a, b] = [pick(), pick()];
    if (Math.abs(a - b) >= shortest) ranges.push(rangeBetween(Math.min(a, b), Math.max(a, b)));
  }
  return ranges;
}

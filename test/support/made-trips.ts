/** Small files of random trips around a month. */
import type { MadeTrip } from './made-loads.ts';
import { randomDistance } from './random-trips.ts';

const DAY_MICROS = 86_400_000_000n;

/** @returns trips of the first days of that month, and some strays anywhere from two days before it to a month after */
export function madeTrips(
  random: () => number,
  { month, trips, days = 4 }: { month: string; trips: number; days?: number },
): MadeTrip[] {
  const start = BigInt(Date.parse(`${month}-01T00:00:00Z`)) * 1_000n;
  const within = (micros: bigint): bigint => BigInt(Math.floor(random() * Number(micros)));
  return Array.from({ length: trips }, (_, index) => ({
    pickup:
      start +
      (index % 25 === 0 ? within(34n * DAY_MICROS) - 2n * DAY_MICROS : within(BigInt(days) * DAY_MICROS)),
    distance: randomDistance(random),
  }));
}

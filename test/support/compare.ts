/** Random ranges over the oracle's own pickups, and the comparison of every answer with the oracle's. */
import { expect } from 'vitest';
import type { Oracle } from './oracle.ts';
import { seededRandom } from './random.ts';
import type { Tripline } from './tripline.ts';

type Range = { from?: string; to?: string };

/**
 * Ranges with bounds on pickups, between them, on whole hours and days, off whole seconds; open ends; ranges that hold
 * nothing, and ranges that hold only strays.
 */
export async function randomRanges(oracle: Oracle, count: number, seed: number): Promise<Range[]> {
  const random = seededRandom(seed);
  const pickups = await oracle.pickups(500);
  const moment = (): string => {
    const pickup = pickups[Math.floor(random() * pickups.length)] ?? '';
    switch (Math.floor(random() * 6)) {
      case 0:
        return `${pickup.slice(0, 10)}T00:00:00`;
      case 1:
        return `${pickup.slice(0, 13)}:00:00`;
      case 2:
        return `${pickup.slice(0, 19)}.${String(Math.floor(random() * 1_000_000)).padStart(6, '0')}`;
      case 3:
        return `${pickup.slice(0, 16)}:${String(Math.floor(random() * 60)).padStart(2, '0')}`;
      default:
        return pickup;
    }
  };
  const ranges: Range[] = [
    {},
    { to: '2009-01-01T00:00:00' },
    { from: '2002-01-01T00:00:00', to: '2003-01-01T00:00:00' },
    { from: '1900-01-01T00:00:00', to: '1901-06-01T12:34:56.789' },
    { from: '2200-01-01T00:00:00' },
  ];
  while (ranges.length < count) {
    const [one, other] = [moment(), moment()].toSorted();
    if (one === undefined || other === undefined || one === other) continue;
    const open = random();
    if (open < 0.04) ranges.push({ from: one });
    else if (open < 0.08) ranges.push({ to: other });
    else ranges.push({ from: one, to: other });
  }
  return ranges;
}

/** Fails with the first range whose answer differs. */
export async function expectEqualAnswers(
  tripline: Tripline,
  oracle: Oracle,
  ranges: readonly Range[],
): Promise<void> {
  for (const range of ranges) {
    const { value, trips, tripsOver } = await tripline.p90(range);
    expect({ range, value, trips, tripsOver }).toEqual({ range, ...(await oracle.p90(range)) });
  }
}

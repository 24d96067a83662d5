import { expect, it } from 'vitest';
import { seededRandom } from '../../test/support/random.ts';
import { randomDistance } from '../../test/support/random-trips.ts';
import {
  cellOf,
  GRID_CELLS,
  gridDistance,
  HistogramBuilder,
  mergeHistograms,
  type Histogram,
} from './histogram.ts';
import { parseLevel } from './level.ts';
import { countBelow, percentileOf } from './rank.ts';

function histogramOf(distances: readonly number[]): Histogram {
  const builder = new HistogramBuilder();
  for (const distance of distances) builder.add(distance, 1);
  return builder.build();
}

/** Cut at random places into 1 to 5 parts. */
function unionOf(distances: readonly number[], random: () => number): Histogram[] {
  const parts = Array.from({ length: 1 + Math.floor(random() * 5) }, () => [] as number[]);
  for (const distance of distances) parts[Math.floor(random() * parts.length)]?.push(distance);
  return parts.map(histogramOf);
}

it('finds what a plain sort finds, in any union', () => {
  const random = seededRandom(1);
  for (let round = 0; round < 3_000; round += 1) {
    const distances = Array.from({ length: Math.floor(random() ** 3 * 400) }, () => randomDistance(random));
    const union = unionOf(distances, random);
    const sorted = Float64Array.from(distances.map((distance) => distance + 0)).sort();
    const p = Number(random().toFixed(1 + Math.floor(random() * 5))) || 0.9;
    if (p >= 1) continue;
    const level = parseLevel(p);
    const n = BigInt(sorted.length);
    const rank = Number((n * level.numerator + level.denominator - 1n) / level.denominator);
    const value = sorted[rank - 1] ?? null;
    const below = sorted.filter((distance) => distance < (value ?? 0)).length;
    const equal = sorted.filter((distance) => distance === value).length;
    const expected = {
      value,
      trips: sorted.length,
      below,
      equal,
      above: sorted.length - below - equal,
      rank,
    };
    expect(percentileOf(union, level, false)).toEqual(expected);
    expect(percentileOf([mergeHistograms(union)], level, false)).toEqual(expected);

    const edge = randomDistance(random);
    expect(countBelow(union, edge)).toBe(sorted.filter((distance) => distance < edge).length);
  }
});

it('interpolates as numpy does', () => {
  const union = [histogramOf([1, 2]), histogramOf([4, 70, 0.123])];
  expect(percentileOf(union, parseLevel(0.5), true)).toMatchObject({
    value: 2,
    below: 2,
    equal: 1,
    above: 2,
    rank: 3,
  });
  expect(percentileOf(union, parseLevel(0.625), true)).toMatchObject({
    value: 3,
    below: 3,
    equal: 0,
    above: 2,
    rank: 3,
  });
  expect(percentileOf(union, parseLevel(0.875), true)).toMatchObject({
    value: 37,
    below: 4,
    equal: 0,
    above: 1,
  });
  expect(percentileOf([], parseLevel(0.5), true)).toEqual({
    value: null,
    trips: 0,
    below: 0,
    equal: 0,
    above: 0,
    rank: 0,
  });
});

it('puts every distance into the one cell that holds it', () => {
  for (let cell = 0; cell < GRID_CELLS; cell += 1) {
    const distance = gridDistance(cell);
    expect(cellOf(distance)).toBe(cell);
    if (cell === 0) continue;
    // The doubles next to it.
    const below = distance * (1 - Number.EPSILON / 2);
    expect([cellOf(below), cellOf(distance * (1 + Number.EPSILON))]).toEqual([
      below > gridDistance(cell - 1) ? cell : cell - 1,
      cell + 1,
    ]);
  }
  expect([-0, -3, 5e-324, 60, 1.7e308].map(cellOf)).toEqual([0, 0, 1, GRID_CELLS, GRID_CELLS]);
});

it('counts beyond 65,535 and 2^31 trips', () => {
  const builder = new HistogramBuilder();
  builder.add(2.5, 70_000);
  builder.add(2.5000001, 3_000_000_000);
  builder.add(-1, 5);
  const histogram = builder.build();
  expect(histogram.trips).toBe(3_000_070_005);
  expect(percentileOf([histogram, histogram], parseLevel(0.5), false)).toMatchObject({
    value: 2.5000001,
    below: 140_010,
    equal: 6_000_000_000,
  });
});

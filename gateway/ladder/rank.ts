/** What is at a rank, and how many are below a distance, in a union of histograms: without adding them up. */
import { firstWhere } from './bisect.ts';
import {
  BLOCK_CELLS,
  BLOCKS,
  cellOf,
  GRID_CELLS,
  gridDistance,
  lastCellOf,
  type Histogram,
} from './histogram.ts';
import { interpolatedRank, nearestRank, type Level } from './level.ts';

/** A distance and how many trips are strictly shorter than it, and equal to it. */
interface Standing {
  /** Miles. */
  distance: number;
  below: number;
  equal: number;
}

export function countTrips(union: readonly Histogram[]): number {
  let trips = 0;
  for (const histogram of union) trips += histogram.trips;
  return trips;
}

/** Trips in the cells 0 … `cell`. */
function countUpTo(union: readonly Histogram[], cell: number): number {
  if (cell < 0) return 0;
  let trips = 0;
  for (const { upTo } of union) trips += upTo[cell]!;
  return trips;
}

function countUpToBlock(union: readonly Histogram[], block: number): number {
  let trips = 0;
  for (const { upToBlock } of union) trips += upToBlock[block]!;
  return trips;
}

/** Index of the first stray beyond `distance`. */
function firstBeyond(strays: Float64Array, distance: number): number {
  return firstWhere(0, strays.length, (index) => index === strays.length || strays[index]! > distance);
}

/** Strays of one cell with their trips, ascending; a distance may come more than once. */
function straysOf(union: readonly Histogram[], cell: number): [distance: number, trips: number][] {
  const after = cell === 0 ? -Infinity : gridDistance(cell - 1);
  const last = cell === GRID_CELLS ? Infinity : gridDistance(cell);
  const found: [number, number][] = [];
  for (const { strays, strayTrips } of union) {
    if (strays.length === 0) continue;
    for (let index = firstBeyond(strays, after); index < strays.length && strays[index]! <= last; index += 1)
      found.push([strays[index]!, strayTrips[index]!]);
  }
  return found.sort(([a], [b]) => a - b);
}

/** @param rank from 1 to the number of trips */
function standingAt(union: readonly Histogram[], rank: number): Standing {
  const block = firstWhere(0, BLOCKS - 1, (middle) => countUpToBlock(union, middle) >= rank);
  const low = firstWhere(block * BLOCK_CELLS, lastCellOf(block), (cell) => countUpTo(union, cell) >= rank);
  let below = countUpTo(union, low - 1);
  const strays = straysOf(union, low);
  for (let index = 0; index < strays.length;) {
    const distance = strays[index]![0];
    let equal = 0;
    for (; strays[index]?.[0] === distance; index += 1) equal += strays[index]![1];
    if (below + equal >= rank) return { distance, below, equal };
    below += equal;
  }
  return { distance: gridDistance(low), below, equal: countUpTo(union, low) - below };
}

/** Trips strictly shorter than `distance`. */
export function countBelow(union: readonly Histogram[], distance: number): number {
  const cell = cellOf(distance);
  let trips = countUpTo(union, cell - 1);
  for (const [stray, count] of straysOf(union, cell)) if (stray < distance) trips += count;
  return trips;
}

/** A percentile and what proves it. */
export interface Percentile {
  /** Miles; null exactly when there are no trips. */
  value: number | null;
  trips: number;
  /** Trips strictly shorter than, equal to and strictly longer than `value`. */
  below: number;
  equal: number;
  above: number;
  /** From 1; of the two that are interpolated between, the lower one. 0 without trips. */
  rank: number;
}

/** Nearest rank, or interpolated (SQL's percentile_disc and percentile_cont). */
export function percentileOf(union: readonly Histogram[], level: Level, interpolate: boolean): Percentile {
  const trips = countTrips(union);
  if (trips === 0) return { value: null, trips, below: 0, equal: 0, above: 0, rank: 0 };
  const at = (rank: number, { distance, below, equal }: Standing): Percentile => ({
    value: distance,
    trips,
    below,
    equal,
    above: trips - below - equal,
    rank,
  });
  if (!interpolate) {
    const rank = Number(nearestRank(level, BigInt(trips)));
    return at(rank, standingAt(union, rank));
  }
  const { lower, upper, fraction } = interpolatedRank(level, BigInt(trips));
  const rank = Number(lower);
  const low = standingAt(union, rank);
  const high = low.below + low.equal >= Number(upper) ? low : standingAt(union, Number(upper));
  // Rounding may carry the sum past the upper distance; never let it.
  const value = Math.min(low.distance + fraction * (high.distance - low.distance), high.distance);
  if (value === low.distance) return at(rank, low);
  if (value === high.distance) return at(rank, high);
  return at(rank, { distance: value, below: low.below + low.equal, equal: 0 });
}

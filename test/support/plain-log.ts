/** What was published and when, and what a plain sort says of it. */
import { DAY_MICROS, type Span } from '../../gateway/percentile/pickup-range.ts';
import { liveTrips, type MadeLoad, type MadeTrip } from './made-loads.ts';

export interface PlainPercentile {
  value: number | null;
  trips: number;
}

export interface PlainLog {
  /** @param at when it was certainly there, by `performance.now()` */
  add(load: MadeLoad, at: number): void;
  /** The publications that added or removed trips on the days that the span touches, in order. */
  touching(span: Span): readonly { sequence: number; at: number }[];
  /** The p90 of the trips that were live after that sequence. */
  p90(span: Span, sequence: number, filter?: (trip: MadeTrip) => boolean): PlainPercentile;
}

const dayOf = (pickup: bigint): number => Number(pickup / DAY_MICROS);

export function createPlainLog(): PlainLog {
  const loads: MadeLoad[] = [];
  const touches: { sequence: number; at: number; days: ReadonlySet<number> }[] = [];
  const live = new Map<string, MadeLoad>();
  return {
    add(load, at) {
      const trips = [...load.trips, ...(live.get(load.filename)?.trips ?? [])];
      touches.push({ sequence: load.sequence, at, days: new Set(trips.map(({ pickup }) => dayOf(pickup))) });
      live.set(load.filename, load);
      loads.push(load);
    },
    touching({ from, to }) {
      const [first, last] = [dayOf(from), dayOf(to - 1n)];
      return touches.filter(({ days }) => [...days].some((day) => day >= first && day <= last));
    },
    p90({ from, to }, sequence, filter = () => true) {
      const distances = liveTrips(loads, sequence)
        .filter((trip) => trip.pickup >= from && trip.pickup < to && filter(trip))
        .map(({ distance }) => distance)
        .toSorted((a, b) => a - b);
      const trips = distances.length;
      // ⌈9n/10⌉, in integers.
      const rank = Math.floor((9 * trips + 9) / 10);
      return { value: trips === 0 ? null : distances[rank - 1]! + 0, trips };
    },
  };
}

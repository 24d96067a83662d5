/** The percentile ladder: any range as a union of a few histograms, exact to the microsecond, from memory where it can be. */
import { setMaxListeners } from 'node:events';
import { LRUCache } from 'lru-cache';
import { EARLIEST_MICROS, PAST_LATEST_MICROS } from '../../warehouse/pickup-domain.ts';
import type { Warehouse } from '../../warehouse/warehouse.ts';
import type { LiveMonth, LiveYear, Snapshot } from '../load-log.ts';
import type { Span } from '../percentile/pickup-range.ts';
import { firstDayOfMonth, monthOfDay } from './calendar.ts';
import { coverSpan, type RaggedHour, type Run } from './cover.ts';
import { HistogramBuilder, mergeHistograms, type Histogram, type TripList } from './histogram.ts';
import type { Asker } from './missed-pages.ts';
import { createPages, type PageCount } from './pages.ts';
import { both, whenThere, whenAll, type Soon } from './soon.ts';

/** How an answer was put together. */
export interface Plan {
  /** Whole units of the calendar that were added up. */
  years: number;
  months: number;
  days: number;
  hours: number;
  /** Trips of ragged hours that were counted one by one. */
  tripsRead: number;
  pagesHit: number;
  pagesMissed: number;
  /** That it waited for; others may have waited for the same. */
  statements: number;
}

/** Together, the trips of a range. */
export interface RangeHistograms {
  union: readonly Histogram[];
  plan: Plan;
}

export interface Ladder {
  /**
   * @throws StaleLiveListError when the warehouse holds something else than the snapshot says; TooManyPagesError when the asker's client waits for
   *   too much already
   */
  histograms(snapshot: Snapshot, span: Span, asker: Asker): Soon<RangeHistograms>;
  /** Reads ahead what is asked for most: all totals, and the days of the newest months. */
  warmUp(snapshot: Snapshot): Promise<void>;
  /** Bytes held. */
  bytes(): number;
}

/** Totals of years take little, and save adding up twelve months each time. */
const MOST_YEARS = 200;
const WARM_MONTHS = 12;

/** The trips of an hour, of which those in [from, to) count. */
interface RaggedTrips extends RaggedHour {
  trips: TripList;
}

type Counts = Record<'months' | 'days' | 'hours' | 'trips', PageCount>;

/** @param memoryBytes of the pages; what is beyond it is read again */
export function createLadder({
  warehouse,
  memoryBytes,
}: {
  warehouse: Warehouse;
  memoryBytes: number;
}): Ladder {
  const pages = createPages({ warehouse, memoryBytes });
  const years = new LRUCache<string, Histogram>({ max: MOST_YEARS });
  const builder = new HistogramBuilder();

  function yearTotal(snapshot: Snapshot, live: LiveYear, asker: Asker, count: PageCount): Soon<Histogram> {
    const key = `${live.year} ${live.version}`;
    const held = years.get(key);
    if (held !== undefined) {
      count.hit += 1;
      return held;
    }
    const months = live.months.filter(({ trips }) => trips > 0);
    const histograms = whenAll(months.map((month) => pages.month(snapshot, month, asker, count)));
    return whenThere(histograms, (each) => {
      const total = mergeHistograms(each);
      years.set(key, total);
      return total;
    });
  }

  /** An hour's trips are checked against the histogram of hours, and that against the live list. */
  function raggedTrips(
    snapshot: Snapshot,
    part: RaggedHour,
    asker: Asker,
    counts: Counts,
  ): Soon<RaggedTrips> {
    const day = Math.floor(part.hour / 24);
    const hours = pages.hours(snapshot, day, asker, counts.hours);
    const expected = whenThere(hours, (page) => page[part.hour - day * 24]?.trips ?? 0);
    const trips = pages.trips(snapshot, part.hour, expected, asker, counts.trips);
    return whenThere(both(expected, trips), ([, list]) => ({ ...part, trips: list }));
  }

  /** @returns how many trips were counted */
  function addRagged(slices: readonly RaggedTrips[], union: Histogram[]): number {
    if (slices.length === 0) return 0;
    let tripsRead = 0;
    builder.clear();
    for (const { trips, from, to } of slices) tripsRead += builder.addWithin(trips, from, to);
    union.push(builder.build());
    return tripsRead;
  }

  function histograms(snapshot: Snapshot, span: Span, asker: Asker): Soon<RangeHistograms> {
    const cover = coverSpan(span);
    const none = (): PageCount => ({ hit: 0, missed: 0 });
    const counts: Counts = { months: none(), days: none(), hours: none(), trips: none() };
    const added = { years: 0, months: 0, days: 0, hours: 0 };
    const parts: Soon<readonly Histogram[]>[] = [];
    const addTotal = (total: Soon<Histogram>) => parts.push(whenThere(total, (one) => [one]));
    for (const run of cover.years) {
      for (const live of snapshot.years) {
        if (live.year < run.first || live.year >= run.past || live.trips === 0) continue;
        added.years += 1;
        addTotal(yearTotal(snapshot, live, asker, counts.months));
      }
    }
    for (const run of cover.months) {
      for (let month = run.first; month < run.past; month += 1) {
        const live = snapshot.month(month);
        if (live === undefined || live.trips === 0) continue;
        added.months += 1;
        addTotal(pages.month(snapshot, live, asker, counts.months));
      }
    }
    for (const run of cover.days) {
      const live = snapshot.month(monthOfDay(run.first));
      if (live === undefined || !hasTrips(live, run)) continue;
      const first = firstDayOfMonth(live.month);
      added.days += run.past - run.first;
      const days = pages.days(snapshot, live, asker, counts.days);
      parts.push(whenThere(days, (page) => page.slice(run.first - first, run.past - first)));
    }
    for (const run of cover.hours) {
      const midnight = Math.floor(run.first / 24) * 24;
      added.hours += run.past - run.first;
      const hours = pages.hours(snapshot, midnight / 24, asker, counts.hours);
      parts.push(whenThere(hours, (page) => page.slice(run.first - midnight, run.past - midnight)));
    }
    // Begun together, so that each is waited for even when another fails.
    const ragged = whenAll(cover.raggedHours.map((part) => raggedTrips(snapshot, part, asker, counts)));
    return whenThere(both(whenAll(parts), ragged), ([lists, slices]) => {
      const union: Histogram[] = [];
      for (const list of lists) for (const histogram of list) if (histogram.trips > 0) union.push(histogram);
      const tripsRead = addRagged(slices, union);
      const all = Object.values(counts);
      const plan = {
        ...added,
        tripsRead,
        pagesHit: all.reduce((sum, { hit }) => sum + hit, 0),
        pagesMissed: all.reduce((sum, { missed }) => sum + missed, 0),
        statements: all.filter(({ missed }) => missed > 0).length,
      };
      return { union, plan };
    });
  }

  return {
    histograms,
    async warmUp(snapshot) {
      const asker = warmingUp();
      await histograms(snapshot, { from: EARLIEST_MICROS, to: PAST_LATEST_MICROS }, asker);
      const newest = snapshot.months.filter(({ trips }) => trips > 0).slice(-WARM_MONTHS);
      const count = { hit: 0, missed: 0 };
      await Promise.all(newest.map(async (month) => pages.days(snapshot, month, asker, count)));
    },
    bytes: () => pages.bytes(),
  };
}

/** Takes its turn like a client, and never leaves. */
function warmingUp(): Asker {
  const { signal } = new AbortController();
  setMaxListeners(0, signal);
  return { cost: { client: 'warm-up' }, patience: () => ({ signal }) };
}

function hasTrips({ month, dayTrips }: LiveMonth, { first, past }: Run): boolean {
  const begins = firstDayOfMonth(month);
  return dayTrips.subarray(first - begins, past - begins).some((trips) => trips > 0);
}

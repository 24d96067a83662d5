/**
 * The pages that the ladder stands on. All that is missed in one tick, or while statements run, is one statement per rung. Pages are immutable and kept by their
 * unit's data version, so none is ever stale, and every one is compared with what the live list says before it is believed.
 */
import { LRUCache } from 'lru-cache';
import type { Warehouse } from '../../warehouse/warehouse.ts';
import type { LiveMonth, Snapshot } from '../load-log.ts';
import { firstDayOfMonth, monthOfDay } from './calendar.ts';
import type { Histogram, TripList } from './histogram.ts';
import { createMissedPages, type Asker, type Bucket } from './missed-pages.ts';
import { readRecords } from './records.ts';
import { DAYS, HOURS, MONTHS, RECORD_BYTES, TRIPS, type Rung } from './rungs.ts';
import { whenThere, type Soon } from './soon.ts';

/** The tables hold other numbers of trips than the live list says: it is old (a load was swept) or something is lost. */
export class StaleLiveListError extends Error {
  override name = 'StaleLiveListError';
}

/** How many pages were there already, and how many had to be read. */
export interface PageCount {
  hit: number;
  missed: number;
}

/** Each throws StaleLiveListError when the tables hold something else than the snapshot says, and TooManyPagesError. */
export interface Pages {
  month(snapshot: Snapshot, month: LiveMonth, asker: Asker, count: PageCount): Soon<Histogram>;
  /** By day of the month, from 0. */
  days(snapshot: Snapshot, month: LiveMonth, asker: Asker, count: PageCount): Soon<readonly Histogram[]>;
  /** By hour of the day. */
  hours(snapshot: Snapshot, day: number, asker: Asker, count: PageCount): Soon<readonly Histogram[]>;
  /** @param expected trips of that hour, by the histogram of hours, which may be on its way */
  trips(
    snapshot: Snapshot,
    hour: number,
    expected: Soon<number>,
    asker: Asker,
    count: PageCount,
  ): Soon<TripList>;
  /** Bytes held, without the months. */
  bytes(): number;
}

const DEADLINE_MS = 30_000;

/** A month takes 25 kB. */
const MOST_MONTHS = 2_000;

/** @param memoryBytes of all pages below the months, which are always held; what is beyond it is read again */
export function createPages({
  warehouse,
  memoryBytes,
}: {
  warehouse: Warehouse;
  memoryBytes: number;
}): Pages {
  const below = new LRUCache<string, object>({ maxSize: memoryBytes });
  const totals = new LRUCache<string, object>({ max: MOST_MONTHS });

  function open<Page extends object>(rung: Rung<Page>, held: LRUCache<string, object> = below) {
    const keyOf = ({ unit, version }: Bucket): string => `${rung.name} ${unit} ${version}`;
    const { mostAtOnce } = rung;
    const missed = createMissedPages({
      keyOf,
      mostAtOnce,
      read: (buckets) => readPages(warehouse, rung, buckets),
    });
    return (
      bucket: Bucket,
      asker: Asker,
      count: PageCount,
      problemOf: (page: Page) => Soon<string | undefined>,
    ): Soon<Page> => {
      const key = keyOf(bucket);
      const page = held.get(key) as Page | undefined;
      if (page !== undefined) {
        count.hit += 1;
        return page;
      }
      count.missed += 1;
      return missed.load(bucket, asker, async (read) => {
        const problem = await problemOf(read);
        if (problem !== undefined) throw new StaleLiveListError(problem);
        held.set(key, read, held === below ? { size: rung.bytes(read) } : {});
        return read;
      });
    };
  }

  const months = open(MONTHS, totals);
  const days = open(DAYS);
  const hours = open(HOURS);
  const trips = open(TRIPS);

  return {
    month: (snapshot, live, asker, count) =>
      months({ snapshot, unit: live.month, version: live.version }, asker, count, (page) =>
        difference(`month ${live.month}`, live.trips, page.trips),
      ),
    days: (snapshot, live, asker, count) =>
      days({ snapshot, unit: live.month, version: live.version }, asker, count, (page) => {
        for (const [day, expected] of live.dayTrips.entries()) {
          const found = page[day]?.trips ?? 0;
          if (found !== expected) return difference(`day ${day + 1} of month ${live.month}`, expected, found);
        }
        return undefined;
      }),
    hours(snapshot, day, asker, count) {
      const { version, expected } = liveDay(snapshot, day);
      if (expected === 0) return HOURS.empty;
      return hours({ snapshot, unit: day, version }, asker, count, (page) => {
        const found = page.reduce((sum, hour) => sum + hour.trips, 0);
        return difference(`the hours of day ${day}`, expected, found);
      });
    },
    trips(snapshot, hour, expected, asker, count) {
      const day = liveDay(snapshot, Math.floor(hour / 24));
      if (expected === 0 || day.expected === 0) return TRIPS.empty;
      return trips({ snapshot, unit: hour, version: day.version }, asker, count, ({ pickups }) =>
        whenThere(expected, (known) => difference(`hour ${hour}`, known, pickups.length)),
      );
    },
    bytes: () => below.calculatedSize,
  };
}

function difference(what: string, expected: number, found: number): string | undefined {
  if (expected === found) return undefined;
  return `${what} has ${found} trips in the warehouse, ${expected} by the live list`;
}

function liveDay(snapshot: Snapshot, day: number): { version: number; expected: number } {
  const live = snapshot.month(monthOfDay(day));
  if (live === undefined) return { version: 0, expected: 0 };
  const index = day - firstDayOfMonth(live.month);
  return { version: live.dayVersions[index]!, expected: live.dayTrips[index]! };
}

/** Each record is of a trip at least. An hour before 1970 brings the one after it along, which may lie in the next month. */
function mostRecords([bucket]: readonly Bucket[], months: ReadonlySet<number>): number {
  let trips = 0;
  for (const month of months)
    for (const each of [month, month + 1]) trips += bucket?.snapshot.month(each)?.trips ?? 0;
  return trips;
}

/** @param buckets all of one snapshot */
async function readPages<Page extends object>(
  warehouse: Warehouse,
  { sql, within, monthOf, read, empty }: Rung<Page>,
  buckets: readonly Bucket[],
): Promise<Page[]> {
  const units = buckets.map(({ unit }) => unit);
  const months = new Set(units.map(monthOf));
  const loads = new Set([...months].flatMap((month) => buckets[0]?.snapshot.month(month)?.loads ?? []));
  const params: Record<string, unknown> = { load_ids: [...loads].map(({ loadId }) => loadId) };
  const where = `load_id IN {load_ids:Array(UUID)} AND ${within(units, params)}`;
  const stream = await warehouse.stream(sql.replace('{where}', where), { params, deadlineMs: DEADLINE_MS });
  const pages = await read(readRecords(stream, RECORD_BYTES, mostRecords(buckets, months)));
  return units.map((unit) => pages.get(unit) ?? empty);
}

/** What one statement reads of each rung: SQL, and how pages are made of its records. */
import { EARLIEST_MICROS, PAST_LATEST_MICROS } from '../../warehouse/pickup-domain.ts';
import { WarehouseAnswerError } from '../../warehouse/warehouse.ts';
import { formatForWarehouse } from '../percentile/local-date-time.ts';
import { withinSpans } from '../within-spans.ts';
import { DAY_MICROS } from '../percentile/pickup-range.ts';
import { firstDayOfMonth, monthOfDay } from './calendar.ts';
import {
  EMPTY_HISTOGRAM,
  HistogramBuilder,
  histogramBytes,
  MOST_TRIPS,
  TripListBuilder,
  type Histogram,
  type TripList,
} from './histogram.ts';

/** A page holds what is known of one unit of the calendar. */
export interface Rung<Page extends object> {
  name: string;
  /** The month in which a unit lies. */
  monthOf: (unit: number) => number;
  /** Gives records of `RECORD_BYTES`. `{where}` stands for the condition on loads and time. */
  sql: string;
  /** The condition on time, such that the table's order tells what need not be read. `params` takes what is to be bound. */
  within: (units: readonly number[], params: Record<string, unknown>) => string;
  /** Pages by unit, of the records of a statement about several units; a unit without records has none. */
  read: (records: AsyncIterable<DataView>) => Promise<Map<number, Page>>;
  empty: Page;
  bytes: (page: Page) => number;
  /** Units of one statement, so that what it gives is never too much at once. */
  mostAtOnce: number;
}

export const RECORD_BYTES = 16;

/** Of the record at that byte. No trip is loaded without a distance that is a finite number. */
function distanceAt(view: DataView, at: number): number {
  const distance = view.getFloat64(at + 4, true);
  if (!Number.isFinite(distance)) throw new WarehouseAnswerError(`a distance of ${distance} miles`);
  return distance;
}

const FIRST_DAY = Number(EARLIEST_MICROS / DAY_MICROS);
const PAST_LAST_DAY = Number(PAST_LATEST_MICROS / DAY_MICROS);

/** @throws WarehouseAnswerError when no trip is ever loaded of that day, or it is none */
function requireHeld(day: number): void {
  if (!(day >= FIRST_DAY && day < PAST_LAST_DAY))
    throw new WarehouseAnswerError(`records of day ${day} since 1970, when no trip is loaded`);
}

const withinMonths = (months: readonly number[], params: Record<string, unknown>): string =>
  withinSpans(
    { name: 'day', type: 'Date32' },
    months.map((month) => ({
      from: BigInt(firstDayOfMonth(month)) * DAY_MICROS,
      to: BigInt(firstDayOfMonth(month + 1)) * DAY_MICROS,
    })),
    params,
  );

interface ChildHistogram {
  child: number;
  histogram: Histogram;
}

/** Of records `Int32 child, Float64 distance, UInt32 trips`, those of a child together. */
class ChildHistograms {
  readonly #builder = new HistogramBuilder();
  #child: number | undefined;
  /** Of the child, so far. */
  #trips = 0;

  /** @returns those that are whole now. (A plain loop: V8 makes those of async generators several times slower.) */
  take(view: DataView): ChildHistogram[] {
    const whole: ChildHistogram[] = [];
    for (let at = 0; at < view.byteLength; at += RECORD_BYTES) {
      const child = view.getInt32(at, true);
      if (child !== this.#child) {
        whole.push(...this.end());
        this.#child = child;
      }
      const trips = view.getUint32(at + 12, true);
      this.#trips += trips;
      this.#builder.add(distanceAt(view, at), trips);
    }
    return whole;
  }

  /** @returns the last one */
  end(): ChildHistogram[] {
    if (this.#child === undefined) return [];
    if (this.#trips > MOST_TRIPS)
      throw new WarehouseAnswerError(`${this.#trips} trips where there can be ${MOST_TRIPS} at most`);
    this.#trips = 0;
    const last = { child: this.#child, histogram: this.#builder.build() };
    this.#builder.clear();
    return [last];
  }
}

export async function* histogramsByChild(records: AsyncIterable<DataView>): AsyncGenerator<ChildHistogram> {
  const histograms = new ChildHistograms();
  for await (const view of records) yield* histograms.take(view);
  yield* histograms.end();
}

async function readChildren(
  records: AsyncIterable<DataView>,
  {
    dayOf,
    parentOf,
    firstOf,
    lengthOf,
  }: Record<'dayOf' | 'parentOf' | 'firstOf' | 'lengthOf', (unit: number) => number>,
): Promise<Map<number, Histogram[]>> {
  const pages = new Map<number, Histogram[]>();
  for await (const { child, histogram } of histogramsByChild(records)) {
    requireHeld(dayOf(child));
    const parent = parentOf(child);
    const page = pages.get(parent) ?? Array.from({ length: lengthOf(parent) }, () => EMPTY_HISTOGRAM);
    page[child - firstOf(parent)] = histogram;
    pages.set(parent, page);
  }
  return pages;
}

const listBytes = (page: readonly Histogram[]): number =>
  page.reduce((sum, histogram) => sum + (histogram === EMPTY_HISTOGRAM ? 8 : histogramBytes(histogram)), 100);

/** The whole of a month. */
export const MONTHS: Rung<Histogram> = {
  name: 'month',
  monthOf: (month) => month,
  sql: `SELECT toInt32(toYear(day) * 12 + toMonth(day) - 1) AS month, trip_distance, toUInt32(sum(trips))
FROM trips_by_day WHERE {where} GROUP BY month, trip_distance ORDER BY month FORMAT RowBinary`,
  within: withinMonths,
  async read(records) {
    const pages = new Map<number, Histogram>();
    for await (const { child, histogram } of histogramsByChild(records)) {
      requireHeld(firstDayOfMonth(child));
      pages.set(child, histogram);
    }
    return pages;
  },
  empty: EMPTY_HISTOGRAM,
  bytes: histogramBytes,
  mostAtOnce: 60,
};

/** The days of a month. */
export const DAYS: Rung<readonly Histogram[]> = {
  name: 'day',
  monthOf: (month) => month,
  sql: 'SELECT toInt32(day), trip_distance, trips FROM trips_by_day WHERE {where} ORDER BY day FORMAT RowBinary',
  within: withinMonths,
  read: (records) =>
    readChildren(records, {
      dayOf: (day) => day,
      parentOf: monthOfDay,
      firstOf: firstDayOfMonth,
      lengthOf: (month) => firstDayOfMonth(month + 1) - firstDayOfMonth(month),
    }),
  empty: [],
  bytes: listBytes,
  mostAtOnce: 24,
};

/** The hours of a day. */
export const HOURS: Rung<readonly Histogram[]> = {
  name: 'hour',
  monthOf: monthOfDay,
  sql: `SELECT toInt32(intDiv(toUnixTimestamp64Second(hour), 3600)), trip_distance, trips
FROM trips_by_hour WHERE {where} ORDER BY hour FORMAT RowBinary`,
  within(days, params) {
    params['days'] = days.map((day) => formatForWarehouse(BigInt(day) * DAY_MICROS).slice(0, 10));
    return 'toDate32(hour) IN {days:Array(Date32)}';
  },
  read: (records) =>
    readChildren(records, {
      dayOf: (hour) => Math.floor(hour / 24),
      parentOf: (hour) => Math.floor(hour / 24),
      firstOf: (day) => day * 24,
      lengthOf: () => 24,
    }),
  empty: Array.from({ length: 24 }, () => EMPTY_HISTOGRAM),
  bytes: listBytes,
  mostAtOnce: 64,
};

/** How many records each hour has, of records `Int32 hour, Float64 distance, UInt32 microseconds`. */
function countByHour(views: readonly DataView[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const view of views) {
    for (let at = 0; at < view.byteLength; at += RECORD_BYTES) {
      const hour = view.getInt32(at, true);
      counts.set(hour, (counts.get(hour) ?? 0) + 1);
    }
  }
  return counts;
}

function listByHour(views: readonly DataView[]): Map<number, TripList> {
  const builders = new Map<number, TripListBuilder>();
  for (const [hour, trips] of countByHour(views)) builders.set(hour, new TripListBuilder(trips));
  for (const view of views) {
    for (let at = 0; at < view.byteLength; at += RECORD_BYTES)
      builders.get(view.getInt32(at, true))?.add(view.getUint32(at + 12, true), distanceAt(view, at));
  }
  return new Map([...builders].map(([hour, { list }]) => [hour, list]));
}

/** The trips of an hour, with microseconds within it. */
export const TRIPS: Rung<TripList> = {
  name: 'trip',
  monthOf: (hour) => monthOfDay(Math.floor(hour / 24)),
  sql: `WITH toUnixTimestamp64Micro(tpep_pickup_datetime) AS micros, positiveModulo(micros, 3600000000) AS within_hour
SELECT toInt32(intDiv(micros - within_hour, 3600000000)), trip_distance, toUInt32(within_hour)
FROM trips WHERE {where} FORMAT RowBinary`,
  within(hours, params) {
    // intDiv rounds to 0: of moments before 1970, up. What it takes too much belongs to no page that was asked for.
    params['hours'] = hours.flatMap((hour) => (hour < 0 ? [hour, hour + 1] : [hour]));
    return 'intDiv(toUnixTimestamp64Micro(tpep_pickup_datetime), 3600000000) IN {hours:Array(Int64)}';
  },
  async read(records) {
    const views: DataView[] = [];
    for await (const view of records) views.push(view);
    return listByHour(views);
  },
  empty: new TripListBuilder(0).list,
  bytes: ({ pickups, cells, strays }) => pickups.byteLength + cells.byteLength + 50 * strays.size + 500,
  mostAtOnce: 128,
};

/** What one statement reads of each rung: SQL, and how pages are made of its records. */
import type { TimeColumn } from '../within-spans.ts';
import { DAY_MICROS, HOUR_MICROS, type Span } from '../percentile/pickup-range.ts';
import { firstDayOfMonth, monthOfDay } from './calendar.ts';
import { EMPTY_HISTOGRAM, HistogramBuilder, histogramBytes, type Histogram } from './histogram.ts';

/** The trips of one hour by ascending pickup. */
export interface HourTrips {
  /** Microseconds within the hour. */
  pickups: Uint32Array;
  /** Miles. */
  distances: Float64Array;
}

/** A page holds what is known of one unit of the calendar. */
export interface Rung<Page extends object> {
  name: string;
  span: (unit: number) => Span;
  /** The month in which a unit lies. */
  monthOf: (unit: number) => number;
  /** Gives records of `RECORD_BYTES`, those of each child together. `{where}` stands for the condition on loads and time. */
  sql: string;
  column: TimeColumn;
  /** Pages by unit, of the records of a statement about several units; a unit without records has none. */
  read: (records: AsyncIterable<DataView>) => Promise<Map<number, Page>>;
  empty: Page;
  bytes: (page: Page) => number;
  /** Units of one statement, so that what it gives is never too much at once. */
  mostAtOnce: number;
}

export const RECORD_BYTES = 16;

const monthSpan = (month: number): Span => ({
  from: BigInt(firstDayOfMonth(month)) * DAY_MICROS,
  to: BigInt(firstDayOfMonth(month + 1)) * DAY_MICROS,
});
const unitSpan =
  (micros: bigint) =>
  (unit: number): Span => ({ from: BigInt(unit) * micros, to: BigInt(unit + 1) * micros });

/** Records `Int32 child, Float64 distance, UInt32 trips`. */
export async function* histogramsByChild(
  records: AsyncIterable<DataView>,
): AsyncGenerator<{ child: number; histogram: Histogram }> {
  const builder = new HistogramBuilder();
  let current: number | undefined;
  for await (const view of records) {
    for (let at = 0; at < view.byteLength; at += RECORD_BYTES) {
      const child = view.getInt32(at, true);
      if (child !== current) {
        if (current !== undefined) yield { child: current, histogram: builder.build() };
        builder.clear();
        current = child;
      }
      builder.add(view.getFloat64(at + 4, true), view.getUint32(at + 12, true));
    }
  }
  if (current !== undefined) yield { child: current, histogram: builder.build() };
}

async function readChildren(
  records: AsyncIterable<DataView>,
  { parentOf, firstOf, lengthOf }: Record<'parentOf' | 'firstOf' | 'lengthOf', (unit: number) => number>,
): Promise<Map<number, Histogram[]>> {
  const pages = new Map<number, Histogram[]>();
  for await (const { child, histogram } of histogramsByChild(records)) {
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
  span: monthSpan,
  monthOf: (month) => month,
  sql: `SELECT toInt32(toYear(day) * 12 + toMonth(day) - 1) AS month, trip_distance, toUInt32(sum(trips))
FROM trips_by_day WHERE {where} GROUP BY month, trip_distance ORDER BY month FORMAT RowBinary`,
  column: { name: 'day', type: 'Date32' },
  async read(records) {
    const pages = new Map<number, Histogram>();
    for await (const { child, histogram } of histogramsByChild(records)) pages.set(child, histogram);
    return pages;
  },
  empty: EMPTY_HISTOGRAM,
  bytes: histogramBytes,
  mostAtOnce: 60,
};

/** The days of a month. */
export const DAYS: Rung<readonly Histogram[]> = {
  name: 'day',
  span: monthSpan,
  monthOf: (month) => month,
  sql: 'SELECT toInt32(day), trip_distance, trips FROM trips_by_day WHERE {where} ORDER BY day FORMAT RowBinary',
  column: { name: 'day', type: 'Date32' },
  read: (records) =>
    readChildren(records, {
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
  span: unitSpan(DAY_MICROS),
  monthOf: monthOfDay,
  sql: `SELECT toInt32(intDiv(toUnixTimestamp64Second(hour), 3600)), trip_distance, trips
FROM trips_by_hour WHERE {where} ORDER BY hour FORMAT RowBinary`,
  column: { name: 'hour', type: `DateTime64(6, 'UTC')` },
  read: (records) =>
    readChildren(records, {
      parentOf: (hour) => Math.floor(hour / 24),
      firstOf: (day) => day * 24,
      lengthOf: () => 24,
    }),
  empty: Array.from({ length: 24 }, () => EMPTY_HISTOGRAM),
  bytes: listBytes,
  mostAtOnce: 64,
};

/** The trips of an hour. */
export const TRIPS: Rung<HourTrips> = {
  name: 'trip',
  span: unitSpan(HOUR_MICROS),
  monthOf: (hour) => monthOfDay(Math.floor(hour / 24)),
  sql: `SELECT toUnixTimestamp64Micro(tpep_pickup_datetime), trip_distance
FROM trips WHERE {where} ORDER BY tpep_pickup_datetime FORMAT RowBinary`,
  column: { name: 'tpep_pickup_datetime', type: `DateTime64(6, 'UTC')` },
  async read(records) {
    const lists = new Map<number, { pickups: number[]; distances: number[] }>();
    for await (const view of records) {
      for (let at = 0; at < view.byteLength; at += RECORD_BYTES) {
        const micros = view.getBigInt64(at, true);
        const within = ((micros % HOUR_MICROS) + HOUR_MICROS) % HOUR_MICROS;
        const hour = Number((micros - within) / HOUR_MICROS);
        let list = lists.get(hour);
        if (list === undefined) lists.set(hour, (list = { pickups: [], distances: [] }));
        list.pickups.push(Number(within));
        list.distances.push(view.getFloat64(at + 8, true));
      }
    }
    const pages = new Map<number, HourTrips>();
    for (const [hour, { pickups, distances }] of lists)
      pages.set(hour, { pickups: Uint32Array.from(pickups), distances: Float64Array.from(distances) });
    return pages;
  },
  empty: { pickups: new Uint32Array(), distances: new Float64Array() },
  bytes: ({ pickups, distances }) => pickups.byteLength + distances.byteLength + 300,
  mostAtOnce: 128,
};

/** The distances of an hour's trips in [from, to), in microseconds within the hour. */
export function sliceTrips({ pickups, distances }: HourTrips, from: number, to: number): Float64Array {
  return distances.subarray(lowerBound(pickups, from), lowerBound(pickups, to));
}

function lowerBound(sorted: Uint32Array, value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

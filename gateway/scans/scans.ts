/** Questions that the ladder cannot answer: ClickHouse reads the trips, or the histograms, of the range. */
import type { Readable } from 'node:stream';
import { z } from 'zod';
import { count } from '../../warehouse/row-shapes.ts';
import { onlyRow, WarehouseAnswerError, type Warehouse } from '../../warehouse/warehouse.ts';
import { EMPTY_HISTOGRAM, type Histogram } from '../ladder/histogram.ts';
import { StaleLiveListError } from '../ladder/pages.ts';
import { readRecords } from '../ladder/records.ts';
import { histogramsByChild, RECORD_BYTES } from '../ladder/rungs.ts';
import type { Snapshot } from '../load-log.ts';
import { DAY_MICROS, decompose, floorTo, type Span } from '../percentile/pickup-range.ts';
import { withinSpans } from '../within-spans.ts';
import type { Dimension } from './dimensions.ts';
import type { TripCondition } from './trip-filter.ts';
import {
  pageOfTripsSql,
  TRIP_ROW,
  TRIP_SELECT,
  TRIP_SELECT_FOR_CSV,
  type TripOrder,
  type TripPlace,
  type TripRow,
} from './trips-over-sql.ts';

/** Of one request. */
export interface Patience {
  /** Aborts when the client is gone or the time is over. */
  signal: AbortSignal;
  /** Milliseconds that are left. */
  deadlineMs: number;
}

export interface Scans {
  /** Of the trips that pass the filter. */
  filtered(snapshot: Snapshot, span: Span, filter: TripCondition, patience: Patience): Promise<Histogram>;
  /** By hour 0–23, weekday 1 (Monday) – 7, hour of the week 0 (Monday, midnight) – 167, or month 1–12. */
  grouped(
    snapshot: Snapshot,
    span: Span,
    dimension: Dimension,
    patience: Patience,
  ): Promise<Map<number, Histogram>>;
  /** Rows that `grouped` would read, by estimate: of the histograms, and trips of the days with ragged hours. */
  rowsGrouped(snapshot: Snapshot, span: Span, dimension: Dimension): number;
  /** Trips strictly longer than `above` miles. */
  tripsOver(
    snapshot: Snapshot,
    span: Span,
    page: { above: number; order: TripOrder; after: TripPlace | undefined; limit: number },
    patience: Patience,
  ): Promise<TripRow[]>;
  /**
   * All of them, in one of ClickHouse's formats. The patience is for its begin.
   * @param gone cancels it at any time
   */
  download(
    snapshot: Snapshot,
    span: Span,
    { above, format }: { above: number; format: string },
    { patience, gone }: { patience: Patience; gone: AbortSignal },
  ): Promise<Readable>;
  /** Of these distances, how many trips are shorter than and equal to `value`; by the trips alone. */
  standing(
    snapshot: Snapshot,
    span: Span,
    value: number,
  ): Promise<{ trips: number; below: number; equal: number }>;
}

const PICKUP = { name: 'tpep_pickup_datetime', type: `DateTime64(6, 'UTC')` } as const;
const HOUR = { name: 'hour', type: `DateTime64(6, 'UTC')` } as const;
const DAY = { name: 'day', type: 'Date32' } as const;

/** Of a DateTime64 or Date32 `moment`. */
const KEYS: Record<Dimension, { key: string; byDay: boolean }> = {
  HOUR_OF_DAY: { key: 'toHour(moment)', byDay: false },
  DAY_OF_WEEK: { key: 'toDayOfWeek(moment)', byDay: true },
  HOUR_OF_WEEK: { key: '(toDayOfWeek(moment) - 1) * 24 + toHour(moment)', byDay: false },
  MONTH_OF_YEAR: { key: 'toMonth(moment)', byDay: true },
};
/**
 * Trips by row of a histogram. Of 38 M trips, hours have 7.6 M rows and days 0.8 M; the more trips an hour has, the fewer of them are of a new distance:
 * 5 by row at 4,000 an hour, as in 2024, and 11 at 19,000, as in 2012. So the history of TLC, 1.7 G trips, has 170 M rows of hours.
 */
const TRIPS_BY_ROW = { hour: 10, day: 50 } as const;
/** The child behind all others, which counts their trips, modulo 2^32: without it an answer is cut. */
const TOTAL = 2_147_483_647;
/** Row numbers stay below 2^53; and it takes as long as its reader does. */
const DOWNLOAD_SETTINGS = { output_format_json_quote_64bit_integers: 0, max_execution_time: 0 } as const;
/** @param rolledUp has the child `TOTAL` where there is any trip; then there is one in any case, and it comes last */
const counted = (rolledUp: string): string => `SELECT child, distance, trips FROM (
${rolledUp}
UNION ALL SELECT toInt32(${TOTAL}), toFloat64(0), toUInt32(0)
) ORDER BY child FORMAT RowBinary`;
const AUDIT_DEADLINE_MS = 60_000;
const NO_NEGATIVE_ZERO = 'if(trip_distance = 0, 0., trip_distance)';

/**
 * @param light for what takes milliseconds, so that it does not wait for scans
 * @param downloads for what takes as long as its reader does
 */
export function createScans({
  warehouse,
  light = warehouse,
  downloads = warehouse,
}: {
  warehouse: Warehouse;
  light?: Warehouse;
  downloads?: Warehouse;
}): Scans {
  const loadsIn = (snapshot: Snapshot, span: Span): Record<string, unknown> => ({
    load_ids: snapshot.loadsAround(span).map(({ loadId }) => loadId),
  });
  const where = (condition: string): string => `load_id IN {load_ids:Array(UUID)} AND ${condition}`;

  function tripsAbove(snapshot: Snapshot, span: Span, above: number) {
    const params: Record<string, unknown> = { ...loadsIn(snapshot, span), above };
    const condition = `${where(withinSpans(PICKUP, [span], params))} AND trip_distance > {above:Float64}`;
    return { condition, params };
  }

  /**
   * A sweep empties `trips_by_day` before the other tables: as long as that is whole, what was read before was.
   * @throws StaleLiveListError
   */
  async function checkStillThere(snapshot: Snapshot, span: Span, patience: Partial<Patience>): Promise<void> {
    const params = loadsIn(snapshot, span);
    const days = { from: floorTo(span.from, DAY_MICROS), to: floorTo(span.to - 1n, DAY_MICROS) + DAY_MICROS };
    const sql = `SELECT toUInt64(sum(trips)) AS trips FROM trips_by_day WHERE ${where(withinSpans(DAY, [days], params))}`;
    const { trips } = onlyRow(
      await light.rows(sql, { row: z.object({ trips: count }), params, ...patience }),
    );
    const expected = snapshot.tripsAround(span);
    if (trips !== expected)
      throw new StaleLiveListError(`the days of the range have ${trips} trips, ${expected} by the live list`);
  }

  /** @param sql whose last record, of the child `TOTAL`, counts the trips of the others */
  async function histograms(
    sql: string,
    params: Record<string, unknown>,
    { mostTrips, ...patience }: Patience & { mostTrips: number },
  ): Promise<Map<number, Histogram>> {
    const found = new Map<number, Histogram>();
    const stream = await warehouse.stream(sql, { params, ...patience });
    let trips = 0;
    for await (const { child, histogram } of histogramsByChild(
      readRecords(stream, RECORD_BYTES, mostTrips + 2),
    )) {
      found.set(child, histogram);
      if (child !== TOTAL) trips += histogram.trips;
    }
    if (found.get(TOTAL)?.trips !== trips % 2 ** 32)
      throw new WarehouseAnswerError(
        `histograms of ${trips} trips, ${found.get(TOTAL)?.trips ?? 'none'} by the answer’s own count`,
      );
    return found;
  }

  return {
    async filtered(snapshot, span, filter, patience) {
      const params = { ...loadsIn(snapshot, span), ...filter.params };
      const sql =
        counted(`SELECT toInt32(if(grouping(distance) = 1, ${TOTAL}, 1)) AS child, ${NO_NEGATIVE_ZERO} AS distance,
  toUInt32(count() % 4294967296) AS trips
FROM trips WHERE ${where(withinSpans(PICKUP, [span], params))} AND ${filter.sql} GROUP BY distance WITH ROLLUP`);
      const found = await histograms(sql, params, { ...patience, mostTrips: snapshot.tripsAround(span) });
      await checkStillThere(snapshot, span, patience);
      return found.get(1) ?? EMPTY_HISTOGRAM;
    },

    async grouped(snapshot, span, dimension, patience) {
      const params = loadsIn(snapshot, span);
      const { key, byDay } = KEYS[dimension];
      const { days, hours, trips } = decompose(span);
      const whole = days === undefined ? [] : [days];
      const parts = [
        `SELECT day AS moment, trip_distance AS distance, toUInt64(trips) AS counted FROM trips_by_day
  WHERE ${where(withinSpans(DAY, byDay ? whole : [], params))}`,
        `SELECT hour AS moment, trip_distance AS distance, toUInt64(trips) AS counted FROM trips_by_hour
  WHERE ${where(withinSpans(HOUR, byDay ? hours : [...hours, ...whole], params))}`,
        `SELECT tpep_pickup_datetime AS moment, ${NO_NEGATIVE_ZERO} AS distance, toUInt64(1) AS counted FROM trips
  WHERE ${where(withinSpans(PICKUP, trips, params))}`,
      ];
      const grouped = parts.map(
        (part) =>
          `SELECT toInt32(${key}) AS key, distance, sum(counted) AS trips FROM (${part}) GROUP BY key, distance`,
      );
      const sql =
        counted(`SELECT toInt32(if(grouping(key) = 1, ${TOTAL}, key)) AS child, distance, toUInt32(sum(trips) % 4294967296) AS trips
FROM (${grouped.join('\nUNION ALL\n')})
GROUP BY key, distance WITH ROLLUP HAVING grouping(key, distance) IN (0, 3)`);
      const found = await histograms(sql, params, { ...patience, mostTrips: snapshot.tripsAround(span) });
      await checkStillThere(snapshot, span, patience);
      return found;
    },

    rowsGrouped(snapshot, span, dimension) {
      const { trips } = decompose(span);
      const byRow = KEYS[dimension].byDay ? TRIPS_BY_ROW.day : TRIPS_BY_ROW.hour;
      const ragged = trips.reduce((sum, part) => sum + snapshot.tripsAround(part), 0);
      return ragged + Math.ceil(snapshot.tripsAround(span) / byRow);
    },

    async tripsOver(snapshot, span, { above, order, after, limit }, patience) {
      const { condition, params } = tripsAbove(snapshot, span, above);
      const sql = pageOfTripsSql({ condition, order, after, limit }, params);
      const rows = await warehouse.rows(sql, { row: TRIP_ROW, params, ...patience });
      await checkStillThere(snapshot, span, patience);
      return rows;
    },

    async download(snapshot, span, { above, format }, { patience, gone }) {
      const { condition, params } = tripsAbove(snapshot, span, above);
      const begin = new AbortController();
      const giveUp = (): void => begin.abort();
      patience.signal.throwIfAborted();
      patience.signal.addEventListener('abort', giveUp, { once: true });
      try {
        const selected = format.startsWith('CSV') ? TRIP_SELECT_FOR_CSV : TRIP_SELECT;
        const sql = `SELECT ${selected} FROM trips WHERE ${condition} FORMAT ${format}`;
        const signal = AbortSignal.any([gone, begin.signal]);
        const stream = await downloads.stream(sql, { params, signal, settings: DOWNLOAD_SETTINGS });
        try {
          // What a statement reads is settled when it begins.
          await checkStillThere(snapshot, span, patience);
        } catch (error) {
          stream.destroy();
          throw error;
        }
        return stream;
      } finally {
        patience.signal.removeEventListener('abort', giveUp);
      }
    },

    async standing(snapshot, span, value) {
      const params: Record<string, unknown> = { ...loadsIn(snapshot, span), value };
      const sql = `SELECT count() AS trips, countIf(trip_distance < {value:Float64}) AS below, countIf(trip_distance = {value:Float64}) AS equal
FROM trips WHERE ${where(withinSpans(PICKUP, [span], params))}`;
      const rows = await warehouse.rows(sql, {
        row: z.object({ trips: count, below: count, equal: count }),
        params,
        deadlineMs: AUDIT_DEADLINE_MS,
      });
      await checkStillThere(snapshot, span, { deadlineMs: AUDIT_DEADLINE_MS });
      return onlyRow(rows);
    },
  };
}

/** The exact percentile of a range, from one set of live loads. */
import { statement, type Warehouse } from '../../warehouse/warehouse.ts';
import { tripsOnDays, type Publication, type Snapshot } from '../load-log.ts';
import { interpolatedRank, type Level } from './level.ts';
import { formatForWarehouse } from './local-date-time.ts';
import { DAY_MICROS, decompose, HOUR_MICROS, unitsAround, type Span } from './pickup-range.ts';

export interface PercentileQuestion {
  level: Level;
  span: Span;
  interpolate: boolean;
}

/** What depends on the question and its data version, and on nothing else. */
export interface PercentileCounts {
  /** Miles; null exactly when `trips` is 0. */
  value: number | null;
  trips: number;
  /** Trips strictly longer than `value`. */
  tripsOver: number;
}

/** The tables hold other numbers of trips than the live list says: it is old (a load was swept) or something is lost. */
export class StaleLiveListError extends Error {
  override name = 'StaleLiveListError';
}

interface PercentileRow {
  trips: string;
  lower_value: number;
  upper_value: number;
  over_lower: string;
  over_upper: string;
  day_trips: string;
  hour_trips: string;
  edge_hour_trips: string;
  edge_trips: string;
}

const EMPTY: Span = { from: 0n, to: 0n };

/** @throws StaleLiveListError when the snapshot must be refreshed */
export async function computePercentile({
  warehouse,
  snapshot,
  question,
  deadlineMs,
}: {
  warehouse: Warehouse;
  snapshot: Snapshot;
  question: PercentileQuestion;
  deadlineMs: number;
}): Promise<PercentileCounts> {
  const { level, span, interpolate } = question;
  const loads = snapshot.loadsOn(span);
  if (loads.length === 0) return { value: null, trips: 0, tripsOver: 0 };
  const { days, hours, trips } = decompose(span);
  const edgeDays = unitsAround([...hours, ...trips], DAY_MICROS);
  const edgeHours = unitsAround(trips, HOUR_MICROS);
  const [row] = await warehouse.rows<PercentileRow>(statement('percentile'), {
    deadlineMs,
    params: {
      load_ids: loads.map(({ loadId }) => loadId),
      numerator: level.numerator.toString(),
      denominator: level.denominator.toString(),
      interpolate,
      days_from: formatForWarehouse((days ?? EMPTY).from).slice(0, 10),
      days_to: formatForWarehouse((days ?? EMPTY).to).slice(0, 10),
      ...spanParams('hours', hours),
      ...spanParams('trips', trips),
      ...spanParams('edge_day', edgeDays),
      ...spanParams('edge_hour', edgeHours),
    },
  });
  if (row === undefined) throw new Error('percentile returned no row');
  checkCounts(row, loads, days, edgeDays);
  return toCounts(row, level, interpolate);
}

/** Two slots each: a range has two ends. */
function spanParams(name: string, spans: readonly Span[]): Record<string, string> {
  const params: Record<string, string> = {};
  for (const slot of [0, 1]) {
    const { from, to } = spans[slot] ?? EMPTY;
    params[`${name}_from_${slot + 1}`] = formatForWarehouse(from);
    params[`${name}_to_${slot + 1}`] = formatForWarehouse(to);
  }
  return params;
}

function checkCounts(
  row: PercentileRow,
  loads: Publication[],
  days: Span | undefined,
  edgeDays: Span[],
): void {
  const expectedByDay = days === undefined ? 0 : tripsOnDays(loads, days);
  const expectedByHour = edgeDays.reduce((sum, day) => sum + tripsOnDays(loads, day), 0);
  if (
    Number(row.day_trips) !== expectedByDay ||
    Number(row.hour_trips) !== expectedByHour ||
    row.edge_hour_trips !== row.edge_trips
  ) {
    throw new StaleLiveListError(
      `expected ${expectedByDay} trips by day and ${expectedByHour} by hour, found ${row.day_trips} and ${row.hour_trips};` +
        ` the edge hours hold ${row.edge_hour_trips} by hour and ${row.edge_trips} trips`,
    );
  }
}

function toCounts(row: PercentileRow, level: Level, interpolate: boolean): PercentileCounts {
  const trips = Number(row.trips);
  if (trips === 0) return { value: null, trips: 0, tripsOver: 0 };
  const { lower_value: lower, upper_value: upper } = row;
  if (!interpolate || lower === upper) return { value: lower, trips, tripsOver: Number(row.over_lower) };
  const { fraction } = interpolatedRank(level, BigInt(trips));
  // Rounding may carry the sum past the upper distance; never let it.
  const value = Math.min(lower + fraction * (upper - lower), upper);
  return { value, trips, tripsOver: Number(value < upper ? row.over_lower : row.over_upper) };
}

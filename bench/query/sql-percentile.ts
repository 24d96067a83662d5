/** The p90 of one range by one SQL statement over the histograms: what the gateway would do without the ladder. */
import { readFileSync } from 'node:fs';
import type { Level } from '../../gateway/ladder/level.ts';
import type { Snapshot } from '../../gateway/load-log.ts';
import { formatForWarehouse } from '../../gateway/percentile/local-date-time.ts';
import {
  DAY_MICROS,
  decompose,
  floorTo,
  HOUR_MICROS,
  type Span,
} from '../../gateway/percentile/pickup-range.ts';
import type { Warehouse } from '../../warehouse/warehouse.ts';

const STATEMENT = readFileSync(new URL('percentile.sql', import.meta.url), 'utf8');

interface PercentileRow {
  trips: string;
  lower_value: number;
  over_lower: string;
}

const EMPTY: Span = { from: 0n, to: 0n };

export async function p90BySql({
  warehouse,
  snapshot,
  level,
  span,
}: {
  warehouse: Warehouse;
  snapshot: Snapshot;
  level: Level;
  span: Span;
}): Promise<{ value: number | null; trips: number; tripsOver: number }> {
  const { days, hours, trips } = decompose(span);
  const [row] = await warehouse.rows<PercentileRow>(STATEMENT, {
    params: {
      load_ids: snapshot.loadsAround(span).map(({ loadId }) => loadId),
      numerator: level.numerator.toString(),
      denominator: level.denominator.toString(),
      interpolate: false,
      days_from: formatForWarehouse((days ?? EMPTY).from).slice(0, 10),
      days_to: formatForWarehouse((days ?? EMPTY).to).slice(0, 10),
      ...spanParams('hours', hours),
      ...spanParams('trips', trips),
      ...spanParams('edge_day', unitsAround([...hours, ...trips], DAY_MICROS)),
      ...spanParams('edge_hour', unitsAround(trips, HOUR_MICROS)),
    },
  });
  if (row === undefined || row.trips === '0') return { value: null, trips: 0, tripsOver: 0 };
  return { value: row.lower_value, trips: Number(row.trips), tripsOver: Number(row.over_lower) };
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

/** The spans of the units that a span touches: at most two, as rests of a cut do. */
function unitsAround(spans: readonly Span[], unit: bigint): Span[] {
  const starts = new Set(spans.map(({ from }) => floorTo(from, unit)));
  return [...starts].map((from) => ({ from, to: from + unit }));
}

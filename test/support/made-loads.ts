/** Loads made of trips that are held in memory too, so that every answer about them can be worked out plainly. */
import { randomUUID } from 'node:crypto';
import { formatForWarehouse } from '../../gateway/percentile/local-date-time.ts';
import { readLastSequence } from '../../warehouse/loads.ts';
import { statement, type Warehouse } from '../../warehouse/warehouse.ts';
import { publishLoad } from './publish-load.ts';

export interface MadeTrip {
  /** Microseconds since 1970. */
  pickup: bigint;
  /** Miles. */
  distance: number;
  /** Other columns. */
  columns?: Record<string, unknown>;
}

/** What a file is made of. */
export interface MadeFile {
  filename: string;
  trips: readonly MadeTrip[];
  /** Of the newest pickup in the file's own month, in ClickHouse's notation. */
  dataThrough?: string;
}

export interface MadeLoad {
  sequence: number;
  loadId: string;
  filename: string;
  trips: readonly MadeTrip[];
}

/** Writes and publishes them as the live load of that file, in the place of the one before. */
export async function publishTrips(
  warehouse: Warehouse,
  { filename, trips, dataThrough }: MadeFile,
): Promise<MadeLoad> {
  const published = await publishRows(warehouse, {
    filename,
    rows: trips.length,
    dataThrough,
    write: (loadId) =>
      warehouse.insert(
        'trips',
        trips.map(({ pickup, distance, columns }, index) => ({
          tpep_pickup_datetime: formatForWarehouse(pickup),
          trip_distance: distance,
          row_number: index,
          load_id: loadId,
          ...columns,
        })),
        { settings: OF_MANY_MONTHS },
      ),
  });
  return { ...published, filename, trips };
}

const OF_MANY_MONTHS = { max_partitions_per_insert_block: '0' };

/**
 * Publishes a load whose trips are written by a statement of the caller's.
 * @param write gives `trips` as many rows of that load as `rows` says
 */
export async function publishRows(
  warehouse: Warehouse,
  {
    filename,
    rows,
    dataThrough,
    write,
  }: {
    filename: string;
    rows: number;
    dataThrough?: string | undefined;
    write: (loadId: string) => Promise<void>;
  },
): Promise<{ sequence: number; loadId: string }> {
  const loadId = randomUUID();
  await write(loadId);
  for (const name of ['insert_trips_by_hour', 'insert_trips_by_day'])
    await warehouse.command(statement(name), { params: { load_id: loadId }, settings: OF_MANY_MONTHS });
  const sequence = (await readLastSequence(warehouse)) + 1;
  const counted = { rowsByFooter: rows, rowsLoaded: rows, rejected: 0, distinctRowNumbers: rows };
  const proof = { ...counted, tripsByHour: rows, tripsByDay: rows, checksum: '0' };
  const load = {
    loadId,
    source: 'yellow',
    filename,
    version: loadId,
    rows,
    rejected: 0,
    dataThrough: dataThrough ?? null,
    proof,
  };
  const outcome = await publishLoad(warehouse, { sequence, load });
  if (outcome !== 'published') throw new Error(outcome);
  return { sequence, loadId };
}

/** The trips that are live after that sequence. */
export function liveTrips(loads: readonly MadeLoad[], sequence: number): MadeTrip[] {
  const live = new Map<string, MadeLoad>();
  for (const load of loads) if (load.sequence <= sequence) live.set(load.filename, load);
  return [...live.values()].flatMap(({ trips }) => trips);
}

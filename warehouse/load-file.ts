/** One attempt to put one file into the warehouse. */
import { z } from 'zod';
import type { LakeObject } from '../lake/lake.ts';
import type { FileSchema } from './file-schema.ts';
import { insertRejectedRowsSql, insertTripsSql } from './load-sql.ts';
import type { Refusal } from './refusal.ts';
import { countByText, moment, count, uint64 } from './row-shapes.ts';
import { onlyRow, statement, type Warehouse } from './warehouse.ts';

/** A load that holds what its file holds, in every table; not published yet. */
export interface VerifiedLoad {
  loadId: string;
  source: string;
  filename: string;
  version: string;
  /** Rows loaded as trips. */
  rows: number;
  rejected: number;
  /** Newest pickup in the file's own month, in ClickHouse's notation; null when there is none. */
  dataThrough: string | null;
  proof: LoadProof;
}

/** What was checked: kept with the publication. */
export interface LoadProof {
  rowsByFooter: number;
  rowsLoaded: number;
  rejected: number;
  distinctRowNumbers: number;
  tripsByHour: number;
  tripsByDay: number;
  /** Sum, modulo 2^64, of cityHash64(row_number, tpep_pickup_datetime, trip_distance). */
  checksum: string;
  /**
   * Trips with a value in `extra`, by the column of the file it was in: columns that we do not know, and values that fit no
   * canonical type. Absent in proofs of before.
   */
  keptInExtra?: Record<string, number>;
}

const PROOF_ROW = z.object({
  rows: count,
  distinct_row_numbers: count,
  checksum: uint64,
  data_through: moment.nullable(),
  rejected: count,
  trips_by_hour: count,
  trips_by_day: count,
  kept_in_extra: countByText,
});

const LOAD_SETTINGS = {
  // Stray pickups of 2002 or 2008 must never fail a load.
  max_partitions_per_insert_block: '0',
  insert_deduplicate: 0,
  optimize_on_insert: 0,
} as const;

/**
 * Different distances of one load, day by day: gateways keep them in memory, some 300 bytes for each at the most. A month of TLC's has 100,000; 3 million trips
 * with a distance of their own each have as many.
 */
const MOST_DISTANCES = 4_000_000;

/**
 * How long one statement of a load may take, in milliseconds. By bytes, as the rows that a footer declares may be absurd: a month of
 * 50 MB takes 2 s, so this is 50 times that. More with each attempt, as a machine may be that busy; a file that hangs the engine
 * costs minutes nevertheless.
 */
export function loadDeadlineMs(sizeBytes: number): number {
  return 60_000 + Math.ceil(sizeBytes / 1_000);
}

/**
 * Writes trips, rejects and histograms under a load id that nobody else uses, and counts them.
 * @returns the verified load, or a refusal when the counts are not the footer's
 * @throws ClickHouseError or a network error; nothing of the attempt is visible then
 */
export async function loadFile({
  warehouse,
  file,
  schema,
  loadId,
  source,
  filename,
  version,
  month,
  deadlineMs = loadDeadlineMs(0),
  mostDistances = MOST_DISTANCES,
  signal,
}: {
  warehouse: Warehouse;
  file: LakeObject;
  schema: FileSchema;
  /** A fresh UUID. */
  loadId: string;
  source: string;
  filename: string;
  version: string;
  /** `YYYY-MM`, or '' for a file without one. */
  month: string;
  /** Of each statement; see `loadDeadlineMs`. */
  deadlineMs?: number;
  mostDistances?: number;
  signal: AbortSignal;
}): Promise<VerifiedLoad | Refusal> {
  const options = { signal, deadlineMs, settings: LOAD_SETTINGS };
  const ids = { load_id: loadId, source, filename };
  await warehouse.command(insertTripsSql(schema, file), { ...options, params: { ...ids, ...file.params } });
  // Without a gap there is nothing to reject, and the file need not be read again.
  if ((await countRows('trips', { warehouse, loadId, signal })) !== schema.rows) {
    await warehouse.command(insertRejectedRowsSql(schema, file), {
      ...options,
      params: { ...ids, ...file.params },
    });
  }
  await warehouse.command(statement('insert_trips_by_hour'), { ...options, params: ids });
  await warehouse.command(statement('insert_trips_by_day'), { ...options, params: ids });
  const distances = await countRows('trips_by_day', { warehouse, loadId, signal });
  if (distances > mostDistances) {
    const message = `${distances} different distances, counted day by day, more than the ${mostDistances} that a file may have`;
    return { code: 'TOO_LARGE', message };
  }
  const found = onlyRow(
    await warehouse.rows(statement('prove_load'), {
      row: PROOF_ROW,
      signal,
      deadlineMs,
      params: { load_id: loadId, month },
    }),
  );
  const proof: LoadProof = {
    rowsByFooter: schema.rows,
    rowsLoaded: found.rows,
    rejected: found.rejected,
    distinctRowNumbers: found.distinct_row_numbers,
    tripsByHour: found.trips_by_hour,
    tripsByDay: found.trips_by_day,
    checksum: found.checksum,
    keptInExtra: found.kept_in_extra,
  };
  const { rowsLoaded, rejected } = proof;
  if (rowsLoaded + rejected !== schema.rows || proof.distinctRowNumbers !== rowsLoaded) {
    return {
      code: 'ROW_COUNT_MISMATCH',
      message: `the footer says ${schema.rows} rows; ${rowsLoaded} could be loaded (${proof.distinctRowNumbers} distinct) and ${rejected} were rejected`,
    };
  }
  if (proof.tripsByHour !== rowsLoaded || proof.tripsByDay !== rowsLoaded) {
    throw new Error(
      `histograms of ${loadId} count ${proof.tripsByHour} and ${proof.tripsByDay} of ${rowsLoaded} trips`,
    );
  }
  return {
    loadId,
    source,
    filename,
    version,
    rows: rowsLoaded,
    rejected,
    dataThrough: found.data_through,
    proof,
  };
}

async function countRows(
  table: 'trips' | 'trips_by_day',
  { warehouse, loadId, signal }: { warehouse: Warehouse; loadId: string; signal: AbortSignal },
): Promise<number> {
  const rows = await warehouse.rows(`SELECT count() AS held FROM ${table} WHERE load_id = {load_id:UUID}`, {
    row: z.object({ held: count }),
    params: { load_id: loadId },
    signal,
  });
  return onlyRow(rows).held;
}

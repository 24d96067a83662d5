/** Do the tables hold what a publication says? Everything is counted anew. */
import { z } from 'zod';
import type { LakeObject } from '../lake/lake.ts';
import type { FileSchema } from './file-schema.ts';
import type { LoadProof } from './load-file.ts';
import { proveFileSql } from './load-sql.ts';
import { proofColumn } from './loads.ts';
import { count, loadId, uint64 } from './row-shapes.ts';
import { surveyTextTimes } from './survey-text-times.ts';
import { onlyRow, statement, type Warehouse } from './warehouse.ts';

/** The load that answers see of a file. */
export interface LiveLoad {
  filename: string;
  sequence: number;
  loadId: string;
  version: string;
  rows: number;
  rejected: number;
  proof: LoadProof;
}

const LIVE_LOAD_ROW = z.object({
  filename: z.string(),
  sequence: count,
  load_id: loadId,
  version: z.string(),
  rows: count,
  rejected: count,
  proof: proofColumn,
});

/** The live load of every file of a source, in ascending order of name. */
export async function readLiveLoads(
  warehouse: Warehouse,
  { source }: { source: string },
): Promise<LiveLoad[]> {
  const rows = await warehouse.rows(statement('read_live_loads'), {
    row: LIVE_LOAD_ROW,
    params: { source },
  });
  return rows.map((row) => ({
    filename: row.filename,
    sequence: row.sequence,
    loadId: row.load_id,
    version: row.version,
    rows: row.rows,
    rejected: row.rejected,
    proof: row.proof,
  }));
}

export interface LoadAudit {
  rows: number;
  checksum: string;
  /** Tables that contradict each other or the publication, in words; empty when all is well. */
  trips: string[];
  histograms: string[];
  days: string[];
  rejected: string[];
}

/** Sums of hashes: a scalar subquery over nothing is null. */
const hashes = uint64.nullable();
const AUDIT_ROW = z.object({
  rows: count,
  distinct_row_numbers: count,
  checksum: uint64,
  rejected: count,
  hours_by_trips: hashes,
  hours_by_histogram: hashes,
  days_by_hours: hashes,
  days_by_histogram: hashes,
  days_by_trips: hashes,
  days_by_publication: hashes,
});

/** Milliseconds; 16 M rows take about 3 s. */
const AUDIT_DEADLINE_MS = 600_000;

export async function auditLoad(
  warehouse: Warehouse,
  { live, signal }: { live: LiveLoad; signal: AbortSignal },
): Promise<LoadAudit> {
  const found = onlyRow(
    await warehouse.rows(statement('audit_load'), {
      row: AUDIT_ROW,
      params: { load_id: live.loadId, sequence: live.sequence },
      deadlineMs: AUDIT_DEADLINE_MS,
      signal,
    }),
  );
  const { rows } = found;
  const differ = (one: string | number | null, other: string | number | null, what: string): string[] =>
    one === other ? [] : [what];
  return {
    rows,
    checksum: found.checksum,
    trips: [
      ...differ(rows, live.rows, `${rows} trips, ${live.rows} were published`),
      ...differ(found.distinct_row_numbers, found.rows, `only ${found.distinct_row_numbers} are distinct`),
    ],
    histograms: [
      ...differ(
        found.hours_by_histogram,
        found.hours_by_trips,
        'trips_by_hour is not the histogram of trips',
      ),
      ...differ(found.days_by_histogram, found.days_by_hours, 'trips_by_day does not add up trips_by_hour'),
    ],
    days: differ(found.days_by_publication, found.days_by_trips, 'the days published are not those of trips'),
    rejected: differ(
      found.rejected,
      live.rejected,
      `${found.rejected} rejected rows, ${live.rejected} were published`,
    ),
  };
}

/** What a file holds by itself, computed as a load of it would be, with nothing of what the load wrote. */
export async function proveFile(
  warehouse: Warehouse,
  { schema, file, signal }: { schema: FileSchema; file: LakeObject; signal: AbortSignal },
): Promise<{ rows: number; checksum: string }> {
  const surveyed = await surveyTextTimes(warehouse, { schema, file, deadlineMs: AUDIT_DEADLINE_MS, signal });
  return onlyRow(
    await warehouse.rows(proveFileSql(surveyed.schema, file), {
      row: z.object({ rows: count, checksum: uint64 }),
      params: file.params,
      deadlineMs: AUDIT_DEADLINE_MS,
      signal,
    }),
  );
}

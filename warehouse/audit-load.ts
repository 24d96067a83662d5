/** Do the tables hold what a publication says? Everything is counted anew. */
import type { LakeObject } from '../lake/lake.ts';
import type { FileSchema } from './file-schema.ts';
import type { LoadProof } from './load-file.ts';
import { proveFileSql } from './load-sql.ts';
import { statement, type Warehouse } from './warehouse.ts';

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

interface LiveLoadRow {
  filename: string;
  sequence: string;
  load_id: string;
  version: string;
  rows: string;
  rejected: string;
  proof: string;
}

/** The live load of every file of a source, in ascending order of name. */
export async function readLiveLoads(
  warehouse: Warehouse,
  { source }: { source: string },
): Promise<LiveLoad[]> {
  const rows = await warehouse.rows<LiveLoadRow>(statement('read_live_loads'), { params: { source } });
  return rows.map((row) => ({
    filename: row.filename,
    sequence: Number(row.sequence),
    loadId: row.load_id,
    version: row.version,
    rows: Number(row.rows),
    rejected: Number(row.rejected),
    proof: JSON.parse(row.proof) as LoadProof,
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

interface AuditRow {
  rows: string;
  distinct_row_numbers: string;
  checksum: string;
  rejected: string;
  hours_by_trips: string;
  hours_by_histogram: string;
  days_by_hours: string;
  days_by_histogram: string;
  days_by_trips: string;
  days_by_publication: string;
}

/** Milliseconds; 16 M rows take about 3 s. */
const AUDIT_DEADLINE_MS = 600_000;

export async function auditLoad(
  warehouse: Warehouse,
  { live, signal }: { live: LiveLoad; signal: AbortSignal },
): Promise<LoadAudit> {
  const [found] = await warehouse.rows<AuditRow>(statement('audit_load'), {
    params: { load_id: live.loadId, sequence: live.sequence },
    deadlineMs: AUDIT_DEADLINE_MS,
    signal,
  });
  if (found === undefined) throw new Error('audit_load returned no row');
  const rows = Number(found.rows);
  const differ = (one: string | number, other: string | number, what: string): string[] =>
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
      Number(found.rejected),
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
  const [found] = await warehouse.rows<{ rows: string; checksum: string }>(proveFileSql(schema, file), {
    params: file.params,
    deadlineMs: AUDIT_DEADLINE_MS,
    signal,
  });
  if (found === undefined) throw new Error('the proof of a file returned no row');
  return { rows: Number(found.rows), checksum: found.checksum };
}

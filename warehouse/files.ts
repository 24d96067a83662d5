/** What we know of each file version, apart from Temporal's histories, which expire. */
import { z } from 'zod';
import { DRIFT_KINDS, type Drift } from './drift.ts';
import type { RefusalCode } from './refusal.ts';
import { count, loadId, moment, smallCount } from './row-shapes.ts';
import type { Warehouse } from './warehouse.ts';

export type FileStage = 'DISCOVERED' | 'FETCHING' | 'LOADING' | 'PUBLISHED' | 'QUARANTINED';
export const FILE_STAGES: readonly FileStage[] = [
  'DISCOVERED',
  'FETCHING',
  'LOADING',
  'PUBLISHED',
  'QUARANTINED',
];

export interface FileRecord {
  source: string;
  filename: string;
  version: string;
  /** `YYYY-MM`, or '' for a file without one in its name. */
  month: string;
  stage: FileStage;
  /** '' unless quarantined. */
  reason: string;
  notes: string[];
  /** How its columns differ from TLC's files of its month. */
  drift: Drift[];
  hint: string;
  sizeBytes: number | null;
  /** Planned chunks; 0 before the plan. */
  chunks: number;
  rows: number | null;
  rejected: number | null;
  loadId: string | null;
  /** '' before the bytes are whole in the lake. */
  lakeKey: string;
  /** Since when the source does not show it, in milliseconds since 1970; null or absent while it does. */
  goneAtMs?: number | null;
  /** Milliseconds since 1970; also the revision: the newest row of a version counts. */
  updatedAtMs: number;
}

/** First `YYYY-MM` in a file's name; '' when it has none. */
export function fileMonth(filename: string): string {
  return /\d{4}-(?:0[1-9]|1[0-2])(?!\d)/.exec(filename)?.[0] ?? '';
}

export async function recordFile(warehouse: Warehouse, file: FileRecord): Promise<void> {
  await recordFiles(warehouse, [file]);
}

export async function recordFiles(warehouse: Warehouse, files: readonly FileRecord[]): Promise<void> {
  await warehouse.insert(
    'files',
    files.map((file) => ({
      source: file.source,
      filename: file.filename,
      version: file.version,
      month: file.month,
      stage: file.stage,
      reason: file.reason,
      notes: file.notes,
      // Recorded by a workflow of before there was drift.
      drift: (file as Partial<FileRecord>).drift ?? [],
      hint: file.hint,
      size_bytes: file.sizeBytes,
      chunks: file.chunks,
      rows: file.rows,
      rejected: file.rejected,
      load_id: file.loadId,
      lake_key: file.lakeKey,
      gone_at: typeof file.goneAtMs === 'number' ? momentOf(file.goneAtMs) : null,
      updated_at: momentOf(file.updatedAtMs),
      revision: file.updatedAtMs,
    })),
  );
}

const momentOf = (ms: number): string => new Date(ms).toISOString().replace('T', ' ').replace('Z', '');

const FILE_ROW = z.object({
  source: z.string(),
  filename: z.string(),
  version: z.string(),
  month: z.string(),
  stage: z.enum(FILE_STAGES),
  reason: z.string(),
  notes: z.array(z.string()),
  /** Absent from tables that a newer worker has not migrated yet. */
  drift: z.array(z.object({ kind: z.enum(DRIFT_KINDS), column: z.string(), detail: z.string() })).optional(),
  hint: z.string(),
  size_bytes: count.nullable(),
  chunks: smallCount,
  rows: count.nullable(),
  rejected: count.nullable(),
  load_id: loadId.nullable(),
  lake_key: z.string(),
  /** Absent, too, from tables that a newer worker has not migrated yet. */
  gone_at: moment.nullable().optional(),
  revision: count,
});

const READ_DEADLINE_MS = 30_000;

/** Every file of a source at its newest version, in ascending order of name. */
export async function readFiles(warehouse: Warehouse, { source }: { source: string }): Promise<FileRecord[]> {
  const rows = await warehouse.rows(
    `SELECT * EXCEPT updated_at FROM files FINAL WHERE source = {source:String}
     ORDER BY filename, revision DESC LIMIT 1 BY filename`,
    { row: FILE_ROW, params: { source }, deadlineMs: READ_DEADLINE_MS },
  );
  return rows.map(parseFile);
}

/** Every version of one file that we know of, newest first. */
export async function readFileVersions(
  warehouse: Warehouse,
  { source, filename }: { source: string; filename: string },
): Promise<FileRecord[]> {
  const rows = await warehouse.rows(
    `SELECT * EXCEPT updated_at FROM files FINAL WHERE source = {source:String} AND filename = {filename:String}
     ORDER BY revision DESC`,
    { row: FILE_ROW, params: { source, filename } },
  );
  return rows.map(parseFile);
}

/** Every file version that we know of, of all sources, or that was ever published. */
export async function readKnownVersions(
  warehouse: Warehouse,
): Promise<{ source: string; filename: string; version: string }[]> {
  return warehouse.rows(
    `SELECT source, filename, version FROM files
     UNION DISTINCT SELECT source, filename, version FROM loads WHERE kind IN ('published', 'withdrawn')`,
    { row: z.object({ source: z.string(), filename: z.string(), version: z.string() }) },
  );
}

/** Why it is quarantined; undefined when it is not. */
export function quarantineCode({
  stage,
  reason,
}: Pick<FileRecord, 'stage' | 'reason'>): RefusalCode | undefined {
  return stage === 'QUARANTINED'
    ? (reason.slice(0, Math.max(0, reason.indexOf(':'))) as RefusalCode)
    : undefined;
}

const BY_OPERATORS: readonly (RefusalCode | undefined)[] = ['HELD_BACK', 'WITHDRAWN'];

/** Quarantined by an operator, who rolled it back or withdrew it, and not for what it is. */
export function isHeldByOperator(file: Pick<FileRecord, 'stage' | 'reason'>): boolean {
  return BY_OPERATORS.includes(quarantineCode(file));
}

function parseFile(row: z.infer<typeof FILE_ROW>): FileRecord {
  return {
    source: row.source,
    filename: row.filename,
    version: row.version,
    month: row.month,
    stage: row.stage,
    reason: row.reason,
    notes: row.notes,
    drift: row.drift ?? [],
    hint: row.hint,
    sizeBytes: row.size_bytes,
    chunks: row.chunks,
    rows: row.rows,
    rejected: row.rejected,
    loadId: row.load_id,
    lakeKey: row.lake_key,
    goneAtMs: typeof row.gone_at === 'string' ? Date.parse(`${row.gone_at.replace(' ', 'T')}Z`) : null,
    updatedAtMs: row.revision,
  };
}

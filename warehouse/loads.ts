/** The log of publications: written by the publisher's activities alone, read by everybody. */
import { z } from 'zod';
import type { LoadProof, VerifiedLoad } from './load-file.ts';
import { count, countByName, loadId, moment, uint64 } from './row-shapes.ts';
import { onlyRow, statement, type Warehouse } from './warehouse.ts';

const COUNTED = z.int().min(0);

const PROOF: z.ZodType<LoadProof> = z.object({
  rowsByFooter: COUNTED,
  rowsLoaded: COUNTED,
  rejected: COUNTED,
  distinctRowNumbers: COUNTED,
  tripsByHour: COUNTED,
  tripsByDay: COUNTED,
  checksum: uint64,
  keptInExtra: countByName.exactOptional(),
});

/** A proof as it is kept: JSON. */
export const proofColumn = z
  .string()
  .transform((text, { addIssue }): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      addIssue('no JSON');
      return z.NEVER;
    }
  })
  .pipe(PROOF);

/** The highest sequence in the log; 0 when nothing was ever published. */
export async function readLastSequence(warehouse: Warehouse): Promise<number> {
  const rows = await warehouse.rows('SELECT max(sequence) AS sequence FROM loads', {
    row: z.object({ sequence: count }),
  });
  return onlyRow(rows).sequence;
}

/** A file's load, or none: its trips leave every answer. */
export interface Change {
  source: string;
  filename: string;
  load: VerifiedLoad | null;
  /** Of a file that goes: the version that was live. */
  withdrawnVersion?: string;
}

/** What stands in the log for no load. */
export const NO_LOAD = '00000000-0000-0000-0000-000000000000';

/** The sequence of the publication that the next one follows: the newest that is whole and was not given up; 0 before the first. */
export async function readHead(warehouse: Warehouse): Promise<number> {
  return onlyRow(await warehouse.rows(statement('read_head'), { row: z.object({ sequence: count }) }))
    .sequence;
}

/**
 * Makes these changes live together, as `sequence`, once however often it is called.
 * @param previous the sequence of the publication before; by default the newest in the log
 * @returns `published`; `refused` when a load is not whole, was condemned, or was overtaken by a later sequence;
 *   `sequenceTaken` when that sequence belongs to another publication
 */
export async function publish(
  warehouse: Warehouse,
  { sequence, previous, changes }: { sequence: number; previous?: number; changes: readonly Change[] },
): Promise<'published' | 'refused' | 'sequenceTaken'> {
  const before = await readPublication(warehouse, sequence);
  if (before.length > 0) return holdsChanges(before, changes) ? 'published' : 'sequenceTaken';
  const given = changes.map(({ source, filename, load, withdrawnVersion }) => ({
    source,
    filename,
    load_id: load?.loadId ?? NO_LOAD,
    version: load?.version ?? withdrawnVersion ?? '',
    rows: load?.rows ?? 0,
    rejected: load?.rejected ?? 0,
    data_through: load?.dataThrough ?? '',
    proof: load === null ? '' : JSON.stringify(load.proof),
  }));
  await warehouse.command(statement('publish'), {
    params: {
      sequence,
      previous: previous ?? (await readHead(warehouse)),
      changes: changes.length,
      given: JSON.stringify(given),
      load_ids: changes.flatMap(({ load }) => load?.loadId ?? []),
    },
  });
  const after = await readPublication(warehouse, sequence);
  if (after.length === 0) return 'refused';
  return holdsChanges(after, changes) ? 'published' : 'sequenceTaken';
}

const CHANGE_ROW = z.object({
  source: z.string(),
  filename: z.string(),
  version: z.string(),
  load_id: loadId,
});
type ChangeRow = z.infer<typeof CHANGE_ROW>;

/** What the log says that a sequence changed, with the nil UUID for files that it took out; empty when it is free. */
export async function readPublication(warehouse: Warehouse, sequence: number): Promise<ChangeRow[]> {
  return warehouse.rows(
    `SELECT DISTINCT source, filename, version, load_id FROM loads WHERE sequence = {sequence:UInt64} AND kind IN ('published', 'withdrawn')`,
    { row: CHANGE_ROW, params: { sequence } },
  );
}

/** Are all of these changes, which are of one publication, in the log as it stands? */
export function holdsChanges(found: readonly ChangeRow[], changes: readonly Change[]): boolean {
  return changes.every(({ source, filename, load }) =>
    found.some(
      (row) =>
        row.source === source && row.filename === filename && row.load_id === (load?.loadId ?? NO_LOAD),
    ),
  );
}

/** Bars a load from ever being live; idempotent. */
export async function condemnLoad(
  warehouse: Warehouse,
  { loadId, source, filename }: { loadId: string; source: string; filename: string },
): Promise<void> {
  await warehouse.insert('loads', [{ sequence: 0, kind: 'condemned', source, filename, load_id: loadId }]);
}

const FILE_CHANGE_ROW = z.object({
  sequence: count,
  kind: z.enum(['published', 'withdrawn']),
  load_id: loadId,
  version: z.string(),
  rows: count,
  rejected: count,
  data_through: moment.nullable(),
  proof: z.union([z.literal('').transform(() => null), proofColumn]),
  is_swept: z.union([z.literal(0), z.literal(1)]),
});

/** What a publication made of one file. */
export interface FileChange {
  sequence: number;
  /** Null where it took the file out. */
  load: VerifiedLoad | null;
  /** Of the load, or of the load that was taken out. */
  version: string;
  /** The load is gone from the tables, or going. */
  isSwept: boolean;
}

/** Every change of a file in ascending order of sequence. */
export async function readFileChanges(
  warehouse: Warehouse,
  { source, filename }: { source: string; filename: string },
): Promise<FileChange[]> {
  const rows = await warehouse.rows(statement('read_file_publications'), {
    row: FILE_CHANGE_ROW,
    params: { source, filename },
  });
  return rows.map((row) => ({
    sequence: row.sequence,
    version: row.version,
    isSwept: row.is_swept === 1,
    load:
      row.kind === 'withdrawn' || row.proof === null
        ? null
        : {
            loadId: row.load_id,
            source,
            filename,
            version: row.version,
            rows: row.rows,
            rejected: row.rejected,
            dataThrough: row.data_through,
            proof: row.proof,
          },
  }));
}

/** The load that counts after these changes of a file; null when none does. */
export function liveLoadOf(changes: readonly FileChange[]): VerifiedLoad | null {
  return changes.findLast(({ load, isSwept }) => load === null || !isSwept)?.load ?? null;
}

const PROOFS_DEADLINE_MS = 30_000;

/** What was checked before each of these loads was published, by load id. */
export async function readProofs(
  warehouse: Warehouse,
  loadIds: readonly string[],
): Promise<Map<string, LoadProof>> {
  const rows = await warehouse.rows(
    `SELECT load_id, proof FROM loads WHERE kind = 'published' AND load_id IN {load_ids:Array(UUID)} LIMIT 1 BY load_id`,
    {
      row: z.object({ load_id: loadId, proof: proofColumn }),
      params: { load_ids: loadIds },
      deadlineMs: PROOFS_DEADLINE_MS,
    },
  );
  return new Map(rows.map(({ load_id, proof }) => [load_id, proof]));
}

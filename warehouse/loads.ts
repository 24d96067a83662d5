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

/**
 * Publishes a load as `sequence`, once however often it is called.
 * @returns `published`; `refused` when the load is not whole, was condemned, or was overtaken by a later sequence;
 *   `sequenceTaken` when that sequence belongs to another load
 */
export async function publishLoad(
  warehouse: Warehouse,
  { sequence, load }: { sequence: number; load: VerifiedLoad },
): Promise<'published' | 'refused' | 'sequenceTaken'> {
  const before = await readPublication(warehouse, sequence);
  if (before !== undefined) return before === load.loadId ? 'published' : 'sequenceTaken';
  await warehouse.command(statement('publish_load'), {
    params: {
      sequence,
      source: load.source,
      filename: load.filename,
      load_id: load.loadId,
      version: load.version,
      rows: load.rows,
      rejected: load.rejected,
      data_through: load.dataThrough,
      proof: JSON.stringify(load.proof),
    },
  });
  const after = await readPublication(warehouse, sequence);
  if (after === undefined) return 'refused';
  return after === load.loadId ? 'published' : 'sequenceTaken';
}

async function readPublication(warehouse: Warehouse, sequence: number): Promise<string | undefined> {
  const rows = await warehouse.rows(
    `SELECT load_id FROM loads WHERE sequence = {sequence:UInt64} AND kind = 'published'`,
    { row: z.object({ load_id: loadId }), params: { sequence } },
  );
  return rows[0]?.load_id;
}

/** Bars a load from ever being live; idempotent. */
export async function condemnLoad(
  warehouse: Warehouse,
  { loadId, source, filename }: { loadId: string; source: string; filename: string },
): Promise<void> {
  await warehouse.insert('loads', [{ sequence: 0, kind: 'condemned', source, filename, load_id: loadId }]);
}

const FILE_PUBLICATION_ROW = z.object({
  sequence: count,
  load_id: loadId,
  version: z.string(),
  rows: count,
  rejected: count,
  data_through: moment.nullable(),
  proof: proofColumn,
});

/** Every publication of a file in ascending order of sequence, without those of condemned loads. */
export async function readFilePublications(
  warehouse: Warehouse,
  { source, filename }: { source: string; filename: string },
): Promise<(VerifiedLoad & { sequence: number })[]> {
  const rows = await warehouse.rows(statement('read_file_publications'), {
    row: FILE_PUBLICATION_ROW,
    params: { source, filename },
  });
  return rows.map((row) => ({
    sequence: row.sequence,
    loadId: row.load_id,
    source,
    filename,
    version: row.version,
    rows: row.rows,
    rejected: row.rejected,
    dataThrough: row.data_through,
    proof: row.proof,
  }));
}

const PROOFS_DEADLINE_MS = 30_000;

/** What was checked before each of these publications, by sequence. */
export async function readProofs(
  warehouse: Warehouse,
  sequences: readonly number[],
): Promise<Map<number, LoadProof>> {
  const rows = await warehouse.rows(
    `SELECT sequence, proof FROM loads WHERE kind = 'published' AND sequence IN {sequences:Array(UInt64)}`,
    {
      row: z.object({ sequence: count, proof: proofColumn }),
      params: { sequences },
      deadlineMs: PROOFS_DEADLINE_MS,
    },
  );
  return new Map(rows.map(({ sequence, proof }) => [sequence, proof]));
}

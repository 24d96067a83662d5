/** Removing loads that nobody reads. */
import { z } from 'zod';
import { condemnLoad } from './loads.ts';
import { loadId } from './row-shapes.ts';
import { statement, type Warehouse } from './warehouse.ts';

export interface SweepableLoad {
  loadId: string;
  source: string;
  filename: string;
  /** The workflow that made it and may still publish it; '' when unknown. */
  workflowId: string;
  /** It was live once and was superseded. */
  published: boolean;
}

const SWEEPABLE_ROW = z.object({
  load_id: loadId,
  source: z.string(),
  filename: z.string(),
  workflow_id: z.string(),
  published: z.union([z.literal(0), z.literal(1)]),
});

/** @param keepMs how long a superseded load is kept for readers and for going back to it */
export async function findSweepableLoads(
  warehouse: Warehouse,
  { keepMs }: { keepMs: number },
): Promise<SweepableLoad[]> {
  const rows = await warehouse.rows(statement('find_sweepable_loads'), {
    row: SWEEPABLE_ROW,
    params: { keep_seconds: Math.ceil(keepMs / 1000) },
  });
  return rows.map((row) => ({
    loadId: row.load_id,
    source: row.source,
    filename: row.filename,
    workflowId: row.workflow_id,
    published: row.published === 1,
  }));
}

/** Condemns a load, so that it can never be live again, and only then deletes its rows. */
export async function sweepLoad(
  warehouse: Warehouse,
  load: SweepableLoad,
  { signal }: { signal: AbortSignal },
): Promise<void> {
  await condemnLoad(warehouse, load);
  for (const table of ['trips_by_day', 'trips_by_hour', 'rejected_rows', 'trips']) {
    await warehouse.command(`DELETE FROM ${table} WHERE load_id = {load_id:UUID}`, {
      params: { load_id: load.loadId },
      deadlineMs: 600_000,
      signal,
    });
  }
}

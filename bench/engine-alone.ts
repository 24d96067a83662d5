/** What the engine itself needs for the same columns and histograms of the same files: nothing fetched, checked or published. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEngineProcess } from '../test/integration/engine-process.ts';
import { readFooter } from '../warehouse/footer.ts';
import { insertTripsSql } from '../warehouse/load-sql.ts';
import { migrate } from '../warehouse/migrate.ts';
import { processorSeconds } from './system.ts';
import { createWarehouse, statement, type Warehouse } from '../warehouse/warehouse.ts';

const SETTINGS = {
  max_partitions_per_insert_block: '0',
  insert_deduplicate: 0,
  optimize_on_insert: 0,
} as const;

/** One after the other, in an engine of its own that is started before and stopped after. */
export async function loadWithEngineAlone(
  paths: readonly string[],
): Promise<{ milliseconds: number[]; cpuSeconds: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'tripline-bench-engine-'));
  const engine = await startEngineProcess(folder);
  const warehouse = createWarehouse({ url: engine.as('loader'), by: 'load' });
  try {
    await migrate(warehouse);
    const before = processorSeconds(engine.child.pid ?? 0);
    const milliseconds: number[] = [];
    for (const path of paths) milliseconds.push(await loadOne(warehouse, path));
    return { milliseconds, cpuSeconds: processorSeconds(engine.child.pid ?? 0) - before };
  } finally {
    await warehouse.close();
    await engine.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function loadOne(warehouse: Warehouse, path: string): Promise<number> {
  const file = await open(path);
  const read = async (start: number, end: number) => {
    const bytes = new Uint8Array(end - start);
    await file.read(bytes, 0, bytes.length, start);
    return bytes;
  };
  const footer = await readFooter({ sizeBytes: statSync(path).size, month: '', read });
  await file.close();
  if (footer.kind !== 'good') throw new Error(`${path}: ${footer.kind}`);
  const began = performance.now();
  const params = { load_id: randomUUID(), lake_path: path };
  const source = { sql: `file({lake_path:String}, 'Parquet')`, params: {} };
  await warehouse.command(insertTripsSql(footer.schema, source), { params, settings: SETTINGS });
  for (const name of ['insert_trips_by_hour', 'insert_trips_by_day'])
    await warehouse.command(statement(name), { params, settings: SETTINGS });
  return performance.now() - began;
}

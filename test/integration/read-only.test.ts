/** The gateway's way to the warehouse cannot change anything, whatever its user may; and what the embedded engine has no users for is left out. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { migrate, type Migrated } from '../../warehouse/migrate.ts';
import { createWarehouse, type Warehouse } from '../../warehouse/warehouse.ts';
import { startEngineProcess, temporaryFolder, type EngineProcess } from './engine-process.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let engine: EngineProcess;
let worker: Warehouse;
let gateway: Warehouse;
let migrated: Migrated;

beforeAll(async () => {
  folder = await temporaryFolder();
  engine = await startEngineProcess(folder.path);
  worker = createWarehouse({ url: engine.as('loader'), by: 'worker' });
  gateway = createWarehouse({ url: engine.as('gateway'), by: 'gateway', readOnly: true });
  migrated = await migrate(worker);
  await worker.insert('loads', [publication(1)]);
}, 30_000);

afterAll(async () => {
  await Promise.all([worker?.close(), gateway?.close()]);
  await engine?.stop();
  await folder?.remove();
});

it('leaves grants out where users are not managed by SQL, and tries them again', async () => {
  const skipped = [{ name: '0007_reader_grants.sql', reason: 'ACCESS_DENIED' }];
  expect(migrated).toMatchObject({ skipped });
  expect(migrated.applied).not.toHaveLength(0);
  expect(await migrate(worker)).toEqual({ applied: [], skipped });
});

const publication = (sequence: number) => ({ sequence, kind: 'published', load_id: crypto.randomUUID() });
const count = async (from: Warehouse): Promise<unknown> =>
  (await from.rows('SELECT count() AS n FROM loads'))[0];

it('reads, with deadlines and values, also while others write', async () => {
  const { n } = (await count(worker)) as { n: string };
  await worker.insert('loads', [publication(3)]);
  for (let sequence = 0; sequence < 5; sequence += 1) {
    const params = { sequence };
    const sql = 'SELECT count() AS n FROM loads WHERE sequence = {sequence:UInt64}';
    expect(await gateway.rows(sql, { params, deadlineMs: 1_000 * (sequence + 1) })).toEqual([
      { n: sequence === 1 || sequence === 3 ? '1' : '0' },
    ]);
    expect(await count(worker)).toEqual({ n: String(Number(n) + 1) });
  }
});

it.each([
  "INSERT INTO loads (sequence, kind) SELECT 2, 'published'",
  "INSERT INTO loads (sequence, kind) VALUES (2, 'published')",
  'DELETE FROM loads WHERE 1',
  'DROP TABLE loads',
  'CREATE TABLE made (a Int8) ENGINE = Memory',
  'SET readonly = 0',
  'SELECT 1 SETTINGS readonly = 0',
])('cannot %s', async (sql) => {
  const before = (await count(worker)) as { n: string };
  expect(Number(before.n)).toBeGreaterThan(0);
  await expect(gateway.command(sql)).rejects.toMatchObject({ type: 'READONLY' });
  expect(await count(gateway)).toEqual(before);
});

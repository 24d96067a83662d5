/** What a load proves of itself: nothing is lost quietly, and the checksum is the file's own. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { generateMonth } from '../../sources/demo/generate-month.ts';
import type { FileSchema } from '../../warehouse/file-schema.ts';
import { readFooter } from '../../warehouse/footer.ts';
import { loadFile, type VerifiedLoad } from '../../warehouse/load-file.ts';
import { proveFileSql } from '../../warehouse/load-sql.ts';
import { migrate } from '../../warehouse/migrate.ts';
import { createWarehouse, type Warehouse } from '../../warehouse/warehouse.ts';
import { hasSharedData, SHARED_DATA } from '../support/shared-data.ts';
import { writeTrips } from '../support/write-trips.ts';
import { startEngineProcess, type EngineProcess } from './engine-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'tripline-proof-'));
const MINUTE = 60_000;
let engine: EngineProcess;
let warehouse: Warehouse;

beforeAll(async () => {
  engine = await startEngineProcess(join(folder, 'clickhouse'));
  warehouse = createWarehouse({ url: engine.as('loader'), by: 'load' });
  await migrate(warehouse);
});

afterAll(async () => {
  await warehouse?.close();
  await engine?.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Loaded {
  load: VerifiedLoad;
  schema: FileSchema;
  /** By the file alone. */
  rows: number;
  checksum: string;
}

async function load(path: string, month: string): Promise<Loaded> {
  const bytes = readFileSync(path);
  const footer = await readFooter({
    sizeBytes: bytes.length,
    month,
    read: (start, end) => Promise.resolve(new Uint8Array(bytes.subarray(start, end))),
  });
  if (footer.kind !== 'good') throw new Error(JSON.stringify(footer));
  const file = { sql: `file({lake_path:String}, 'Parquet')`, params: { lake_path: path } };
  const result = await loadFile({
    warehouse,
    file,
    schema: footer.schema,
    loadId: randomUUID(),
    source: 'yellow',
    filename: path,
    version: '1',
    month,
    signal: AbortSignal.timeout(MINUTE),
  });
  if ('code' in result) throw new Error(result.message);
  const [proven] = await warehouse.rows<{ rows: string; checksum: string }>(
    proveFileSql(footer.schema, file),
    { params: file.params },
  );
  const { rows, checksum } = proven ?? { rows: '-1', checksum: '' };
  return { load: result, schema: footer.schema, rows: Number(rows), checksum };
}

it.each(['2009-01', '2010-02', '2010-05', '2015-06', '2018-08', '2022-05', '2023-05', '2025-01'])(
  'a generated month of %s has no drift, and its checksum is that of its file',
  async (month) => {
    const path = join(folder, `yellow_tripdata_${month}.parquet`);
    const signal = AbortSignal.timeout(MINUTE);
    await generateMonth({ engineUrl: engine.as('reader'), month, rows: 5_000, seed: 1, path, signal });
    const { load: loaded, schema, rows, checksum } = await load(path, month);
    expect(schema.drift).toEqual([]);
    expect(loaded.proof).toMatchObject({ rowsByFooter: 5_000, rowsLoaded: rows, checksum });
    // The third vendor of those years has no number in TLC's dictionary.
    const vendor = { '2009-01': 'vendor_name', '2010-02': 'vendor_id', '2010-05': 'vendor_id' }[month];
    expect(Object.keys(loaded.proof.keptInExtra ?? {})).toEqual(vendor === undefined ? [] : [vendor]);
  },
);

it.skipIf(!hasSharedData)('a genuine sample', async () => {
  const path = join(SHARED_DATA, 'yellow_2022-01_sample100k.parquet');
  const { load: loaded, rows, checksum } = await load(path, '2022-01');
  expect(loaded.proof).toMatchObject({ rowsByFooter: 100_000, rowsLoaded: rows, checksum });
});

it('keeps and counts every value that fits no column', async () => {
  const path = join(folder, 'misfits_2022-03.parquet');
  await writeTrips({
    path,
    month: '2022-03',
    rows: 1_000,
    columns: {
      VendorID: "CASE WHEN i < 7 THEN 'DDS' WHEN i < 9 THEN '' ELSE 'CMT' END",
      passenger_count: 'CASE WHEN i < 5 THEN 1.5::DOUBLE ELSE 2::DOUBLE END',
      PULocationID: 'CASE WHEN i < 3 THEN 5000000000::BIGINT ELSE 7::BIGINT END',
      tpep_dropoff_datetime: "CASE WHEN i < 2 THEN '2022-02-31 00:00:00' ELSE '2022-03-01 00:10:00' END",
      fare_amount: "CASE WHEN i = 0 THEN 'ten' ELSE ' 10.5 ' END",
      tip_amount: "DATE '2022-03-01'",
      driver_mood: "CASE WHEN i >= 990 THEN 'fine' END",
    },
  });
  const { load: loaded, schema, checksum } = await load(path, '2022-03');
  expect(loaded.proof).toMatchObject({ rowsLoaded: 1_000, rejected: 0, checksum });
  expect(loaded.proof.keptInExtra).toEqual({
    VendorID: 7,
    passenger_count: 5,
    PULocationID: 3,
    tpep_dropoff_datetime: 2,
    fare_amount: 1,
    tip_amount: 1_000,
    driver_mood: 10,
  });
  expect(schema.drift.map(({ kind, column }) => `${kind} ${column}`).toSorted()).toEqual([
    'NEW_COLUMN driver_mood',
    'TYPE_CLASH tip_amount',
    'WIDENING VendorID',
    'WIDENING fare_amount',
    'WIDENING tpep_dropoff_datetime',
  ]);
  const [kept] = await warehouse.rows<{ extra: Record<string, string>; fare_amount: number | null }>(
    'SELECT extra, fare_amount FROM trips WHERE load_id = {load_id:UUID} AND row_number = 0',
    { params: { load_id: loaded.loadId } },
  );
  expect(kept).toEqual({
    fare_amount: null,
    extra: {
      VendorID: 'DDS',
      passenger_count: '1.5',
      PULocationID: '5000000000',
      tpep_dropoff_datetime: '2022-02-31 00:00:00',
      fare_amount: 'ten',
      tip_amount: '2022-03-01',
    },
  });
});

it('a value that was changed shows in the checksum, and in no count', async () => {
  const path = join(folder, 'changed_2022-03.parquet');
  await writeTrips({ path, month: '2022-03', rows: 1_000 });
  const before = await load(path, '2022-03');
  await writeTrips({ path, month: '2022-03', rows: 1_000, seed: 2 });
  const after = await load(path, '2022-03');
  expect(after.rows).toBe(before.rows);
  expect(after.checksum).not.toBe(before.checksum);
});

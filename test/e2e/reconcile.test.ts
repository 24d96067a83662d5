/** Everything that can be damaged is damaged on purpose: reconcile finds each, and mends what can be mended. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection, WorkflowFailedError } from '@temporalio/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { expectEqualAnswers, randomRanges } from '../support/compare.ts';
import { startFileServer, type FileServer } from '../support/file-server.ts';
import { createOracle } from '../support/oracle.ts';
import { startTripline, type Tripline } from '../support/tripline.ts';
import { writeTrips } from '../support/write-trips.ts';
import type { ReconcileReport } from '../../workflows/messages.ts';

const folder = mkdtempSync(join(tmpdir(), 'tripline-reconcile-'));
const nameOf = (month: string): string => `yellow_tripdata_${month}.parquet`;
const write = (month: string, seed = 1) =>
  writeTrips({ path: join(folder, nameOf(month)), month, rows: 2_000, seed });
const MONTHS = ['01', '02', '03', '04', '05', '06', '07', '08', '09', '10', '11'].map(
  (month) => `2022-${month}`,
);
let server: FileServer;
let tripline: Tripline;
let connection: Connection;
let client: Client;
let runs = 0;

beforeAll(async () => {
  for (const month of MONTHS) await write(month);
  server = await startFileServer(folder);
  // Polls never come by themselves within this test: nothing but reconcile mends anything.
  tripline = await startTripline({
    sourceUrl: server.url,
    env: { POLL_SECONDS: '3600', CHUNK_BYTES: '65536' },
  });
  connection = await Connection.connect({ address: new URL(tripline.part('temporal').url).host });
  client = new Client({ connection });
  await tripline.settled(MONTHS.length, 150_000);
}, 240_000);

afterAll(async () => {
  await connection?.close();
  await tripline?.stop();
  await server?.close();
  rmSync(folder, { recursive: true, force: true });
});

const sql = (text: string): Promise<string> => tripline.sql(text);

async function reconcile(input: unknown): Promise<ReconcileReport> {
  runs += 1;
  const start = { taskQueue: 'tripline', workflowId: `reconcile-${runs}`, args: [input] };
  return (await client.workflow.execute('reconcile', start)) as ReconcileReport;
}

/** `2022-03 TRIPS, …` in order; what was repaired with a tick. */
const shown = ({ differences }: ReconcileReport): string[] =>
  differences
    .map(({ filename, kind, repaired }) => `${filename.slice(16, 23)} ${kind}${repaired ? ' ✓' : ''}`)
    .toSorted();

async function expectAnswersOfDuckDB(names: readonly string[]): Promise<void> {
  const oracle = await createOracle(names.map((name) => join(folder, name)));
  await expectEqualAnswers(tripline, oracle, await randomRanges(oracle, 60, 3));
  oracle.close();
}

// Each step finds what the one before has left.
it(
  'finds nothing where nothing is wrong, reports each damage, repairs what can be repaired, and leaves orphans to the sweep',
  { timeout: 720_000 },
  async () => {
    expect(await reconcile({ source: 'yellow' })).toEqual({
      checkedFiles: MONTHS.length,
      differences: [],
      omitted: 0,
    });
    const months = { from: '2022-03', to: '2022-05' };
    expect(await reconcile({ source: 'yellow', repair: true, months })).toMatchObject({ checkedFiles: 3 });
    await reportsAndChangesNothing();
    await repairs();
    await leavesOrphansAlone();
  },
);

it.each([
  [null, /expected \{"source"/],
  [{ source: 7 }, /"source" must be a name/],
  [{ source: 'yellow', repair: 'yes' }, /"repair" must be true or false/],
  [{ source: 'yellow', months: { from: '2023-13', to: '2023-14' } }, /"months": "from" must be a month/],
  [{ source: 'green' }, /there is no source "green": this worker has yellow/],
])('says what is wrong with %j', async (input, message) => {
  const failure = await reconcile(input).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(WorkflowFailedError);
  const { cause } = failure as WorkflowFailedError;
  const root = cause?.cause instanceof Error ? cause.cause : cause;
  expect(root?.message).toMatch(message);
});

const DAMAGE = [
  '2022-01 DAYS',
  '2022-01 HISTOGRAMS',
  '2022-01 TRIPS',
  '2022-02 LAKE_MISSING',
  '2022-03 LAKE_MISSING',
  '2022-04 DAYS',
  '2022-05 HISTOGRAMS',
  '2022-06 HISTOGRAMS',
  '2022-06 TRIPS',
  '2022-07 LAKE_CONTENT',
  '2022-08 STAGE',
  '2022-09 PROOF',
  '2022-10 GONE_FROM_SOURCE',
  '2022-11 OTHER_VERSION_AT_SOURCE',
  '2022-12 NOT_INGESTED',
];

async function reportsAndChangesNothing(): Promise<void> {
  const live = async (month: string): Promise<{ loadId: string; key: string }> => {
    const found = await sql(
      `SELECT load_id, lake_key FROM files FINAL WHERE filename = '${nameOf(month)}' FORMAT TSV`,
    );
    const [loadId = '', key = ''] = found.trim().split('\t');
    return { loadId, key: join(tripline.dataDir, 'lake', `${key}.parquet`) };
  };
  const of = async (month: string): Promise<string> => `load_id = '${(await live(month)).loadId}'`;
  const lakeFile = async (month: string): Promise<string> => (await live(month)).key;

  await sql(`DELETE FROM trips WHERE ${await of('2022-01')} AND row_number % 7 = 0`);
  rmSync(await lakeFile('2022-02'));
  truncateSync(await lakeFile('2022-03'), 10_000);
  await sql(
    `ALTER TABLE loads UPDATE days = mapUpdate(days, map(toDate32('2022-04-03'), toUInt32(1)))
     WHERE ${await of('2022-04')} SETTINGS mutations_sync = 2`,
  );
  await sql(
    `ALTER TABLE trips_by_hour UPDATE trips = trips + 1 WHERE ${await of('2022-05')}
       AND toDate(hour) = '2022-05-02' SETTINGS mutations_sync = 2`,
  );
  // As many trips, as many row numbers: only the checksum and the histogram tell.
  const fifth = `${await of('2022-06')} AND row_number = 5`;
  const distance = (await sql(`SELECT trip_distance FROM trips WHERE ${fifth} FORMAT TSV`)).trim();
  await sql(
    `INSERT INTO trips SELECT * REPLACE (trip_distance + 0.01 AS trip_distance) FROM trips WHERE ${fifth}`,
  );
  await sql(`DELETE FROM trips WHERE ${fifth} AND trip_distance = ${distance}`);
  const garbled = readFileSync(await lakeFile('2022-07'));
  garbled.fill(0xff, 4, Math.floor(garbled.length * 0.8));
  writeFileSync(await lakeFile('2022-07'), garbled);
  await sql(
    `INSERT INTO files SELECT * REPLACE ('LOADING' AS stage, revision + 1 AS revision) FROM files FINAL
     WHERE filename = '${nameOf('2022-08')}'`,
  );
  await sql(
    `ALTER TABLE loads UPDATE proof = replaceRegexpOne(proof, '"checksum":"[0-9]+"', '"checksum":"1"')
     WHERE ${await of('2022-09')} SETTINGS mutations_sync = 2`,
  );
  rmSync(join(folder, nameOf('2022-10')));
  await write('2022-11', 2);
  await write('2022-12');

  const before = await sql('SELECT count(), max(sequence) FROM loads');
  const report = await reconcile({ source: 'yellow' });
  expect(shown(report)).toEqual(DAMAGE);
  expect(report).toMatchObject({ checkedFiles: 12, omitted: 0 });
  expect(await sql('SELECT count(), max(sequence) FROM loads')).toBe(before);
  const details = new Map(
    report.differences.map(({ filename, kind, detail }) => [`${filename} ${kind}`, detail]),
  );
  expect(details.get(`${nameOf('2022-03')} LAKE_MISSING`)).toMatch(/^the lake holds 10000 of \d+ bytes$/);
  expect(details.get(`${nameOf('2022-01')} TRIPS`)).toBe('1714 trips, 2000 were published');
  expect(details.get(`${nameOf('2022-06')} TRIPS`)).toMatch(/^checksum \d+, the raw file has \d+$/);
}

/** Answers are DuckDB's again. */
async function repairs(): Promise<void> {
  const report = await reconcile({ source: 'yellow', repair: true });
  expect(shown(report)).toEqual(
    DAMAGE.map((line) => (line.endsWith('GONE_FROM_SOURCE') ? line : `${line} ✓`)),
  );
  expect(shown(await reconcile({ source: 'yellow' }))).toEqual(['2022-10 GONE_FROM_SOURCE']);
  // What left the source is still served: the same trips as before.
  await write('2022-10');
  await expectAnswersOfDuckDB(readdirSync(folder));
  expect((await tripline.files()).map(({ stage }) => stage)).toEqual(Array(12).fill('PUBLISHED'));
}

/** And what cannot be fetched again. */
async function leavesOrphansAlone(): Promise<void> {
  await sql(
    `INSERT INTO trips SELECT * REPLACE (generateUUIDv4(1) AS load_id) FROM trips WHERE row_number = 1 LIMIT 1`,
  );
  const [key] = (
    await sql(`SELECT lake_key FROM files FINAL WHERE filename = '${nameOf('2022-09')}' FORMAT TSV`)
  ).split('\n');
  rmSync(join(folder, nameOf('2022-09')));
  rmSync(join(tripline.dataDir, 'lake', `${key}.parquet`));
  writeFileSync(join(tripline.dataDir, 'lake', `${'0'.repeat(40)}.parquet`), 'of a warehouse that was lost');
  const report = await reconcile({ source: 'yellow', repair: true });
  expect(shown(report).filter((line) => !line.startsWith('2022-10'))).toEqual([
    ' ORPHAN_LAKE_FILES',
    ' ORPHAN_LOAD',
    '2022-09 GONE_FROM_SOURCE',
    '2022-09 LAKE_MISSING',
  ]);
  expect(report.differences.find(({ kind }) => kind === 'LAKE_MISSING')?.detail).toMatch(
    /\(not repaired: the source does not hold that version any more/,
  );
  expect(report.differences.find(({ kind }) => kind === 'ORPHAN_LAKE_FILES')?.detail).toMatch(
    /: 1 \(0{40}\)$/,
  );
}

/** Files that are not for us or broken, in one folder with good ones. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createOracle } from '../support/oracle.ts';
import { makeParquet, tripColumns, type MadeColumn } from '../support/make-parquet.ts';
import { hasSharedData, SHARED_DATA } from '../support/shared-data.ts';
import { startTripline, type FileNode, type Tripline } from '../support/tripline.ts';
import { until } from '../support/until.ts';
import { writeTrips } from '../support/write-trips.ts';
import { status } from '../../workflows/messages.ts';

const folder = mkdtempSync(join(tmpdir(), 'tripline-bad-'));
const at = (name: string) => join(folder, name);
const good = ['yellow_tripdata_2022-03.parquet', 'yellow_tripdata_2022-04.parquet'];
let tripline: Tripline;
let files: Map<string, FileNode>;
let connection: Connection;
let temporal: Client;

beforeAll(async () => {
  for (const name of good) await writeTrips({ path: at(name), month: name.slice(16, 23), rows: 2_000 });
  const variant = (name: string, columns: Record<string, string | null>, rows = 100) =>
    writeTrips({ path: at(name), month: '2022-05', rows, columns });
  await variant('missing_pickup.parquet', { tpep_pickup_datetime: null });
  await variant('missing_distance.parquet', { trip_distance: null });
  await variant('number_pickup.parquet', { tpep_pickup_datetime: 'i' });
  await variant('empty.parquet', {}, 0);
  await variant('green.parquet', { tpep_pickup_datetime: null, lpep_pickup_datetime: 'start' });
  await variant('unknown_column.parquet', {
    driver_mood: "CASE WHEN i < 10 THEN 'fine' END",
    '`odd` \\name': 'i',
  });
  await variant('dirty_rows.parquet', {
    trip_distance:
      "CASE i WHEN 0 THEN 'NaN'::DOUBLE WHEN 1 THEN 'Infinity'::DOUBLE WHEN 2 THEN NULL ELSE 1.5 END",
    tpep_pickup_datetime:
      "CASE i WHEN 3 THEN NULL WHEN 4 THEN TIMESTAMP '5000-01-01' ELSE start + to_seconds(i) END",
  });
  writeFileSync(at('pointer.parquet'), 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n');
  writeFileSync(at('nothing.parquet'), '');
  writeFileSync(at('eleven.parquet'), 'PAR1PAR1xyz');
  await variant('truncated.parquet', {}, 1_000);
  truncateSync(at('truncated.parquet'), 20_000);
  await variant('lying_footer.parquet', {});
  const bytes = readFileSync(at('lying_footer.parquet'));
  bytes.writeUInt32LE(0x7fffffff, bytes.length - 8);
  writeFileSync(at('lying_footer.parquet'), bytes);
  await variant('garbled_pages.parquet', {}, 3_000);
  const garbled = readFileSync(at('garbled_pages.parquet'));
  garbled.fill(0xff, 4, Math.floor(garbled.length * 0.7));
  writeFileSync(at('garbled_pages.parquet'), garbled);
  await variant('too_large.parquet', {}, 400_000);
  writeFileSync(at('claims_rows.parquet'), makeParquet({ rows: 2n ** 40n, columns: tripColumns(10) }));
  const [vendor] = tripColumns(1);
  const many = Array.from({ length: 20_000 }, (_, index) => ({ ...vendor, name: `x${index}` }) as MadeColumn);
  writeFileSync(at('many_columns.parquet'), makeParquet({ rows: 1, columns: [...tripColumns(1), ...many] }));
  if (hasSharedData) {
    for (const name of ['green_tripdata_2024-01', 'yellow_2024-01_truncated', 'yellow_2019-01_lfs_pointer']) {
      copyFileSync(join(SHARED_DATA, `${name}.parquet`), at(`real_${name}.parquet`));
    }
  }
  tripline = await startTripline({ sourceUrl: `file://${folder}`, env: { MAX_FILE_BYTES: '3000000' } });
  files = new Map(
    (await tripline.settled(hasSharedData ? 21 : 18, 90_000)).map((file) => [file.filename, file]),
  );
  connection = await Connection.connect({ address: new URL(tripline.part('temporal').url).host });
  temporal = new Client({ connection });
});

afterAll(async () => {
  await connection?.close();
  await tripline?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('each is quarantined with its own reason', () => {
  it.each([
    ['missing_pickup.parquet', /^MISSING_COLUMN: no column tpep_pickup_datetime or /],
    ['missing_distance.parquet', /^MISSING_COLUMN: no column trip_distance; the file has VendorID, /],
    ['number_pickup.parquet', /^TYPE_CLASH: tpep_pickup_datetime is INT/],
    ['empty.parquet', /^EMPTY: the footer says 0 rows/],
    ['green.parquet', /^WRONG_DATA_SET: these are green trips/],
    ['pointer.parquet', /^NOT_PARQUET: the file begins with "vers"/],
    ['nothing.parquet', /^NOT_PARQUET: the file has 0 bytes/],
    ['eleven.parquet', /^NOT_PARQUET: 11 bytes are too few/],
    ['truncated.parquet', /^TRUNCATED: .* cut off/],
    ['lying_footer.parquet', /^UNREADABLE: the footer claims 2147483647 bytes/],
    ['garbled_pages.parquet', /^UNREADABLE: /],
    ['claims_rows.parquet', /^TOO_LARGE: 1099511627776 rows, more than the 100000000 /],
    ['many_columns.parquet', /^TOO_LARGE: 20006 columns and groups in the schema, more than the 1000 /],
    ['too_large.parquet', /^TOO_LARGE: \d+ bytes, more than the 3000000/],
  ])('%s', (name, reason) => {
    expect(files.get(name)).toMatchObject({ stage: 'QUARANTINED', reason: expect.stringMatching(reason) });
  });

  it.skipIf(!hasSharedData).each([
    ['real_green_tripdata_2024-01.parquet', /^WRONG_DATA_SET: these are green trips/],
    ['real_yellow_2024-01_truncated.parquet', /^TRUNCATED: /],
    ['real_yellow_2019-01_lfs_pointer.parquet', /^NOT_PARQUET: /],
  ])('%s', (name, reason) => {
    expect(files.get(name)).toMatchObject({ stage: 'QUARANTINED', reason: expect.stringMatching(reason) });
  });
});

it('says in the result of an ingestion, and in its memo, why the file is not counted', async () => {
  const { reason } = files.get('truncated.parquet') as FileNode;
  const refused = temporal.workflow.getHandle('ingest:yellow:truncated.parquet');
  expect(await refused.result()).toMatchObject({ stage: 'QUARANTINED', reason });
  const { status: how, memo } = await refused.describe();
  expect({ how: how.name, memo }).toEqual({ how: 'COMPLETED', memo: { quarantined: reason } });
  const counted = temporal.workflow.getHandle('ingest:yellow:dirty_rows.parquet');
  expect(await counted.result()).toMatchObject({ stage: 'PUBLISHED', trips: 95, rejected: 5 });
  expect((await counted.describe()).memo ?? {}).toEqual({});
});

it('logs one line for each file that is published, with what matters', () => {
  const lines = tripline.log().split('\n');
  for (const name of [...good, 'unknown_column.parquet', 'dirty_rows.parquet']) {
    const told = lines.filter(
      (line) => / INFO\S* published /.test(line) && line.includes(`"file":"${name}"`),
    );
    expect(told, name).toHaveLength(1);
    expect(told[0]).toMatch(/"trips":\d+,"rejected":\d+,"secondsSinceSeen":\d+(\.\d)?,"dataVersion":\d+/);
  }
  expect(lines.filter((line) => /ERROR|SELECT|INSERT/.test(line))).toEqual([]);
});

it('serves the good files', async () => {
  const oracle = await createOracle([...good, 'unknown_column.parquet', 'dirty_rows.parquet'].map(at));
  for (const range of [{}, { from: '2022-03-10T05:06:07', to: '2022-04-20T00:00:00' }]) {
    const { value, trips, tripsOver } = await tripline.p90(range);
    // DuckDB keeps the trip of the year 5000, whose pickup no DateTime64 can hold.
    expect({ value, trips, tripsOver }).toEqual(await oracle.p90({ to: '2299-12-31T00:00:00', ...range }));
  }
  oracle.close();
});

it('keeps columns that it does not know, and says so', async () => {
  expect(files.get('unknown_column.parquet')).toMatchObject({
    stage: 'PUBLISHED',
    rows: 100,
    notes: ['columns not known to us, kept in extra: driver_mood, `odd` \\name'],
  });
  const counted = await tripline.sql(
    "SELECT countIf(extra['driver_mood'] = 'fine'), countIf(mapContains(extra, '`odd` \\\\name')) FROM trips WHERE notEmpty(extra)",
  );
  expect(counted).toBe('10\t100\n');
});

it('rejects rows without a usable pickup or distance, each with its reason', async () => {
  expect(files.get('dirty_rows.parquet')).toMatchObject({ stage: 'PUBLISHED', rows: 95, rejected: 5 });
  const rows = await tripline.sql('SELECT row_number, reason FROM rejected_rows ORDER BY row_number');
  expect(rows).toBe(
    [
      '0\tdistance is not a finite number',
      '1\tdistance is not a finite number',
      '2\tno distance',
      '3\tno pickup time',
      '4\tpickup time before 1900 or after 2299-12-30',
      '',
    ].join('\n'),
  );
});

it('rests while nothing happens in the folder, and is woken by a file that comes and one that goes', async () => {
  const watcher = temporal.workflow.getHandle('source:yellow');
  const rests = () =>
    until('the watcher rests', async () => {
      const { nextPollAtMs, lastPollAtMs } = await watcher.query(status);
      return (nextPollAtMs ?? 0) - (lastPollAtMs ?? Infinity) > 50_000;
    });
  await rests();
  await writeTrips({ path: at('yellow_tripdata_2022-06.parquet'), month: '2022-06', rows: 10 });
  const isPublished = async () =>
    (await tripline.files()).some(({ filename, stage }) => /2022-06/.test(filename) && stage === 'PUBLISHED');
  await until('it is published', isPublished, { deadlineMs: 20_000 });
  await rests();
  rmSync(at('yellow_tripdata_2022-06.parquet'));
  const isGone = async () =>
    (await tripline.sql(
      "SELECT count() FROM files FINAL WHERE filename = 'yellow_tripdata_2022-06.parquet' AND isNotNull(gone_at)",
    )) !== '0\n';
  expect(await until('it is noted', isGone, { deadlineMs: 20_000 })).toBe(true);
});

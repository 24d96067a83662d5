/** Files that appear in a bucket and are kept in another: everything over S3, and told of by push. */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ingestId, type ReconcileReport, progress } from '../../workflows/messages.ts';
import { expectEqualAnswers, randomRanges } from '../support/compare.ts';
import { createOracle } from '../support/oracle.ts';
import { startS3Server, type S3Server } from '../support/s3-server.ts';
import { startTripline, type Tripline } from '../support/tripline.ts';
import { until } from '../support/until.ts';
import { writeTrips } from '../support/write-trips.ts';

const folder = mkdtempSync(join(tmpdir(), 'tripline-s3-e2e-'));
const nameOf = (month: string) => `yellow_tripdata_${month}.parquet`;
const pathOf = (month: string) => join(folder, nameOf(month));
const PATIENCE = { deadlineMs: 90_000 };
let server: S3Server;
let tripline: Tripline;
let token: string;
let connection: Connection;
let client: Client;
/** What was there when the first two files were loaded. */
let first: { files: Awaited<ReturnType<Tripline['files']>>; kept: string[]; uploads: unknown[] };

const LARGE_ROWS = 200_000;

/** Trips of each file at the source. */
const rowsOf = new Map<string, number>();
const allTrips = (): number => [...rowsOf.values()].reduce((sum, rows) => sum + rows, 0);

/** Amounts that no codec makes smaller, some 90 bytes a row: a file of several chunks has few trips then. */
const WIDE = Object.fromEntries(
  [
    'fare_amount',
    'extra',
    'mta_tax',
    'tip_amount',
    'tolls_amount',
    'total_amount',
    'congestion_surcharge',
    'airport_fee',
    'improvement_surcharge',
  ].map((name, index) => [name, `(hash(i * 11 + ${index}) / 1000000007)::DOUBLE`]),
);

async function publish(
  month: string,
  rows: number,
  { seed = 1, columns = {} }: { seed?: number; columns?: Record<string, string> } = {},
): Promise<void> {
  rowsOf.set(month, rows);
  await writeTrips({ path: pathOf(month), month, rows, seed, columns });
  await server.putFile(`in/${nameOf(month)}`, pathOf(month));
}

/** As AWS tells of objects; `also` as MinIO does. */
const post = (body: unknown, headers: Record<string, string> = { authorization: `Bearer ${token}` }) =>
  fetch(`${tripline.url}/api/arrivals`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const record = (key: string, eventName = 'ObjectCreated:Put') => ({
  eventVersion: '2.1',
  eventSource: 'aws:s3',
  eventName,
  s3: { bucket: { name: 'trips' }, object: { key: encodeURIComponent(key), size: 1, eTag: 'x' } },
});

async function expectOracle(): Promise<void> {
  const oracle = await createOracle([...rowsOf.keys()].map(pathOf));
  await expectEqualAnswers(tripline, oracle, await randomRanges(oracle, 40, 1));
  oracle.close();
}

beforeAll(async () => {
  server = await startS3Server();
  // Four chunks, and one.
  await publish('2022-03', LARGE_ROWS, { columns: WIDE });
  await publish('2022-04', 5_000);
  await server.put('in/notes.txt', 'nothing of ours');
  await server.put(`in/old/${nameOf('2022-01')}`, 'deeper than we look');
  tripline = await startTripline({
    sourceUrl: 's3://trips/in',
    env: {
      ...server.env,
      LAKE_URL: 's3://trips/lake',
      CHUNK_BYTES: String(5 * 2 ** 20),
      POLL_SECONDS: '3600',
    },
  });
  token = readFileSync(join(tripline.dataDir, 'operator-token'), 'utf8').trim();
  connection = await Connection.connect({ address: new URL(tripline.part('temporal').url).host });
  client = new Client({ connection });
  const files = await tripline.settled(2, 100_000);
  const { Uploads = [] } = await server.client.send(new ListMultipartUploadsCommand({ Bucket: 'trips' }));
  first = { files, kept: await server.keys('lake/'), uploads: Uploads };
}, 200_000);

afterAll(async () => {
  await connection?.close();
  await tripline?.stop();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
  expectNoSecretInLog();
});

/** Whatever happened. */
function expectNoSecretInLog(): void {
  expect(tripline?.log()).not.toContain(server?.env['AWS_SECRET_ACCESS_KEY']);
}

it('loads from the source by way of the lake, and says what DuckDB says', { timeout: 120_000 }, async () => {
  expect(statSync(pathOf('2022-03')).size).toBeGreaterThan(3 * 5 * 2 ** 20);
  expect(first.files.map(({ filename, stage }) => [filename, stage])).toEqual([
    [nameOf('2022-03'), 'PUBLISHED'],
    [nameOf('2022-04'), 'PUBLISHED'],
  ]);
  expect(first.kept.filter((key) => !/^lake\/[0-9a-f]{40}\.parquet$/.test(key))).toEqual([]);
  expect(first.kept).toHaveLength(2);
  expect(first.uploads).toEqual([]);
  await expectOracle();
});

it('an arrival that is pushed is counted long before the next poll', { timeout: 120_000 }, async () => {
  await publish('2022-05', 7_000);
  const arrived = record(`in/${nameOf('2022-05')}`);
  const minio = record(`in/${nameOf('2022-05')}`, 's3:ObjectCreated:CompleteMultipartUpload');
  const answer = await post({
    EventName: 's3:ObjectCreated:Put',
    Key: `trips/in/${nameOf('2022-05')}`,
    Records: [arrived, minio, record('in/notes.txt'), record('in/../../etc/x.parquet')],
  });
  expect([answer.status, await answer.json()]).toEqual([202, { accepted: 1, ignored: 2 }]);
  await until('it is counted', async () => (await tripline.p90()).trips === allTrips(), PATIENCE);
  await expectOracle();
});

it('an object that is replaced replaces its trips', { timeout: 120_000 }, async () => {
  await publish('2022-04', 6_000, { seed: 2 });
  await post({ Records: [record(`in/${nameOf('2022-04')}`)] });
  await until('the new one is counted', async () => (await tripline.p90()).trips === allTrips(), PATIENCE);
  expect(await tripline.files()).toHaveLength(rowsOf.size);
  await expectOracle();
});

it('a backfill by force loads from the lake', { timeout: 120_000 }, async () => {
  const before = await tripline.p90();
  await client.workflow
    .getHandle('source:yellow')
    .signal('backfill', { from: '2022-03', to: '2022-03', force: true });
  await until(
    'it is published again',
    async () => (await tripline.p90()).dataVersion > before.dataVersion,
    PATIENCE,
  );
  expect({ ...(await tripline.p90()), dataVersion: before.dataVersion }).toEqual(before);
  const history = await client.workflow.getHandle(ingestId('yellow', nameOf('2022-03'))).fetchHistory();
  const activities = (history.events ?? []).map(
    (event) => event.activityTaskScheduledEventAttributes?.activityType?.name,
  );
  expect(activities).toContain('loadIntoWarehouse');
  expect(activities).not.toContain('fetchChunk');
});

it(
  'loses nothing when S3 itself and then the worker end in the middle of a file',
  { timeout: 180_000 },
  async () => {
    await publish('2022-06', LARGE_ROWS, { seed: 3, columns: WIDE });
    await post({ Records: [record(`in/${nameOf('2022-06')}`)] });
    // Asked at its source: the gateway tells what was so within the last second.
    const ingestion = client.workflow.getHandle(ingestId('yellow', nameOf('2022-06')));
    const chunksDone = async () => {
      const told = await ingestion.query(progress).catch(() => undefined);
      return told?.chunksDone ?? 0;
    };
    await until('a chunk is there', async () => (await chunksDone()) > 0, { everyMs: 10 });
    await server.crash();
    await until('a request has failed', async () => {
      const { raw } = await ingestion.describe();
      return raw.pendingActivities?.some(({ lastFailure }) => lastFailure);
    });
    const { pid } = tripline.part('worker');
    process.kill(pid, 'SIGKILL');
    await until('the worker is back', () => tripline.part('worker').pid !== pid);
    await server.comeBack();
    await until('the file is counted', async () => (await tripline.p90()).trips === allTrips(), {
      deadlineMs: 100_000,
    });
    await expectOracle();
    const files = await tripline.settled(rowsOf.size);
    expect(files.filter(({ stage }) => stage !== 'PUBLISHED')).toEqual([]);
  },
);

it('can be reconciled: what is damaged in the lake is fetched again', { timeout: 120_000 }, async () => {
  const start = { taskQueue: 'tripline', args: [{ source: 'yellow', repair: true }] };
  const reconcile = async (workflowId: string): Promise<ReconcileReport> =>
    (await client.workflow.execute('reconcile', { ...start, workflowId })) as ReconcileReport;
  await publish('2022-07', 7_000);
  await post({ Records: [record(`in/${nameOf('2022-07')}`)] });
  await until('it is counted', async () => (await tripline.p90()).trips === allTrips(), PATIENCE);
  await tripline.settled(rowsOf.size);
  const whole = { checkedFiles: rowsOf.size, differences: [], omitted: 0 };
  expect(await reconcile('reconcile-whole')).toEqual(whole);
  const body = `SELECT lake_key FROM files FINAL WHERE filename = '${nameOf('2022-07')}' FORMAT TSVRaw`;
  const key = (await tripline.sql(body)).trim();
  await server.put(`lake/${key}.parquet`, 'cut off');
  await server.put(`lake/${'0'.repeat(40)}.parquet`, 'of a warehouse that was lost');
  const { differences } = await reconcile('reconcile-damaged');
  expect(differences.map(({ filename, kind, repaired }) => [filename, kind, repaired])).toEqual([
    [nameOf('2022-07'), 'LAKE_MISSING', true],
    ['', 'ORPHAN_LAKE_FILES', false],
  ]);
  await expectOracle();
});

it('refuses notifications that are not for it', async () => {
  const problem = async (response: Response) => {
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    const { status } = (await response.json()) as { status: number };
    expect(status).toBe(response.status);
    return status;
  };
  const body = { Records: [record(`in/${nameOf('2022-05')}`)] };
  expect(await problem(await post(body, {}))).toBe(401);
  expect(await problem(await post(body, { authorization: 'Bearer wrong' }))).toBe(401);
  expect(await problem(await post(body, { authorization: `Basic ${token}` }))).toBe(401);
  for (const nonsense of [
    '',
    '{',
    'null',
    '[]',
    '{}',
    '{"Records":{}}',
    '{"Records":[{}]}',
    '{"Records":[null]}',
  ])
    expect(await problem(await post(nonsense))).toBe(400);
  expect(await problem(await post(' '.repeat(2 << 20)))).toBe(413);
  expect(await problem(await fetch(`${tripline.url}/api/arrivals`))).toBe(405);
  const test = await post({ Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: 'trips' });
  expect([test.status, await test.json()]).toEqual([202, { accepted: 0, ignored: 0 }]);
});

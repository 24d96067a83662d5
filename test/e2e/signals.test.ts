/** What a person can tell the watcher with the `temporal` command: backfill, pause, resume, fileArrived. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startFileServer, type FileServer } from '../support/file-server.ts';
import { startTripline, type Tripline } from '../support/tripline.ts';
import { until } from '../support/until.ts';
import { writeTrips } from '../support/write-trips.ts';
import { governorId, ingestId, watcherId, type WatcherStatus } from '../../workflows/messages.ts';

const folder = mkdtempSync(join(tmpdir(), 'tripline-signals-'));
const write = (month: string, seed = 1) =>
  writeTrips({ path: join(folder, `yellow_tripdata_${month}.parquet`), month, rows: 1_000 * seed, seed });
let server: FileServer;
let tripline: Tripline;
let connection: Connection;
let client: Client;

beforeAll(async () => {
  await write('2022-03');
  await write('2022-04');
  server = await startFileServer(folder);
  // Polls never come by themselves within this test.
  tripline = await startTripline({ sourceUrl: server.url, env: { POLL_SECONDS: '3600' } });
  connection = await Connection.connect({ address: new URL(tripline.part('temporal').url).host });
  client = new Client({ connection });
  await tripline.settled(2);
  await until('both files are counted', async () => (await trips()) === 2_000);
});

afterAll(async () => {
  await connection?.close();
  await tripline?.stop();
  await server?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Whatever the test before left, also one that failed. */
beforeEach(async () => {
  await watcher().signal('resume');
  await until('nothing is under way', async () => {
    const { nextPollAtMs, inFlight, waiting } = await status();
    return nextPollAtMs !== null && inFlight.length === 0 && waiting === 0;
  });
});

const watcher = () => client.workflow.getHandle(watcherId('yellow'));
const status = (): Promise<WatcherStatus> => watcher().query<WatcherStatus>('status');
const trips = async (): Promise<number> => (await tripline.p90()).trips;

it('fileArrived makes it look at once', async () => {
  const before = await trips();
  await write('2022-05');
  const filename = 'yellow_tripdata_2022-05.parquet';
  await watcher().signal('fileArrived', { filename });
  await until('the new file is counted', async () => (await trips()) === before + 1_000);
  const files = await until('all are published', async () => {
    const found = await tripline.files();
    return found.every(({ stage }) => stage === 'PUBLISHED') && found;
  });
  expect(files.map((file) => file.filename)).toContain(filename);
});

it('pause holds new files back until resume', async () => {
  const before = await trips();
  await watcher().signal('pause');
  await until('it is paused', async () => (await status()).paused);
  const { lastPollAtMs } = await status();
  await write('2022-06');
  await watcher().signal('fileArrived', { filename: 'yellow_tripdata_2022-06.parquet' });
  expect(await status()).toMatchObject({ paused: true, lastPollAtMs, nextPollAtMs: null, inFlight: [] });
  // What GraphQL tells of the watcher is up to a second old.
  await until('GraphQL says so too', async () => {
    const { data } = await tripline.graphql<{ source: { paused: boolean } }>('{ source { paused } }');
    return data?.source.paused;
  });
  await watcher().signal('resume');
  await until('the file is counted', async () => (await trips()) === before + 1_000);
});

it('a backfill of what is live does nothing; forced, it loads again from the lake', async () => {
  const before = await tripline.p90();
  const sent = server.bytesSent();
  const runId = async () =>
    (await client.workflow.getHandle(ingestId('yellow', 'yellow_tripdata_2022-04.parquet')).describe()).runId;
  const first = await runId();
  const polled = (await status()).lastPollAtMs;
  await watcher().signal('backfill', { from: '2022-03', to: '2022-04' });
  await until('it has looked', async () => (await status()).lastPollAtMs !== polled);
  expect(await runId()).toBe(first);
  expect(await tripline.p90()).toEqual(before);

  await watcher().signal('backfill', { from: '2022-03', to: '2022-04', force: true });
  await until(
    'both were published again',
    async () => (await tripline.p90()).dataVersion === before.dataVersion + 2,
  );
  expect(await tripline.p90()).toEqual({ ...before, dataVersion: before.dataVersion + 2 });
  expect(server.bytesSent()).toBe(sent);
});

it('signals that make no sense are answered in the status, and stop nothing', async () => {
  const before = await trips();
  const nonsense: unknown[] = [
    {},
    null,
    'now',
    5,
    { from: '2022-13', to: '2022-14' },
    { from: '2023-01', to: '2022-01' },
  ];
  for (const argument of nonsense) await watcher().signal('backfill', argument);
  await watcher().signal('backfill');
  await watcher().signal('backfill', { from: '2022-03', to: '2022-03', force: 'yes' });
  for (const name of ['fileArrived', 'fileSettled', 'noSuchSignal']) {
    await watcher().signal(name);
    await watcher().signal(name, 7);
  }
  const publisher = client.workflow.getHandle('publisher');
  await publisher.signal('publish');
  await publisher.signal('publish', { load: 'all' });
  const { mistakes } = await until('all are answered', async () => {
    const now = await status();
    return now.mistakes.at(-1)?.startsWith('noSuchSignal 7') === true && now;
  });
  // Those of other tests come before.
  expect(mistakes.at(-12)).toBe('backfill {}: "from" must be a month, as in "2023-01"');
  expect(mistakes.slice(-5)).toEqual([
    'backfill {"from":"2022-03","to":"2022-03","force":"yes"}: "force" must be true or false',
    'fileArrived nothing: a filename is a text; got undefined',
    'fileArrived 7: a filename is a text; got undefined',
    'noSuchSignal nothing: there is no such signal; there are pause, resume, backfill and fileArrived',
    'noSuchSignal 7: there is no such signal; there are pause, resume, backfill and fileArrived',
  ]);

  await write('2022-07');
  await watcher().signal('fileArrived', { filename: 'yellow_tripdata_2022-07.parquet' });
  await until('a new file is still counted', async () => (await trips()) === before + 1_000);
});

it('payloads of encodings that cannot be read stop nothing; JSON by another name is read', async () => {
  const before = await trips();
  const encodings = ['binary/protobuf', 'binary/encrypted', 'json/plain', ''];
  const send = (workflowId: string, signalName: string, encoding: string, data: string): Promise<unknown> =>
    connection.workflowService.signalWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId },
      signalName,
      input: { payloads: [{ metadata: { encoding: Buffer.from(encoding) }, data: Buffer.from(data) }] },
    });
  const names = {
    [watcherId('yellow')]: [
      'backfill',
      'fileArrived',
      'fileSettled',
      'rollbackSettled',
      'pause',
      'resume',
      'x',
    ],
    publisher: ['publish', 'rollbackLoad'],
    [governorId(new URL(server.url).host)]: ['originReport'],
  };
  for (const [workflowId, signals] of Object.entries(names))
    for (const signal of signals)
      for (const encoding of encodings) await send(workflowId, signal, encoding, '{"from');
  await send(
    watcherId('yellow'),
    'backfill',
    'json/protobuf',
    '{"from":"2022-03","to":"2022-03","id":"proto"}',
  );
  const { mistakes } = await until('the last one is understood', async () => {
    const now = await status();
    return now.backfills.some(({ id, looked }) => id === 'proto' && looked) && now;
  });
  expect(mistakes.find((mistake) => mistake.includes('binary/encrypted'))).toMatch(
    /^backfill \{"unreadable":"a payload of encoding binary\/encrypted that cannot be read; send JSON as json\/plain"\}/,
  );
  await write('2022-08');
  await watcher().signal('fileArrived', { filename: 'yellow_tripdata_2022-08.parquet' });
  await until('a new file is still counted', async () => (await trips()) === before + 1_000);
});

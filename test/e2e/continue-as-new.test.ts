/** The watcher starts anew after a few events here: no signal that it is sent meanwhile may be lost. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PUBLISHER_ID, watcherId, type WatcherStatus } from '../../workflows/messages.ts';
import { startFileServer, type FileServer } from '../support/file-server.ts';
import { startTemporalServer, type TemporalServer } from '../support/temporal-server.ts';
import { startTripline, type Tripline } from '../support/tripline.ts';
import { until } from '../support/until.ts';
import { writeTrips } from '../support/write-trips.ts';

/** Events; Temporal suggests to continue as new at 4,096 by default. */
const SUGGESTED_AT = 40;
const CONTINUATIONS = 3;
const FILES = 6;

const filenameOf = (month: string): string => `yellow_tripdata_${month}.parquet`;
let years = 2010;
/** Months that no other test has. */
const ownMonths = (): string[] => {
  years += 1;
  return Array.from({ length: FILES }, (_, index) => `${years}-0${index + 1}`);
};
const write = (month: string): Promise<void> =>
  writeTrips({ path: join(folder, filenameOf(month)), month, rows: 1_000 });
const folder = mkdtempSync(join(tmpdir(), 'tripline-continued-'));
let temporal: TemporalServer;
let server: FileServer;
let tripline: Tripline;
let connection: Connection;
let client: Client;

beforeAll(async () => {
  temporal = await startTemporalServer({
    dynamicConfig: [`limit.historyCount.suggestContinueAsNew=${SUGGESTED_AT}`],
  });
  server = await startFileServer(folder);
  // Polls never come by themselves within this test.
  tripline = await startTripline({
    sourceUrl: server.url,
    env: { TEMPORAL_ADDRESS: temporal.address, POLL_SECONDS: '3600' },
  });
  connection = await Connection.connect({ address: temporal.address });
  client = new Client({ connection });
  await until('the watcher answers', status);
});

afterAll(async () => {
  await connection?.close();
  await tripline?.stop();
  await server?.close();
  await temporal?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const watcher = () => client.workflow.getHandle(watcherId('yellow'));
const runId = async (): Promise<string> => (await watcher().describe()).runId;
const status = (): Promise<WatcherStatus> => watcher().query<WatcherStatus>('status');

it('hears every signal, in order, across its runs', { timeout: 120_000 }, async () => {
  const runs = new Set<string>();
  const sent: number[] = [];
  const heard = new Set<number>();
  // A backfill that makes no sense is answered in the status, the newest 20 of them: read before they are pushed out.
  const listen = async (): Promise<number[]> => {
    const numbers = (await status()).mistakes
      .map((mistake) => Number(/"from":(\d+)/.exec(mistake)?.[1]))
      // Other tests' have none.
      .filter((number) => !Number.isNaN(number));
    for (const number of numbers) heard.add(number);
    expect(numbers).toEqual(numbers.toSorted((one, other) => one - other));
    return numbers;
  };
  while (runs.size <= CONTINUATIONS) {
    for (let burst = 0; burst < 10; burst += 1) {
      sent.push(sent.length);
      await watcher().signal('backfill', { from: sent.length - 1 });
    }
    await until('the last of them is heard', async () => (await listen()).includes(sent.length - 1));
    runs.add(await runId());
  }
  expect([...heard].toSorted((one, other) => one - other)).toEqual(sent);
  console.info(`${sent.length} signals over ${runs.size} runs`);
});

it('looks for a file that arrived just then', { timeout: 120_000 }, async () => {
  const before = await runId();
  for (const month of ownMonths()) {
    const { trips } = await tripline.p90();
    await write(month);
    // All at once, so that the last of them is what makes it continue, or comes with it.
    const burst = Array.from({ length: SUGGESTED_AT }, () => watcher().signal('backfill', {}));
    await Promise.all([...burst, watcher().signal('fileArrived', { filename: filenameOf(month) })]);
    await until('the file is counted', async () => (await tripline.p90()).trips === trips + 1_000);
  }
  expect(await runId()).not.toBe(before);
});

it('stays paused in its next runs, with what it was told meanwhile', { timeout: 120_000 }, async () => {
  await watcher().signal('pause');
  await until('it is paused', async () => (await status()).paused);
  const paused = await runId();
  const [months, before] = [ownMonths(), await tripline.files()];
  await watcher().signal('backfill', { from: months[0], to: months.at(-1), force: true });
  for (const month of months) await write(month);
  for (let count = 0; count < SUGGESTED_AT; count += 1) await watcher().signal('backfill', {});
  await until('it has continued as new', async () => (await runId()) !== paused);
  expect(await status()).toMatchObject({ paused: true, inFlight: [], waiting: 0 });
  expect(await tripline.files()).toHaveLength(before.length);

  await watcher().signal('resume');
  const files = await tripline.settled(before.length + FILES, 90_000);
  expect(new Set(files.map(({ stage }) => stage))).toEqual(new Set(['PUBLISHED']));
  await until('all are counted', async () => (await tripline.p90()).trips === files.length * 1_000);
});

it('the publisher continues too: sequences go on', { timeout: 120_000 }, async () => {
  const runs = async (): Promise<number> =>
    (await client.workflow.count(`WorkflowId = '${PUBLISHER_ID}'`)).count;
  const months = ownMonths();
  for (const month of months) await write(month);
  const { length: others } = await tripline.files();
  for (const month of months) await watcher().signal('fileArrived', { filename: filenameOf(month) });
  await tripline.settled(others + FILES, 90_000);
  await until('all are counted', async () => (await tripline.p90()).trips === (others + FILES) * 1_000);
  const before = await tripline.p90();
  const runsBefore = await runs();
  let rounds = 0;
  do {
    rounds += 1;
    // A file that is being loaded just then is not loaded twice.
    await until('nothing is under way', async () => {
      const { inFlight, waiting } = await status();
      return inFlight.length === 0 && waiting === 0;
    });
    await watcher().signal('backfill', { from: months[0], to: months.at(-1), force: true });
    await until('all were published again', async () => {
      const { dataVersion } = await tripline.p90();
      return dataVersion >= before.dataVersion + rounds * FILES;
    });
  } while ((await runs()) === runsBefore && rounds < 10);
  expect(await runs()).toBeGreaterThan(runsBefore);
  expect(await tripline.p90()).toEqual({ ...before, dataVersion: before.dataVersion + rounds * FILES });
});

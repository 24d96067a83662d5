/** The watcher starts anew every few seconds here: no signal that it is sent meanwhile may be lost. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PUBLISHER_ID, watcherId, type WatcherStatus } from '../../workflows/messages.ts';
import { startTemporalServer, type TemporalServer } from '../support/temporal-server.ts';
import { startTripline, type Tripline } from '../support/tripline.ts';
import { until } from '../support/until.ts';
import { writeTrips } from '../support/write-trips.ts';

/** Events; Temporal suggests to continue as new at 4,096 by default. */
const SUGGESTED_AT = 40;
const CONTINUATIONS = 3;
const FILES = 6;

const folder = mkdtempSync(join(tmpdir(), 'tripline-continued-'));
let temporal: TemporalServer;
let tripline: Tripline;
let connection: Connection;
let client: Client;

beforeAll(async () => {
  temporal = await startTemporalServer({
    dynamicConfig: [`limit.historyCount.suggestContinueAsNew=${SUGGESTED_AT}`],
  });
  tripline = await startTripline({
    sourceUrl: `file://${folder}`,
    env: { TEMPORAL_ADDRESS: temporal.address },
  });
  connection = await Connection.connect({ address: temporal.address });
  client = new Client({ connection });
  await until('the watcher answers', status);
});

afterAll(async () => {
  await connection?.close();
  await tripline?.stop();
  await temporal?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const watcher = () => client.workflow.getHandle(watcherId('yellow'));
const status = (): Promise<WatcherStatus> => watcher().query<WatcherStatus>('status');

it('hears every signal, in order, across its runs', { timeout: 120_000 }, async () => {
  const runs = new Set<string>();
  const sent: number[] = [];
  const heard = new Set<number>();
  // A backfill that makes no sense is answered in the status, the newest 20 of them: read before they are pushed out.
  const listen = async (): Promise<number[]> => {
    const numbers = (await status()).mistakes.map((mistake) => Number(/"from":(\d+)/.exec(mistake)?.[1]));
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
    runs.add((await watcher().describe()).runId);
  }
  expect([...heard].toSorted((one, other) => one - other)).toEqual(sent);
  console.info(`${sent.length} signals over ${runs.size} runs`);
});

it('stays paused in its next runs, with what it was told meanwhile', { timeout: 120_000 }, async () => {
  await watcher().signal('pause');
  await until('it is paused', async () => (await status()).paused);
  const runId = async () => (await watcher().describe()).runId;
  const paused = await runId();
  await watcher().signal('backfill', { from: '2023-01', to: '2023-12', force: true });
  for (let month = 1; month <= FILES; month += 1) {
    const path = join(folder, `yellow_tripdata_2023-0${month}.parquet`);
    await writeTrips({ path, month: `2023-0${month}`, rows: 1_000 });
  }
  // Nothing else happens to a paused watcher: nonsense fills its history.
  for (let count = 0; count < SUGGESTED_AT; count += 1) await watcher().signal('backfill', {});
  await until('it still answers', async () => (await status()).mistakes.at(-1)?.startsWith('backfill {}'));
  expect((await status()).paused).toBe(true);
  expect(await tripline.files()).toEqual([]);

  await watcher().signal('resume');
  const files = await tripline.settled(FILES, 90_000);
  expect(files.map(({ stage }) => stage)).toEqual(Array.from({ length: FILES }, () => 'PUBLISHED'));
  expect((await tripline.p90()).trips).toBe(FILES * 1_000);
  await until('it has continued as new since', async () => (await runId()) !== paused);
  expect((await status()).problem).toBeNull();
});

it('the publisher continues too: sequences go on', { timeout: 120_000 }, async () => {
  const runs = async (): Promise<number> =>
    (await client.workflow.count(`WorkflowId = '${PUBLISHER_ID}'`)).count;
  await until('it has continued as new', async () => (await runs()) > 1);
  const before = await tripline.p90();
  await watcher().signal('backfill', { from: '2023-01', to: '2023-12', force: true });
  await until('all were published again', async () => {
    const { dataVersion } = await tripline.p90();
    return dataVersion >= before.dataVersion + FILES;
  });
  expect(await tripline.p90()).toEqual({ ...before, dataVersion: before.dataVersion + FILES });
});

/** Subscriptions over server-sent events: what fires, what does not, and how streams end. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { subscribe, type Subscription } from '../support/sse.ts';
import { startTripline, type Percentile, type Tripline } from '../support/tripline.ts';
import { until } from '../support/until.ts';
import { writeTrips } from '../support/write-trips.ts';

interface Progress {
  ingestionProgress: {
    paused: boolean | null;
    dataVersion: number;
    stages: { stage: string; count: number }[];
    underWay: { filename: string; stage: string; progress: { chunks: number; chunksDone: number } | null }[];
  };
}
interface Changed {
  p90Changed: Pick<Percentile, 'value' | 'trips' | 'tripsOver' | 'dataVersion'>;
}

const folder = mkdtempSync(join(tmpdir(), 'tripline-live-'));
const write = (month: string, rows: number) =>
  writeTrips({ path: join(folder, `yellow_tripdata_${month}.parquet`), month, rows, seed: rows });
const PROGRESS =
  'subscription { ingestionProgress { paused dataVersion stages { stage count } underWay { filename month stage updatedAt progress { chunks chunksDone } } } }';
const CHANGED =
  'subscription ($from: LocalDateTime, $to: LocalDateTime, $since: Count) { p90Changed(pickup: { from: $from, to: $to }, since: $since) { value trips tripsOver dataVersion } }';
const MARCH = { from: '2022-03-01', to: '2022-04-01' };
const APRIL = { from: '2022-04-01', to: '2022-05-01' };
let tripline: Tripline;

beforeAll(async () => {
  await write('2022-03', 1_000);
  await write('2022-04', 2_000);
  tripline = await startTripline({ sourceUrl: `file://${folder}` });
  await tripline.settled(2);
});

afterAll(async () => {
  await tripline?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Those of the test that runs. */
const streamsOfTest: { leave: () => void }[] = [];
afterEach(() => {
  for (const { leave } of streamsOfTest.splice(0)) leave();
});

async function kept<Stream extends { leave: () => void }>(subscribing: Promise<Stream>): Promise<Stream> {
  const stream = await subscribing;
  streamsOfTest.push(stream);
  return stream;
}

const changes = (variables: Record<string, unknown>, method: 'GET' | 'POST' = 'POST') =>
  kept(subscribe<Changed>(tripline.url, CHANGED, { variables, method }));
const progressOf = () => kept(subscribe<Progress>(tripline.url, PROGRESS));

/** Subscriptions that the gateway holds. */
async function open(): Promise<number> {
  const metrics = await (await fetch(`${tripline.url}/metrics`)).text();
  const counts = [...metrics.matchAll(/^tripline_subscriptions\{field="\w+"\} (\d+)$/gm)];
  expect(counts).toHaveLength(2);
  return counts.reduce((sum, [, count]) => sum + Number(count), 0);
}

async function answer(range: { from: string; to: string }): Promise<Changed['p90Changed']> {
  const { value, trips, tripsOver, dataVersion } = await tripline.p90(range);
  return { value, trips, tripsOver, dataVersion };
}

it('fires when a publication touched the range, and only then', { timeout: 60_000 }, async () => {
  const [march, april, all, progress] = await Promise.all([
    changes(MARCH),
    changes(APRIL, 'GET'),
    changes({}),
    progressOf(),
  ]);
  const streams: Subscription<unknown>[] = [march, april, all, progress];
  expect(streams.map(({ status, contentType }) => [status, contentType])).toEqual(
    streams.map(() => [200, 'text/event-stream']),
  );
  await until('the first progress is told', () => progress.events.length > 0);
  expect(await open()).toBe(4);

  await write('2022-05', 500);
  await until('a new file fires for everything', () => all.events.length === 1);
  await write('2022-03', 3_000);
  await until('a replacement fires', () => march.events.length === 1);
  expect(march.events).toEqual([{ p90Changed: await answer(MARCH) }]);
  const token = readFileSync(join(tripline.dataDir, 'operator-token'), 'utf8').trim();
  const rollback = 'mutation { rollback(filename: "yellow_tripdata_2022-03.parquet") { dataVersion } }';
  await until(
    'the rollback is taken, once the ingestion has ended',
    async () => (await tripline.graphql(rollback, {}, { token })).errors === undefined,
  );
  await until('a rollback fires', () => march.events.length === 2 && all.events.length === 3);
  expect(march.events[1]).toEqual({ p90Changed: await answer(MARCH) });
  expect(march.events[1]?.p90Changed.trips).toBe(1_000);

  const versions = all.events.map(({ p90Changed }) => p90Changed.dataVersion);
  expect(versions).toEqual([3, 4, 5]);
  expect(april.events).toEqual([]);
  const missed = await changes({ ...MARCH, since: 4 });
  await until('what was missed is told at once', () => missed.events.length === 1);
  expect(missed.events).toEqual(march.events.slice(1));

  // A publication is seen before what is recorded of it in `files`.
  const told = () => progress.events.map(({ ingestionProgress }) => ingestionProgress);
  await until('the rollback and what it makes of the file are told', () => {
    const last = told().at(-1);
    return (
      last?.dataVersion === 5 &&
      last.stages.some(({ stage, count }) => stage === 'QUARANTINED' && count === 1)
    );
  });
  const states = told();
  expect(states[0]).toMatchObject({ paused: false, dataVersion: 2, underWay: [] });
  expect(states.at(-1)?.stages).toEqual([
    ...['DISCOVERED', 'FETCHING', 'LOADING'].map((stage) => ({ stage, count: 0 })),
    { stage: 'PUBLISHED', count: 2 },
    { stage: 'QUARANTINED', count: 1 },
  ]);
  expect(new Set(states.map((state) => JSON.stringify(state))).size).toBe(states.length);
  expect(streams.flatMap(({ errors }) => errors)).toEqual([]);

  for (const { leave } of [...streams, missed]) leave();
  await until('the gateway holds nothing of them', async () => (await open()) === 0);
});

it('refuses what makes no sense, and holds nothing for a client that takes no events', async () => {
  const wrong = await changes({ from: '2022-04-01', to: '2022-03-01' });
  expect(await wrong.completed).toBe(true);
  expect(wrong.errors).toMatchObject([
    { message: 'from must be before to: the range is [from, to)', extensions: { code: 'BAD_USER_INPUT' } },
  ]);
  const response = await fetch(`${tripline.url}/graphql`, {
    method: 'POST',
    headers: { accept: 'application/json', 'content-type': 'application/json' },
    body: JSON.stringify({ query: CHANGED }),
  });
  expect(response.status).toBe(406);
  await until('the gateway holds nothing', async () => (await open()) === 0);
});

it('keeps idle streams alive, and ends them properly on SIGTERM', { timeout: 60_000 }, async () => {
  const streams = await Promise.all([changes(APRIL), changes({}), progressOf()]);
  await until('pings come', () => streams.every(({ pings }) => pings() >= 3));
  const { pid } = tripline.part('gateway');
  process.kill(pid, 'SIGTERM');
  expect(await Promise.all(streams.map(({ completed }) => completed))).toEqual([true, true, true]);
  await until('the process has ended', () => {
    try {
      return process.kill(pid, 0) && false;
    } catch {
      return true;
    }
  });
  await until('the gateway is back, and has asked the watcher', async () => {
    const { data } = await tripline.graphql<{ source: { paused: boolean | null } }>('{ source { paused } }');
    return tripline.part('gateway').pid !== pid && data?.source.paused === false;
  });
});

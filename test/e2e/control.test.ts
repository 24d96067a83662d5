/** What an operator can tell Tripline: by GraphQL, by the command line, and straight through Temporal. */
import { mkdtempSync, readFileSync, rmSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client, Connection, WorkflowUpdateFailedError } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createOracle, type OracleAnswer } from '../support/oracle.ts';
import { startFileServer, type FileServer } from '../support/file-server.ts';
import { startTripline, type Percentile, type Tripline } from '../support/tripline.ts';
import { until } from '../support/until.ts';
import { writeTrips } from '../support/write-trips.ts';
import { watcherId, type PublisherStatus, type WatcherStatus } from '../../workflows/messages.ts';

vi.setConfig({ testTimeout: 90_000 });

const folder = mkdtempSync(join(tmpdir(), 'tripline-control-'));
const name = (month: string) => `yellow_tripdata_${month}.parquet`;
const path = (month: string) => join(folder, name(month));
const write = (month: string, rows: number, columns: Record<string, string | null> = {}) =>
  writeTrips({ path: path(month), month, rows, seed: rows, columns });
/** A column that TLC's files must have. */
const WITHOUT_DISTANCE = { trip_distance: null };
const [MARCH, APRIL, MAY] = ['2022-03', '2022-04', '2022-05'] as const;
let lastYear = 2009;
/** One that no other test has, so that each finds things as it left them. */
const ownMonth = (): string => `${(lastYear += 1)}-06`;

let server: FileServer;
let tripline: Tripline;
let token: string;
let connection: Connection;
let client: Client;

beforeAll(async () => {
  await write(MARCH, 5_000);
  await write(APRIL, 1_000);
  server = await startFileServer(folder);
  // Polls come when they are asked for.
  tripline = await startTripline({ sourceUrl: server.url, env: { POLL_SECONDS: '3600' } });
  token = readFileSync(join(tripline.dataDir, 'operator-token'), 'utf8').trim();
  connection = await Connection.connect({ address: new URL(tripline.part('temporal').url).host });
  client = new Client({ connection });
  await tripline.settled(2);
});

afterAll(async () => {
  await connection?.close();
  await tripline?.stop();
  await server?.close();
  rmSync(folder, { recursive: true, force: true });
});

const watcher = () => client.workflow.getHandle(watcherId('yellow'));
const status = (): Promise<WatcherStatus> => watcher().query<WatcherStatus>('status');
/** Nothing is being ingested, and the gateway has seen every publication. */
async function idle(): Promise<void> {
  await until('nothing is being ingested', async () => {
    const { inFlight, waiting } = await status();
    return inFlight.length === 0 && waiting === 0;
  });
  const { lastSequence } = await client.workflow
    .getHandle('publisher')
    .query<PublisherStatus>('publisherStatus');
  await until('the gateway has seen it', async () => (await tripline.p90()).dataVersion === lastSequence);
}
/** Looks at the source once, and waits until what it found is ingested. */
async function poll(): Promise<void> {
  const { lastPollAtMs } = await status();
  await watcher().signal('fileArrived', { filename: name(MARCH) });
  await until('it has looked', async () => (await status()).lastPollAtMs !== lastPollAtMs);
  await idle();
}

interface Reply {
  accepted: boolean;
  source: { paused: boolean };
}

async function mutate<Data = Reply>(mutation: string): Promise<Data> {
  const { data, errors } = await tripline.graphql<Record<string, Data>>(
    `mutation { answer: ${mutation} }`,
    {},
    { token },
  );
  if (errors !== undefined) throw new Error(JSON.stringify(errors));
  return data?.['answer'] as Data;
}

async function refusal(mutation: string, options: { token?: string } = { token }) {
  const { data, errors } = await tripline.graphql(`mutation { answer: ${mutation} }`, {}, options);
  expect(data ?? null).toBeNull();
  return { code: errors?.[0]?.extensions?.code, message: errors?.[0]?.message };
}

interface FileState {
  filename: string;
  stage: string;
  reason: string | null;
  version: string;
  live: { version: string; dataVersion: number } | null;
}

async function file(month: string): Promise<FileState> {
  const { data } = await tripline.graphql<{ files: { nodes: FileState[] } }>(
    '{ files(first: 500) { nodes { filename stage reason version live { version dataVersion } } } }',
  );
  const found = data?.files.nodes.find(({ filename }) => filename === name(month));
  if (found === undefined) throw new Error(`no file of ${month}`);
  return found;
}

const answerOf = ({ value, trips, tripsOver }: OracleAnswer): OracleAnswer => ({ value, trips, tripsOver });
const SAMPLES = [
  'backfill(from: "2022-03", to: "2022-03") { id }',
  'pause { accepted }',
  'resume { accepted }',
  'retryQuarantined { accepted }',
  'rollback(filename: "x") { accepted }',
  'withdraw(filename: "x") { accepted }',
  'accept(filename: "x") { accepted }',
  'setLimits(maxConcurrent: 1) { accepted }',
];

describe('the operator token', () => {
  it.each(SAMPLES)('guards %s', async (mutation) => {
    for (const options of [{}, { token: 'a-token-of-somebody-else' }]) {
      expect(await refusal(mutation, options)).toEqual({
        code: 'UNAUTHENTICATED',
        message: expect.stringMatching(/Authorization: Bearer .*operator-token in DATA_DIR/),
      });
    }
    expect((await status()).paused).toBe(false);
  });

  it('does not help a GET: that never changes anything', async () => {
    const query = new URLSearchParams({ query: 'mutation { pause { accepted } }' });
    const response = await fetch(`${tripline.url}/graphql?${query}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(response.status).toBe(405);
    expect((await status()).paused).toBe(false);
  });

  it('is not needed for questions', async () => {
    expect((await tripline.p90()).trips).toBeGreaterThanOrEqual(6_000);
  });
});

describe('GraphQL refuses what makes no sense', () => {
  it.each([
    ['backfill(from: "2022-13", to: "2022-14") { id }', /"from" must be a month, as in "2023-01"/],
    ['backfill(from: "2022-03", to: "2022-02") { id }', /"from" is after "to"/],
    ['backfill(from: "", to: "2022-02") { id }', /"from" must be a month/],
    ['retryQuarantined(filenames: []) { accepted }', /"filenames" is empty/],
    ['retryQuarantined(filenames: [""]) { accepted }', /1 to 1000 characters/],
    ['rollback(filename: "") { accepted }', /1 to 1000 characters/],
    ['withdraw(filename: "") { accepted }', /1 to 1000 characters/],
    ['accept(filename: "") { accepted }', /1 to 1000 characters/],
    ['setLimits { accepted }', /expected \{"minConcurrent": 1/],
    [
      'setLimits(minConcurrent: 5, maxConcurrent: 2) { accepted }',
      /minConcurrent 5 is above maxConcurrent 2/,
    ],
    ['setLimits(maxConcurrent: 0) { accepted }', /whole number from 1/],
  ])('%s', async (mutation, message) => {
    expect(await refusal(mutation)).toEqual({
      code: 'BAD_USER_INPUT',
      message: expect.stringMatching(message),
    });
  });

  it.each([
    ['rollback(filename: "no_such_file.parquet") { accepted }', 'NOT_FOUND', /there is no file no_such_file/],
    [
      'retryQuarantined(filenames: ["no_such.parquet"]) { accepted }',
      'NOT_FOUND',
      /there is no file no_such/,
    ],
    [
      `retryQuarantined(filenames: ["${name(MARCH)}"]) { accepted }`,
      'CONFLICT',
      /is PUBLISHED, not QUARANTINED/,
    ],
    [`rollback(filename: "${name(MARCH)}") { accepted }`, 'CONFLICT', /nothing to go back to/],
    ['setLimits(maxConcurrent: 4, host: "nowhere") { accepted }', 'NOT_FOUND', /Nothing was asked of/],
  ])('%s: %s', async (mutation, code, message) => {
    expect(await refusal(mutation)).toEqual({ code, message: expect.stringMatching(message) });
  });
});

it('pause and resume say how the source is afterwards, and so does whoever is asked next', async () => {
  const paused = async () =>
    (await tripline.graphql<Pick<Reply, 'source'>>('{ source { paused } }')).data?.source.paused;
  expect(await paused()).toBe(false);
  expect(await mutate('pause { accepted source { paused } }')).toEqual({
    accepted: true,
    source: { paused: true },
  });
  expect(await paused()).toBe(true);
  expect((await mutate('resume { accepted source { paused } }')).source.paused).toBe(false);
  expect(await paused()).toBe(false);
  await idle();
});

it('setLimits reaches the governor of the source’s host', async () => {
  const { host } = new URL(server.url);
  expect(await mutate('setLimits(maxConcurrent: 7) { accepted host minConcurrent maxConcurrent }')).toEqual({
    accepted: true,
    host,
    minConcurrent: 1,
    maxConcurrent: 7,
  });
  const view = await client.workflow.getHandle(`origin:${host}`).query<{ limits: unknown }>('originView');
  expect(view.limits).toEqual({ minConcurrent: 1, maxConcurrent: 7 });
});

interface Backfill {
  id: string;
  found: number;
  remaining: number;
  looked: boolean;
}

async function backfilled(id: string): Promise<Backfill> {
  const backfill = await until(`backfill ${id} is done`, async () => {
    const { data } = await tripline.graphql<{ source: { backfills: Backfill[] } }>(
      '{ source { backfills { id from to force found remaining looked } } }',
    );
    const found = data?.source.backfills.find((each) => each.id === id);
    return found?.looked === true && found.remaining === 0 && found;
  });
  await idle();
  return backfill;
}

it('a backfill can be followed; forced, it covers files that the source no longer lists', async () => {
  await write(MAY, 2_000);
  await poll();
  const before = await tripline.p90();
  const calm = await mutate<{ id: string }>(
    'backfill(from: "2022-03", to: "2022-05") { id source { paused } }',
  );
  expect(await backfilled(calm.id)).toMatchObject({ found: 0, force: false, from: MARCH, to: MAY });
  expect(await tripline.p90()).toEqual(before);

  unlinkSync(path(MAY));
  const sent = server.bytesSent();
  const forced = await mutate<{ id: string }>('backfill(from: "2022-04", to: "2022-05", force: true) { id }');
  expect(await backfilled(forced.id)).toMatchObject({ found: 2 });
  expect(await tripline.p90()).toEqual({ ...before, dataVersion: before.dataVersion + 2 });
  expect(await file(MAY)).toMatchObject({ stage: 'PUBLISHED' });
  expect(server.bytesSent()).toBe(sent);
});

interface RolledBack {
  dataVersion: number;
  version: string;
  heldBack: string;
  file: { stage: string; reason: string };
}
const rollBack = (month: string): Promise<RolledBack> =>
  mutate<RolledBack>(
    `rollback(filename: "${name(month)}") { dataVersion version heldBack file { stage reason } }`,
  );
const rangeOf = (month: string) => ({ from: `${month}-01T00:00:00`, to: `${month}-28T00:00:00` });
const oracleSaysOf = async (month: string): Promise<OracleAnswer> => {
  const oracle = await createOracle([path(month)]);
  const answer = await oracle.p90(rangeOf(month));
  oracle.close();
  return answer;
};

/** @returns a month whose first version was replaced */
async function replaced({ first = 5_000, second = 8_000 } = {}) {
  const month = ownMonth();
  await write(month, first);
  await poll();
  const old = { answer: await oracleSaysOf(month), version: (await file(month)).version };
  await write(month, second);
  await poll();
  return { month, old, newer: { answer: await oracleSaysOf(month), version: (await file(month)).version } };
}

describe('rollback', () => {
  it('brings the old answer back under a new data version, and nothing else between', async () => {
    const month = ownMonth();
    await write(month, 5_000);
    await poll();
    const seen: Percentile[] = [];
    let polling = true;
    const polled = (async () => {
      while (polling) {
        seen.push(await tripline.p90(rangeOf(month)));
        // Without it the tests beside this one would get no processor.
        await pause(5);
      }
    })();
    const old = await oracleSaysOf(month);
    await until('the first version was seen', () => seen.length > 0);
    const { version: first } = await file(month);
    await write(month, 8_000);
    const newer = await oracleSaysOf(month);
    await poll();
    await until('the replacement is counted', () => seen.at(-1)?.trips === newer.trips);
    const { dataVersion, version } = { dataVersion: seen.at(-1)?.dataVersion ?? 0, ...(await file(month)) };

    const back = await rollBack(month);
    expect(back).toEqual({
      dataVersion: expect.any(Number),
      version: first,
      heldBack: version,
      file: { stage: 'QUARANTINED', reason: expect.stringMatching(/^HELD_BACK: rolled back to version /) },
    });
    expect(back.dataVersion).toBeGreaterThan(dataVersion);
    const now = await tripline.p90(rangeOf(month));
    expect(answerOf(now)).toEqual(old);
    expect(now.dataVersion).toBe(back.dataVersion);
    await until('the poller saw it', () => seen.at(-1)?.dataVersion === back.dataVersion);
    polling = false;
    await polled;

    const states = [old, newer, old].map((answer) => JSON.stringify(answer));
    const passed = seen
      .map((answer) => JSON.stringify(answerOf(answer)))
      .filter((answer, index, all) => answer !== all[index - 1]);
    expect(passed).toEqual(states);
    const versions = seen.map((answer) => answer.dataVersion);
    expect(versions).toEqual([...versions].sort((one, other) => one - other));
  });

  it('cannot go back further than there is anything', async () => {
    const { month } = await replaced();
    await rollBack(month);
    expect(await refusal(`rollback(filename: "${name(month)}") { accepted }`)).toMatchObject({
      code: 'CONFLICT',
    });
  });

  it('holds the version back from polls and from forced backfills, until a retry, from the lake', async () => {
    const { month, newer } = await replaced();
    await rollBack(month);
    const before = await file(month);
    expect(before).toMatchObject({ stage: 'QUARANTINED', version: newer.version });
    expect(before.live?.version).not.toBe(newer.version);
    await poll();
    await poll();
    const { id } = await mutate<{ id: string }>(
      `backfill(from: "${month}", to: "${month}", force: true) { id }`,
    );
    expect(await backfilled(id)).toMatchObject({ found: 0 });
    expect(await file(month)).toEqual(before);

    const sent = server.bytesSent();
    const rolledBack = await tripline.p90();
    expect(
      await mutate(`retryQuarantined(filenames: ["${name(month)}"]) { accepted retrying remaining }`),
    ).toEqual({ accepted: true, retrying: [name(month)], remaining: 0 });
    await until('it is live again', async () => (await file(month)).live?.version === newer.version);
    await idle();
    // What was asked just before is shown for a second.
    await expect
      .poll(() => file(month), { timeout: 5_000 })
      .toMatchObject({ stage: 'PUBLISHED', reason: null, version: newer.version });
    const after = await tripline.p90();
    expect(after.trips).toBe(rolledBack.trips + 3_000);
    expect(after.dataVersion).toBeGreaterThan(rolledBack.dataVersion);
    expect(server.bytesSent()).toBe(sent);
  });

  it('a new version at the source ends the hold', async () => {
    const { month, old } = await replaced();
    await rollBack(month);
    expect((await file(month)).reason).toMatch(/^HELD_BACK: /);
    await write(month, 6_000);
    await poll();
    const now = await file(month);
    expect(now).toMatchObject({ stage: 'PUBLISHED', reason: null });
    expect(now.live?.version).toBe(now.version);
    expect(answerOf(await tripline.p90(rangeOf(month)))).toEqual(await oracleSaysOf(month));
    // The one under it is the first one, not the one that was rolled back.
    await rollBack(month);
    expect(answerOf(await tripline.p90(rangeOf(month)))).toEqual(old.answer);
  });
});

describe('retry of a quarantined file', () => {
  it('reads the lake where it is whole there; what was fixed at the source comes in', async () => {
    // What other tests left held back.
    await mutate('retryQuarantined { accepted }');
    await idle();
    const { month: held } = await replaced({ first: 5_000, second: 6_000 });
    await rollBack(held);
    const month = ownMonth();
    await write(month, 1_000, WITHOUT_DISTANCE);
    await poll();
    const before = await file(month);
    expect(before.reason).toMatch(/^MISSING_COLUMN: /);
    // Nothing has changed: it is refused again.
    await mutate(`retryQuarantined(filenames: ["${name(month)}"]) { accepted }`);
    await idle();
    expect(await file(month)).toMatchObject({ stage: 'QUARANTINED', version: before.version });

    const { trips } = await tripline.p90();
    await write(month, 1_500);
    const { retrying } = await mutate<{ retrying: string[] }>('retryQuarantined { retrying }');
    // The one that is held back is retried too: all of them are.
    expect(retrying).toEqual([name(held), name(month)]);
    await until('both are published', async () =>
      (await tripline.files()).every(({ stage }) => stage === 'PUBLISHED'),
    );
    await idle();
    // The held one goes from the 5,000 trips of its first version to the 6,000 of its last.
    expect((await tripline.p90()).trips).toBe(trips + 1_000 + 1_500);
    expect(await mutate('retryQuarantined { accepted retrying }')).toEqual({ accepted: true, retrying: [] });
    await idle();
  });
});

describe('straight through Temporal', () => {
  const update = (update: string, argument?: unknown): Promise<unknown> =>
    argument === undefined
      ? watcher().executeUpdate(update)
      : watcher().executeUpdate<unknown, [unknown]>(update, { args: [argument] });
  const failure = async (asked: Promise<unknown>): Promise<string> => {
    const error = await asked.then(
      () => new Error('it was accepted'),
      (mistake: unknown) => mistake,
    );
    if (!(error instanceof WorkflowUpdateFailedError)) throw error;
    return error.cause?.message ?? '';
  };

  it('updates do the same', async () => {
    await mutate('retryQuarantined { accepted }');
    await idle();
    const { month, old } = await replaced({ first: 1_000, second: 3_000 });
    const trips = (await tripline.p90()).trips;
    const back = await update('rollback', { filename: name(month) });
    expect(back).toMatchObject({ filename: name(month), version: old.version });
    await until('it is seen', async () => (await tripline.p90()).trips === trips - 2_000);
    expect(await update('retryQuarantined', { filenames: [name(month)] })).toEqual({
      retrying: [name(month)],
      remaining: 0,
    });
    await until('it is back', async () => (await tripline.p90()).trips === trips);
    await idle();
    expect(await update('retryQuarantined')).toEqual({ retrying: [], remaining: 0 });
  });

  it('never goes back to a load that the sweep was given', async () => {
    const { month, newer } = await replaced();
    const loads = await tripline.sql(
      `SELECT DISTINCT load_id FROM loads WHERE filename = '${name(month)}' FORMAT TSV`,
    );
    const loadIds = loads.trim().split('\n');
    const publisher = client.workflow.getHandle('publisher');
    const given = await publisher.executeUpdate<string[], [unknown]>('releaseLoads', { args: [{ loadIds }] });
    expect(given).toEqual(loadIds);
    expect(await refusal(`rollback(filename: "${name(month)}") { accepted }`)).toEqual({
      code: 'CONFLICT',
      message: `${name(month)}: the load before is being swept`,
    });
    const { version } = newer;
    expect(await file(month)).toMatchObject({ stage: 'PUBLISHED', version, live: { version } });
  });

  it('refuses malformed ones with what would be right, and goes on', async () => {
    expect(await failure(update('rollback'))).toMatch(/expected \{"filename"/);
    expect(await failure(update('rollback', 'x'))).toMatch(/expected \{"filename"/);
    expect(await failure(update('rollback', { filename: 7 }))).toMatch(/a filename is a text; got 7/);
    expect(await failure(update('withdraw'))).toMatch(/expected \{"filename"/);
    expect(await failure(update('accept', { filename: 7 }))).toMatch(/a filename is a text; got 7/);
    expect(await failure(update('retryQuarantined', 7))).toMatch(/expected \{"filenames"/);
    expect(await failure(update('retryQuarantined', { filenames: 'x' }))).toMatch(/must be a list/);
    expect(await failure(update('rollback', { filename: 'x' }))).toMatch(/there is no file x/);
    await idle();
    const publisher = client.workflow.getHandle('publisher');
    await publisher.signal('publish', { load: { loadId: 'x' }, replyTo: 'nobody' });
    for (const nonsense of [undefined, 7, { source: 'yellow' }]) {
      await publisher.signal('rollbackLoad', nonsense);
      await publisher.signal('withdrawFile', nonsense);
    }
    await watcher().signal('rollbackSettled', 7);
    await watcher().signal('withdrawalSettled', 7);
    expect(await failure(publisher.executeUpdate<unknown, [unknown]>('releaseLoads', { args: [7] }))).toMatch(
      /loadIds/,
    );

    for (const workflowId of [watcherId('yellow'), 'publisher']) {
      const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
      const failed = events?.filter((event) => event.workflowTaskFailedEventAttributes);
      expect(failed).toEqual([]);
    }
    const month = ownMonth();
    await write(month, 500);
    await poll();
    expect(await file(month)).toMatchObject({ stage: 'PUBLISHED' });
  });
});

/** Files that are copied, renamed, deleted, withdrawn and accepted: what is at the source is counted once. */
import { copyFileSync, mkdtempSync, readFileSync, renameSync, rmSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { watcherId } from '../../workflows/messages.ts';
import { startTripline, type Tripline } from '../support/tripline.ts';
import { until } from '../support/until.ts';
import { writeTrips } from '../support/write-trips.ts';

vi.setConfig({ testTimeout: 60_000 });

const folder = mkdtempSync(join(tmpdir(), 'tripline-changes-'));
const name = (month: string): string => `yellow_tripdata_${month}.parquet`;
const path = (month: string): string => join(folder, name(month));
const ROWS = { '2022-03': 3_000, '2022-04': 400, '2022-05': 50 } as const;
let tripline: Tripline;
let token: string;
let connection: Connection;
let client: Client;

beforeAll(async () => {
  for (const [month, rows] of Object.entries(ROWS)) await writeTrips({ path: path(month), month, rows });
  // It looks each second, as tests here wait for looks that find nothing.
  tripline = await startTripline({ sourceUrl: `file://${folder}`, env: { POLL_SECONDS: '1' } });
  token = readFileSync(join(tripline.dataDir, 'operator-token'), 'utf8').trim();
  connection = await Connection.connect({ address: new URL(tripline.part('temporal').url).host });
  client = new Client({ connection });
  await tripline.settled(3);
});

afterAll(async () => {
  await connection?.close();
  await tripline?.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface FileState {
  filename: string;
  stage: string;
  reason: string | null;
  gone: string | null;
  live: { trips: number; dataVersion: number } | null;
}

async function files(): Promise<Map<string, FileState>> {
  const { data } = await tripline.graphql<{ files: { nodes: FileState[] } }>(
    '{ files(first: 500) { nodes { filename stage reason gone live { trips dataVersion } } } }',
  );
  return new Map(data?.files.nodes.map((file) => [file.filename, file]));
}

const file = (month: string, what: string, is: (file: FileState) => boolean): Promise<FileState> =>
  until(`${name(month)} ${what}`, async () => {
    const found = (await files()).get(name(month));
    return found !== undefined && is(found) && found;
  });
const isCounted = ({ live, stage }: FileState): boolean => live !== null && stage === 'PUBLISHED';
const isHeld =
  (code: string) =>
  ({ stage, reason }: FileState): boolean =>
    stage === 'QUARANTINED' && reason?.startsWith(`${code}:`) === true;

const mutation = <Answer>(field: string) =>
  tripline.graphql<{ answer: Answer | null }>(`mutation { answer: ${field} }`, {}, { token });

/** An ingestion ends a moment after its file was recorded: until then the answer is "later". */
async function mutate<Answer>(field: string): Promise<Answer> {
  const { data, errors } = await until(`${field} may be asked`, async () => {
    const told = await mutation<Answer>(field);
    return told.errors?.some(({ message }) => message.endsWith('when that has ended')) ? false : told;
  });
  if (data?.answer === undefined || data.answer === null) throw new Error(JSON.stringify(errors));
  return data.answer;
}
async function conflict(field: string): Promise<string> {
  const { errors } = await mutation(field);
  return errors === undefined ? 'done' : JSON.stringify(errors);
}

/** The watcher has looked at the source, from the beginning, and nothing is under way. */
async function settled(): Promise<void> {
  const status = () =>
    client.workflow
      .getHandle(watcherId('yellow'))
      .query<{ lastPollAtMs: number; inFlight: string[]; waiting: number }>('status');
  const { lastPollAtMs } = await status();
  await until('it has looked twice and is idle', async () => {
    const now = await status();
    // The first one may have begun before.
    return now.lastPollAtMs > lastPollAtMs + 1_500 && now.inFlight.length === 0 && now.waiting === 0;
  });
}

const total = async (): Promise<number> => (await tripline.p90()).trips;
const asOf = async (sequence: number): Promise<number | string> => {
  const { data, errors } = await tripline.graphql<{ p90: { trips: number } }>(
    `{ p90(asOf: ${sequence}) { trips } }`,
  );
  return data?.p90.trips ?? String(errors?.[0]?.extensions?.code);
};
const ALL = 3_450;

beforeEach(async () => {
  const trips = await total();
  if (trips !== ALL) throw new Error(`${trips} trips before the test`);
});

it('a copy is counted once, in whichever name, and takes over when the other one goes', async () => {
  copyFileSync(path('2022-04'), path('2022-04 (1)'));
  copyFileSync(path('2022-04'), path('2022-10'));
  const copy = await file('2022-04 (1)', 'is held', isHeld('DUPLICATE'));
  expect(copy.reason).toMatch(/^DUPLICATE: its bytes are counted as yellow_tripdata_2022-04.parquet already/);
  await file('2022-10', 'is held', isHeld('DUPLICATE'));
  expect(await total()).toBe(ALL);
  expect(await conflict(`accept(filename: "${name('2022-10')}") { accepted }`)).toMatch(
    /the same bytes are counted once. Withdraw yellow_tripdata_2022-04.parquet first/,
  );
  unlinkSync(path('2022-10'));
  const { dataVersion } = await tripline.p90();
  unlinkSync(path('2022-04'));
  const took = await file('2022-04 (1)', 'is counted', isCounted);
  // Both changes in one publication.
  expect(took.live).toEqual({ trips: 400, dataVersion: dataVersion + 1 });
  expect((await files()).get(name('2022-04'))).toMatchObject({ live: null, gone: expect.any(String) });
  expect([await asOf(dataVersion), await total()]).toEqual([ALL, ALL]);
  // Back at its own name.
  renameSync(path('2022-04 (1)'), path('2022-04'));
  await file('2022-04', 'is counted', isCounted);
  expect((await files()).get(name('2022-04 (1)'))).toMatchObject({
    live: null,
    gone: expect.any(String),
    reason: expect.stringMatching(/^DUPLICATE: .* it took its place when this name was gone/),
  });
});

it('withdraw takes a file out of every answer, and keeps it out, until a rollback', async () => {
  const { dataVersion: before } = await tripline.p90();
  const april = { from: '2022-04-10', to: '2022-04-20' };
  const { dataVersion: untouched } = await tripline.p90(april);
  const answer = await mutate<{ dataVersion: number; file: FileState }>(
    `withdraw(filename: "${name('2022-03')}") { dataVersion version file { stage reason } }`,
  );
  expect(answer.dataVersion).toBe(before + 1);
  expect(answer.file).toMatchObject({ stage: 'QUARANTINED', reason: expect.stringMatching(/^WITHDRAWN: /) });
  const march = await tripline.p90({ from: '2022-03-10', to: '2022-03-20' });
  expect(march).toMatchObject({ trips: 0, dataVersion: before + 1 });
  expect((await tripline.p90(april)).dataVersion).toBe(untouched);
  expect([await total(), await asOf(before)]).toEqual([ALL - 3_000, ALL]);
  // Polls, forced backfills, retries and repairs leave it out.
  await mutate('backfill(from: "2022-03", to: "2022-03", force: true) { id }');
  await mutate('retryQuarantined { retrying }');
  const repaired = await client.workflow.execute('reconcile', {
    taskQueue: 'tripline',
    workflowId: 'reconcile',
    args: [{ source: 'yellow', repair: true }],
  });
  expect(
    repaired.differences.filter(({ filename }: { filename: string }) => filename === name('2022-03')),
  ).toEqual([]);
  await settled();
  expect(await total()).toBe(ALL - 3_000);
  expect(await conflict(`withdraw(filename: "${name('2022-03')}") { accepted }`)).toMatch(
    /nothing of yellow_tripdata_2022-03.parquet is counted/,
  );
  expect(await conflict(`retryQuarantined(filenames: ["${name('2022-03')}"]) { accepted }`)).toMatch(
    /was taken out: accept counts it again/,
  );
  expect(await conflict('withdraw(filename: "x.parquet") { accepted }')).toMatch(
    /there is no file x.parquet/,
  );
  const back = await mutate(
    `rollback(filename: "${name('2022-03')}") { dataVersion heldBack file { stage reason } }`,
  );
  expect(back).toEqual({
    dataVersion: before + 2,
    heldBack: null,
    file: { stage: 'PUBLISHED', reason: null },
  });
  await settled();
  expect([await total(), await asOf(before + 1)]).toEqual([ALL, ALL - 3_000]);
});

it('a withdrawn file comes back from the lake once its load is swept, by accept, and as another version', async () => {
  const march = name('2022-03');
  const out = () => mutate<{ dataVersion: number }>(`withdraw(filename: "${march}") { dataVersion }`);
  const { dataVersion } = await out();
  // As after KEEP_LOADS_HOURS.
  const [loadId] = (
    await tripline.sql(
      `SELECT load_id FROM loads WHERE filename = '${march}' AND kind = 'published' ORDER BY sequence DESC LIMIT 1 FORMAT TSV`,
    )
  ).split('\n');
  await tripline.sql(
    `INSERT INTO loads (sequence, kind, source, filename, load_id) VALUES (0, 'condemned', 'yellow', '${march}', '${loadId}')`,
  );
  for (const table of ['trips', 'trips_by_hour', 'trips_by_day'])
    await tripline.sql(`DELETE FROM ${table} WHERE load_id = '${loadId}'`);
  const back = await mutate<{ dataVersion: number }>(`rollback(filename: "${march}") { dataVersion }`);
  expect(back.dataVersion).toBeGreaterThan(dataVersion);
  expect(await total()).toBe(ALL);
  expect((await files()).get(march)).toMatchObject({ stage: 'PUBLISHED', live: { trips: 3_000 } });

  await out();
  // A copy of what was taken out does not bring it in.
  copyFileSync(path('2022-03'), path('2022-11'));
  expect((await file('2022-11', 'is held', isHeld('DUPLICATE'))).reason).toMatch(/an operator has taken out/);
  expect(await total()).toBe(ALL - 3_000);
  unlinkSync(path('2022-11'));
  await mutate(`accept(filename: "${march}") { accepted }`);
  await file('2022-03', 'is counted', isCounted);
  await settled();
  expect(await total()).toBe(ALL);
  expect(await conflict(`accept(filename: "${march}") { accepted }`)).toMatch(
    /is PUBLISHED, not QUARANTINED/,
  );

  await out();
  await writeTrips({ path: path('2022-03'), month: '2022-03', rows: 3_000, seed: 9 });
  await file('2022-03', 'is counted', isCounted);
});

it('a file that is gone at the source is shown as gone, and stays counted', async () => {
  renameSync(path('2022-05'), join(folder, 'aside'));
  const gone = await file('2022-05', 'is gone', (found) => found.gone !== null);
  expect(gone).toMatchObject({ stage: 'PUBLISHED', live: { trips: 50 } });
  const { data } = await tripline.graphql<{ source: { gone: number } }>('{ source { gone } }');
  expect(data?.source.gone).toBeGreaterThan(0);
  expect(await total()).toBe(ALL);
  renameSync(join(folder, 'aside'), path('2022-05'));
  await file('2022-05', 'is back', (found) => found.gone === null);
  expect(await total()).toBe(ALL);
});

/** Loaded as it is, and taken away again. */
async function judged(filename: string, trips: number): Promise<string> {
  const held = await until(`${filename} is held back`, async () => {
    const found = (await files()).get(filename);
    return found?.stage === 'QUARANTINED' && found;
  });
  expect(held.live).toBeNull();
  expect(await total()).toBe(ALL);
  await mutate(`accept(filename: "${filename}") { accepted }`);
  await until(`${filename} is counted`, async () => (await files()).get(filename)?.stage === 'PUBLISHED');
  // What is accepted stays so.
  const month = /\d{4}-\d\d/.exec(filename)?.[0];
  const { id } = await mutate<{ id: string }>(
    `backfill(from: "${month}", to: "${month}", force: true) { id }`,
  );
  await until('it is loaded again', async () => {
    const { data } = await tripline.graphql<{
      source: { backfills: { id: string; looked: boolean; remaining: number }[] };
    }>('{ source { backfills { id looked remaining } } }');
    return data?.source.backfills.some((each) => each.id === id && each.looked && each.remaining === 0);
  });
  expect((await files()).get(filename)).toMatchObject({ stage: 'PUBLISHED', live: { trips } });
  expect(await total()).toBe(ALL + trips);
  unlinkSync(join(folder, filename));
  await mutate(`withdraw(filename: "${filename}") { accepted }`);
  return held.reason ?? '';
}

it('a file most of whose trips lie outside the month in its name is held back until accept', async () => {
  await writeTrips({ path: path('2022-08'), month: '2022-07', rows: 70, seed: 3 });
  expect(await judged(name('2022-08'), 70)).toMatch(
    /^OTHER_MONTH: 70 of 70 trips lie outside 2022-08, .* most \(70\) in 2022-07/,
  );
});

it('a file that loses too many of its rows, or all, is held back until accept, and points tell how many', async () => {
  const lost = (share: string) => ({
    trip_distance: `CASE WHEN i % 10 < ${share} THEN NULL ELSE 1.5 + i END`,
  });
  await writeTrips({ path: path('2022-06'), month: '2022-06', rows: 80, seed: 4, columns: lost('10') });
  expect(await judged(name('2022-06'), 0)).toMatch(
    /^REJECTED_ROWS: 80 of 80 rows \(100 %\) are no trips, so that nothing is left: 80 × no distance/,
  );
  await writeTrips({ path: path('2022-07'), month: '2022-07', rows: 80, seed: 5, columns: lost('1') });
  const july = name('2022-07');
  await until('it is held back', async () =>
    (await files()).get(july)?.reason?.startsWith('REJECTED_ROWS: 8 of 80'),
  );
  await mutate(`accept(filename: "${july}") { accepted }`);
  await file('2022-07', 'is counted', isCounted);
  const { data } = await tripline.graphql<{ p90Series: { points: { trips: number; rejected: number }[] } }>(
    '{ p90Series(bucket: MONTH, pickup: { from: "2022-05-01", to: "2022-08-01" }) { points { trips rejected } } }',
  );
  expect(data?.p90Series.points).toEqual([
    { trips: 50, rejected: 0 },
    { trips: 0, rejected: 0 },
    { trips: 72, rejected: 8 },
  ]);
  unlinkSync(path('2022-07'));
  await mutate(`withdraw(filename: "${july}") { accepted }`);
});

it('a file of another data set, by its name, is held back until accept', async () => {
  const filename = 'fhvhv_tripdata_2022-09.parquet';
  await writeTrips({ path: join(folder, filename), month: '2022-09', rows: 60, seed: 6 });
  expect(await judged(filename, 60)).toMatch(
    /^OTHER_DATA_SET: by its name it is of the data set fhvhv, not of yellow/,
  );
});

/** `npm run tripline -- …` against a running Tripline. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { startFileServer, type FileServer } from '../support/file-server.ts';
import { startTripline, type Tripline } from '../support/tripline.ts';
import { until } from '../support/until.ts';
import { writeTrips } from '../support/write-trips.ts';
import { programArguments } from '../../config/program/program.ts';

// Every command is a process of its own, which takes seconds on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const folder = mkdtempSync(join(tmpdir(), 'tripline-command-line-'));
const name = (month: string) => `yellow_tripdata_${month}.parquet`;
const write = (month: string, rows: number, columns: Record<string, string | null> = {}) =>
  writeTrips({ path: join(folder, name(month)), month, rows, columns });
let server: FileServer;
let tripline: Tripline;

beforeAll(async () => {
  await write('2022-03', 1_000);
  await write('2022-04', 2_000);
  await write('2022-05', 500, { trip_distance: null });
  server = await startFileServer(folder);
  tripline = await startTripline({ sourceUrl: server.url, env: { POLL_SECONDS: '3600' } });
  await tripline.settled(3);
});

afterAll(async () => {
  await tripline?.stop();
  await server?.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Run {
  code: number;
  out: string;
  err: string;
}

function run(line: string, env: Record<string, string> = {}): Promise<Run> {
  const args = [...programArguments('cli/main.ts'), ...line.split(' ').filter((word) => word !== '')];
  const options = { env: { ...process.env, DATA_DIR: tripline.dataDir, OPERATOR_TOKEN: '', ...env } };
  return new Promise((resolve) => {
    execFile(process.execPath, args, options, (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, out, err });
    });
  });
}

/** What a command says; fails when it does. */
async function said(line: string): Promise<string> {
  const { code, out, err } = await run(line);
  expect({ line, code, err }).toEqual({ line, code: 0, err: '' });
  return out;
}

const json = async <Document>(line: string): Promise<Document> =>
  JSON.parse(await said(`${line} --json`)) as Document;

it('status, files and p90 say what GraphQL says', async () => {
  const status = await said('status');
  expect(status).toMatch(/^source +yellow at http/);
  expect(status).toMatch(/^state +watching$/m);
  expect(status).toMatch(/^files +2 published, 1 quarantined$/m);
  expect(await json('status')).toMatchObject({ name: 'yellow', paused: false, mistakes: [] });

  const files = await said('files');
  expect(files.split('\n')[0]).toBe(`${name('2022-03')}  published    1,000 trips live`);
  expect(await said('files --stage QUARANTINED')).toMatch(
    /^yellow_tripdata_2022-05.parquet  quarantined  not live  MISSING_COLUMN: .*\n$/,
  );
  expect(await json<unknown[]>('files')).toHaveLength(3);

  const { value, trips, tripsOver, dataVersion } = await tripline.p90({ from: '2022-03-05T00:00:00' });
  expect(await json('p90 --from 2022-03-05')).toMatchObject({ value, trips, tripsOver, dataVersion });
  expect(await said('p90')).toMatch(/^\d+(\.\d+)? miles: p90 of 3,000 trips, 300 of them longer\n/);
  expect(await said('p90 --to 1950-01-01')).toMatch(/^No trips in this range\./);
});

it('pause and resume', async () => {
  expect(await said('pause')).toMatch(/^Paused: /);
  expect(await said('status')).toMatch(/^state +paused$/m);
  expect(await said('backfill --from 2022-03')).toMatch(/^The watcher is paused/);
  expect(await json('resume')).toMatchObject({ accepted: true, source: { paused: false } });
});

it('backfill waits until it is done', async () => {
  const before = await tripline.p90();
  expect(await said('backfill --from 2022-03 --to 2022-04')).toMatch(/^Nothing to do: every file /);
  expect(await said('backfill --from 2022-03 --to 2022-05 --force')).toMatch(
    /^Done: 3 files were tried: 2 published, 1 quarantined\.\npublished: yellow_tripdata_2022-03.parquet: 1,000 trips, from data version \d+ on\npublished: .*2022-04.* 2,000 trips, .*\nquarantined: yellow_tripdata_2022-05.parquet: MISSING_COLUMN: /,
  );
  await until('both are seen', async () => (await tripline.p90()).dataVersion === before.dataVersion + 2);
  expect(await json('backfill --from 2022-04 --force')).toMatchObject({
    from: '2022-04',
    to: '2022-04',
    force: true,
    found: 1,
    remaining: 0,
    looked: true,
    quarantined: [],
    files: [{ filename: name('2022-04'), outcome: 'published', trips: 2_000 }],
  });
  expect(await said('backfill --from 2022-03 --no-wait')).toMatch(/^Asked for; its id is [-0-9a-f]{36}\.\n$/);
  expect(await said('status')).toMatch(/^backfill +2022-04 to 2022-04, forced: 1 of 1 files done$/m);
});

it('rollback and retry', async () => {
  const file = name('2022-03');
  await write('2022-03', 1_500);
  await said('resume');
  await until('the replacement is counted', async () => (await tripline.p90()).trips === 3_500);
  await until('it has ended', async () => (await run(`rollback ${file}`)).code === 0);
  // The load before that is the forced one, of the same version as the first.
  await until('it is back', async () => (await tripline.p90()).trips === 3_000);
  expect(await said('files --stage quarantined')).toMatch(
    /2022-03.*1,000 trips live  HELD_BACK: rolled back/,
  );
  // A forced backfill does not bring it back, and does not say that it did.
  expect(await said('backfill --from 2022-03 --force')).toMatch(
    /^Nothing to do: .*held back.*\nleft alone: .*2022-03.*: HELD_BACK: .*; its earlier load stays counted \(1,000 trips\)\n$/,
  );
  expect(await said(`retry ${file}`)).toBe(`again: ${file}\n`);
  await until('it is live again', async () => (await tripline.p90()).trips === 3_500);
  await until(
    'it is published',
    async () => (await tripline.files()).filter(({ stage }) => stage === 'PUBLISHED').length === 2,
  );
  expect(await json('retry')).toMatchObject({ retrying: [name('2022-05')], remaining: 0 });
  // Other tests know it as it was.
  await write('2022-03', 1_000);
  await said('resume');
  await until('it is as it was', async () => (await tripline.p90()).trips === 3_000);
  await until('all is told', async () => (await said('status')).includes('2 published, 1 quarantined'));
});

it('limits', async () => {
  expect(await said('limits --max 5')).toBe(
    `${new URL(server.url).host} is asked for 1 to 5 requests at a time.\n`,
  );
});

it('help is an answer', async () => {
  expect(await said('--help')).toMatch(/npm run tripline -- <command>/);
  expect(await said('backfill --help')).toMatch(/^tripline backfill --from/);
});

it.each<[string, Record<string, string>, number, RegExp]>([
  ['frobnicate', {}, 2, /^tripline: there is no command "frobnicate"/],
  ['backfill --from 2022-13', {}, 2, /^tripline: backfill: --from must be a month/],
  ['p90 --from 2022-03-01T00:00:00Z', {}, 2, /^tripline: .*has a zone/],
  ['p90 --from 2022-03-02 --to 2022-03-01', {}, 2, /^tripline: /],
  ['status', { TRIPLINE_URL: 'nowhere' }, 2, /^tripline: TRIPLINE_URL must be/],
  ['status', { TRIPLINE_URL: 'http://127.0.0.1:1' }, 1, /does not answer .*npm start/],
  ['status', { DATA_DIR: '/no/such/folder' }, 1, /no gateway runs here .*npm start/],
  ['pause', { OPERATOR_TOKEN: 'somebody-elses-token' }, 1, /not known here.*operator-token in DATA_DIR/],
  ['rollback no_such.parquet', {}, 1, /^tripline: there is no file no_such.parquet$/],
  ['retry no_such.parquet', {}, 1, /^tripline: there is no file no_such.parquet$/],
  ['limits --max 0', {}, 2, /maxConcurrent must be a whole number/],
])('%s with %j: exit %d, in one line', async (line, env, code, message) => {
  const result = await run(line, env);
  expect(result).toEqual({ code, out: '', err: expect.stringMatching(/^[^\n]+\n$/) });
  expect(result.err.trim()).toMatch(message);
});

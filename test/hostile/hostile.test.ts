/**
 * Three worker processes and 24 files against an origin that does everything that origins do. What counts is measured at the
 * origin. `npm run test:hostile` makes the storms minutes long.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startFileServer, type FileServer } from '../support/file-server.ts';
import { createOracle } from '../support/oracle.ts';
import { startTripline, type Tripline } from '../support/tripline.ts';
import { until } from '../support/until.ts';
import { writeTrips } from '../support/write-trips.ts';
import { startHostileOrigin, type Asked, type HostileOrigin, type Mischief } from './hostile-origin.ts';
import { probesPerPause, startedAboveLimit, watchOrigin, type OriginWatch } from './origin-watch.ts';
import { programArguments } from '../../config/program/program.ts';

const LONG = process.env['HOSTILE_TEST'] === 'long';
const STORM_MS = LONG ? 180_000 : 6_000;
const RETRY_AFTER_S = LONG ? 90 : 5;
const DOWN_MS = LONG ? 120_000 : 5_000;
const CHUNK_BYTES = 65_536;
const FILES = 24;
const ROWS = LONG ? 200_000 : 60_000;

const folder = mkdtempSync(join(tmpdir(), 'tripline-hostile-'));
const elsewhereFolder = mkdtempSync(join(tmpdir(), 'tripline-elsewhere-'));
const monthOf = (index: number): string =>
  `${2021 + Math.floor(index / 12)}-${String((index % 12) + 1).padStart(2, '0')}`;
const nameOf = (index: number): string => `yellow_tripdata_${monthOf(index)}.parquet`;
const pathOf = (index: number): string => join(folder, nameOf(index));

/** What each file's requests meet, and what must become of it; files that are not named here have nothing of their own. */
const FATES: Readonly<
  Record<
    number,
    {
      mischief: (asked: Asked, at: { elsewhere: string; here: string }) => Mischief | undefined;
      reason?: RegExp;
    }
  >
> = {
  2: {
    mischief: ({ method }) => (method === 'GET' ? { cutAfter: 0.5 } : undefined),
    reason: /^UNREADABLE: .*(the connection was closed before|the body ended after)/,
  },
  3: { mischief: ({ method, times }) => (method === 'GET' && times === 0 ? { cutAfter: 0.5 } : undefined) },
  5: { mischief: ({ times }) => (times === 0 ? { reset: true } : undefined) },
  6: {
    mischief: ({ method, range, times }) =>
      method === 'GET' && range.startsWith('bytes=0-') && times === 0 ? { drip: true } : undefined,
  },
  8: { mischief: () => ({ whole: true }) },
  9: {
    mischief: ({ method }) => (method === 'GET' ? { contentRange: 'bytes 0-9/10' } : undefined),
    reason: /^UNREADABLE: .*asked for bytes \d+-\d+\/\d+, sent bytes 0-9\/10/,
  },
  11: {
    mischief: ({ method, times }) =>
      method === 'GET' && times === 0 ? { contentRange: 'bytes 0-9/10' } : undefined,
  },
  14: { mischief: () => ({ etag: 'W/"weak"' }) },
  15: { mischief: () => ({ noRanges: true }) },
  17: { mischief: (_, { elsewhere }) => ({ redirectTo: `${elsewhere}${nameOf(17)}` }) },
  18: { mischief: (_, { elsewhere }) => ({ redirectTo: `${elsewhere}login.html` }), reason: /^NOT_PARQUET/ },
  20: {
    mischief: (_, { here }) => ({ redirectTo: `${here}${nameOf(20)}` }),
    reason: /^UNREADABLE: .*more than 5 redirects/,
  },
  21: { mischief: alternating(), reason: /^UNSTABLE/ },
  22: { mischief: ({ method, times }) => (method === 'HEAD' && times === 0 ? { status: 500 } : undefined) },
};
/** Replaced by other bytes while it is fetched. */
const FLIPS = 12;

/** As from two servers that make their ETags of inode numbers. */
function alternating(): (asked: Asked) => Mischief {
  let count = 0;
  return () => {
    count += 1;
    return { etag: `"server-${count % 2}"` };
  };
}

let origin: HostileOrigin;
let elsewhere: FileServer;
let tripline: Tripline;
let watch: OriginWatch;
const workers: ChildProcess[] = [];
let flippedBytes = 0;

beforeAll(async () => {
  for (let index = 0; index < FILES; index += 1)
    await writeTrips({ path: pathOf(index), month: monthOf(index), rows: ROWS + index, seed: index });
  mkdirSync(elsewhereFolder, { recursive: true });
  await writeTrips({
    path: join(elsewhereFolder, nameOf(17)),
    month: monthOf(17),
    rows: ROWS + 17,
    seed: 17,
  });
  writeFileSync(join(elsewhereFolder, 'login.html'), `<html>${'<p>Please log in.</p>'.repeat(200)}</html>`);
  elsewhere = await startFileServer(elsewhereFolder);
  origin = await startHostileOrigin(folder, { latencyMs: 800 });
  origin.behave(ordinary);
  origin.list([
    { filename: 'yellow_tripdata_2030-01.parquet', hint: '2026-01-01T00:00:00Z 12345678' },
    { filename: nameOf(4), hint: '1999-01-01T00:00:00Z 3' },
    { filename: nameOf(7), hint: '2999-01-01T00:00:00Z 99999999999999' },
  ]);
  tripline = await startTripline({
    sourceUrl: origin.url,
    env: { CHUNK_BYTES: String(CHUNK_BYTES), POLL_SECONDS: '10' },
  });
  const temporal = new URL(tripline.part('temporal').url.replace(/^\w+:\/\//, 'http://')).host;
  for (let count = 0; count < 2; count += 1) {
    workers.push(
      spawn(process.execPath, programArguments('worker/main.ts'), {
        env: {
          ...process.env,
          SOURCE_URL: origin.url,
          DATA_DIR: tripline.dataDir,
          CHUNK_BYTES: String(CHUNK_BYTES),
          POLL_SECONDS: '10',
          TEMPORAL_ADDRESS: temporal,
          CLICKHOUSE_URL: tripline.clickhouse('loader'),
          WORKER_PORT: '0',
        },
        stdio: 'ignore',
      }),
    );
  }
  watch = await watchOrigin({ address: temporal, url: origin.url });
}, 180_000);

afterAll(async () => {
  await watch?.stop();
  for (const worker of workers) {
    if (worker.exitCode !== null) continue;
    const exited = once(worker, 'exit');
    worker.kill('SIGTERM');
    await exited;
  }
  await tripline?.stop();
  await origin?.close();
  await elsewhere?.close();
  for (const path of [folder, elsewhereFolder]) rmSync(path, { recursive: true, force: true });
});

function ordinary(asked: Asked): Mischief | undefined {
  const index = Array.from({ length: FILES }, (_, at) => at).find((at) => nameOf(at) === asked.filename);
  if (index === undefined) return undefined;
  return FATES[index]?.mischief(asked, { elsewhere: elsewhere.url, here: origin.url });
}

interface Trouble {
  name: string;
  beginMs: number;
  endMs: number;
}

/** Something for everybody, begun once the fetching is in full swing. */
async function trouble(name: string, withinMs: number, begin: () => Promise<void>): Promise<Trouble> {
  await until(
    `full speed before ${name}`,
    () => watch.last()?.breaker === 'closed' && (watch.last()?.inFlight ?? 0) >= 5,
    { deadlineMs: withinMs },
  );
  const beginMs = Date.now();
  await begin();
  return { name, beginMs, endMs: Date.now() };
}

const passes = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Ten seconds after the first success that follows it. */
async function recovered({ name, endMs }: Trouble): Promise<number> {
  const first = await until(
    `the first success after ${name}`,
    () =>
      origin.seen.find(
        ({ startMs, endMs: end, status }) =>
          startMs >= endMs && end !== undefined && [200, 206].includes(status),
      ),
    { deadlineMs: 2 * (STORM_MS + DOWN_MS) + 120_000, everyMs: 20 },
  );
  const atMs = first.endMs ?? 0;
  await until(`ten seconds after ${name}`, () => Date.now() >= atMs + 10_000, { everyMs: 50 });
  return atMs;
}

it(
  'every file arrives or is quarantined with the true reason, and the origin is left in peace',
  { timeout: LONG ? 1_800_000 : 600_000 },
  async () => {
    const storms: (Trouble & { resumedMs: number })[] = [];
    const suffer = async (one: Promise<Trouble>): Promise<void> => {
      const suffered = await one;
      storms.push({ ...suffered, resumedMs: await recovered(suffered) });
    };
    await until(
      'the file that changes is being fetched',
      () =>
        origin.seen.some(
          ({ filename, range, status }) => filename === nameOf(FLIPS) && range !== '' && status === 206,
        ),
      { deadlineMs: 200_000, everyMs: 10 },
    );
    flippedBytes = statSync(pathOf(FLIPS)).size;
    await writeTrips({ path: pathOf(FLIPS), month: monthOf(FLIPS), rows: ROWS + 100, seed: 99 });

    const everybody = async (mischief: Mischief, forMs: number): Promise<void> => {
      origin.behave(() => mischief);
      await passes(forMs);
      origin.behave(ordinary);
    };
    await suffer(trouble('a storm of 403', 150_000, () => everybody({ status: 403 }, STORM_MS)));
    const seconds = { status: 429, headers: { 'retry-after': String(RETRY_AFTER_S) } };
    await suffer(trouble('429', 150_000, () => everybody(seconds, 800)));
    await suffer(
      trouble('503 with a date', 150_000, () =>
        everybody(
          {
            status: 503,
            headers: { 'retry-after': new Date(Date.now() + RETRY_AFTER_S * 1_000 + 1_000).toUTCString() },
          },
          800,
        ),
      ),
    );
    await suffer(
      trouble('being down', 150_000, async () => {
        await origin.down();
        await passes(DOWN_MS);
        await origin.up();
      }),
    );

    const nodes = await tripline.settled(FILES, 240_000);
    await watch.stop();
    const { samples } = watch;

    const reasons = Object.fromEntries(
      nodes.map(({ filename, stage, reason }) => [filename, `${stage} ${reason ?? ''}`]),
    );
    for (let index = 0; index < FILES; index += 1) {
      const fate = FATES[index]?.reason;
      const is = nodes.find(({ filename }) => filename === nameOf(index));
      if (fate === undefined)
        expect(is, reasons[nameOf(index)]).toMatchObject({
          stage: 'PUBLISHED',
          rows: index === FLIPS ? ROWS + 100 : ROWS + index,
        });
      else {
        expect(is?.stage, reasons[nameOf(index)]).toBe('QUARANTINED');
        expect(is?.reason).toMatch(fate);
      }
    }
    const arrived = Array.from({ length: FILES }, (_, index) => index).filter(
      (index) => FATES[index]?.reason === undefined,
    );
    const oracle = await createOracle(arrived.map(pathOf));
    const { value, trips, tripsOver } = await tripline.p90();
    expect({ value, trips, tripsOver }).toEqual(await oracle.p90({}));
    oracle.close();

    // At the origin.
    const { seen } = origin;
    expect(startedAboveLimit(seen, samples)).toEqual([]);
    for (const probes of probesPerPause(seen, samples)) expect(probes).toBeLessThanOrEqual(1);
    for (const { name, beginMs, endMs } of storms.slice(0, 3)) {
      const told = seen.find(({ startMs, status }) => startMs >= beginMs && status >= 400)?.endMs ?? beginMs;
      const restMs = name === 'a storm of 403' ? 0 : RETRY_AFTER_S * 1_000;
      const early = seen.filter(
        ({ startMs }) => startMs > Math.max(told + 3_000, endMs) && startMs < told + restMs,
      );
      expect(early, name).toEqual([]);
    }
    const speeds = storms.map(({ name, beginMs, resumedMs }) => {
      const before = samples.findLast(({ atMs }) => atMs < beginMs)?.limit ?? 0;
      const after = samples.filter(({ atMs }) => atMs > resumedMs && atMs <= resumedMs + 10_000);
      // Where nothing waits, the limit has no reason to grow: what is wanted is done.
      const unused = after.filter(
        ({ atMs, inFlight, limit }) => atMs > resumedMs + 7_000 && inFlight < limit,
      );
      const late = after.filter(({ atMs }) => atMs > resumedMs + 7_000);
      return {
        name,
        before,
        after: Math.max(...after.map(({ limit }) => limit)),
        unused: unused.length / late.length,
      };
    });
    const bytes = seen.reduce((sum, one) => sum + one.bytes, 0);
    const files = Array.from({ length: FILES }, (_, index) => statSync(pathOf(index)).size).reduce(
      (sum, size) => sum + size,
      flippedBytes,
    );
    const inOneStream = new Set([8, 14, 15].map(nameOf));
    const cut = seen.filter((one) => one.cut && one.bytes > 0);
    const allowed = cut.reduce(
      (sum, { filename }) =>
        sum + (inOneStream.has(filename) ? statSync(join(folder, filename)).size : CHUNK_BYTES),
      0,
    );
    console.info(
      `hostile origin: ${seen.length} requests, ${cut.length} cut; bytes / (files + cut chunks) = ${(bytes / (files + allowed)).toFixed(3)}, ` +
        `bytes / files = ${(bytes / files).toFixed(3)}; breaker opened ${samples.at(-1)?.opened} times; probes per pause ` +
        `${JSON.stringify(probesPerPause(seen, samples))}; limits before, and ten seconds after: ${JSON.stringify(speeds)}`,
    );
    expect(bytes).toBeLessThanOrEqual(1.05 * files + allowed);
    for (const { name, before, after, unused } of speeds)
      if (unused < 0.5) expect(after, name).toBeGreaterThanOrEqual(Math.floor(before * 0.9) - 1);
  },
);

/** A disk that is nearly full: loading waits and says so, answers go on, and it goes on by itself. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { startTripline, type Tripline } from '../support/tripline.ts';
import { until } from '../support/until.ts';
import { writeTrips } from '../support/write-trips.ts';

vi.setConfig({ testTimeout: 60_000 });

const folder = mkdtempSync(join(tmpdir(), 'tripline-disk-'));
const source = join(folder, 'source');
const disk = join(folder, 'disk');
const LEFT_BYTES = 40e6;
let tripline: Tripline;

/** Only root has disks to spare. */
const hasDisk = ((): boolean => {
  mkdirSync(disk);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=600m', 'tmpfs', disk], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

const write = (month: string) =>
  writeTrips({ path: join(source, `yellow_tripdata_${month}.parquet`), month, rows: 1_000 });
const problem = async (): Promise<string | null> => {
  const { data } = await tripline.graphql<{ source: { problem: string | null } }>('{ source { problem } }');
  return data?.source.problem ?? null;
};
const readiness = async (url: string): Promise<string> => (await fetch(`${url}/readyz`)).text();

beforeAll(async () => {
  if (!hasDisk) return;
  mkdirSync(source);
  await write('2022-03');
  tripline = await startTripline({ sourceUrl: `file://${source}`, dataDir: join(disk, 'data') });
  await tripline.settled(1);
});
afterAll(async () => {
  await tripline?.stop();
  if (hasDisk) execFileSync('umount', [disk]);
  rmSync(folder, { recursive: true, force: true });
});

it.runIf(hasDisk)('says how many bytes are free and what to do, waits, and goes on', async () => {
  expect([await problem(), await readiness(tripline.url)]).toEqual([null, 'ready\n']);
  const ballast = join(disk, 'ballast');
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(ballast, Buffer.alloc(bavail * bsize - LEFT_BYTES));
  await write('2022-04');
  const told = await until('it is told', async () => (await problem()) ?? undefined);
  expect(told).toMatch(
    /^The disk of .*data is nearly full: \d+ MB \([\d,]+ bytes\) are free, and loading waits until \d+ MB .* Make room there/,
  );
  for (const url of [tripline.url, tripline.part('worker').url])
    expect(await readiness(url)).toMatch(/^ready, but loading waits: The disk of .* is nearly full/);
  expect((await tripline.p90()).trips).toBe(1_000);
  expect((await tripline.files()).filter(({ stage }) => stage === 'QUARANTINED')).toEqual([]);

  truncateSync(ballast, 0);
  await until('the second file is counted', async () => (await tripline.p90()).trips === 2_000);
  await until('nothing is wrong any more', async () => (await problem()) === null);
  expect(await readiness(tripline.url)).toBe('ready\n');
});

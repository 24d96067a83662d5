/** The images' contents suffice: built as the Dockerfile says, worker and gateway run from them against servers of others. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildImage, type BuiltImage } from '../support/built-image.ts';
import { startTemporalServer, type TemporalServer } from '../support/temporal-server.ts';
import { freePort } from '../support/tripline.ts';
import { until } from '../support/until.ts';
import { writeTrips } from '../support/write-trips.ts';
import { startEngineProcess, type EngineProcess } from '../integration/engine-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'tripline-image-'));
const source = mkdtempSync(join(tmpdir(), 'tripline-image-source-'));
const running: ChildProcess[] = [];
let log = '';
let image: BuiltImage;
let engine: EngineProcess;
let temporal: TemporalServer;

beforeAll(async () => {
  [image, engine, temporal] = await Promise.all([
    buildImage({ target: 'worker', folder }),
    startEngineProcess(join(folder, 'clickhouse')),
    startTemporalServer(),
  ]);
}, 300_000);

afterAll(async () => {
  for (const child of running) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    await exited;
  }
  await engine?.stop();
  await temporal?.stop();
  for (const path of [folder, source]) rmSync(path, { recursive: true, force: true });
}, 60_000);

it('holds neither the embedded engine, nor development packages, nor tests; and a bundle', () => {
  const modules = join(image.workdir, 'node_modules');
  for (const name of ['chdb', '@chdb', 'vitest', 'typescript', '@duckdb'])
    expect(existsSync(join(modules, name))).toBe(false);
  expect(existsSync(join(image.workdir, 'test'))).toBe(false);
  const names = readdirSync(image.workdir, { recursive: true, encoding: 'utf8' });
  expect(names.filter((name) => name.endsWith('.test.ts') && !name.startsWith('node_modules'))).toEqual([]);
  const built = readdirSync(join(modules, '.cache/tripline'));
  for (const name of ['workflows', 'worker-main', 'gateway-main'])
    expect(built).toContainEqual(expect.stringMatching(new RegExp(`^${name}-[0-9a-f]{16}\\.m?js$`)));
});

it('loads a file and answers, from production packages alone', { timeout: 240_000 }, async () => {
  const bundles = join(image.workdir, 'node_modules/.cache/tripline');
  const before = readdirSync(bundles);
  await writeTrips({ path: join(source, 'yellow_tripdata_2022-03.parquet'), month: '2022-03', rows: 1_000 });
  const [port, workerPort] = [await freePort(), await freePort()];
  const start = (main: string, user: 'loader' | 'gateway'): ChildProcess => {
    const child = spawn(process.execPath, ['config/program/run.mjs', main], {
      cwd: image.workdir,
      // Nothing of this machine's environment: what the image and docker-compose.yml give.
      env: {
        ...image.env,
        HOST: '127.0.0.1',
        PORT: String(port),
        WORKER_PORT: String(workerPort),
        SOURCE_URL: `file://${source}`,
        LAKE_URL: `file://${join(folder, 'lake')}`,
        CLICKHOUSE_URL: engine.as(user),
        TEMPORAL_ADDRESS: temporal.address,
        OPERATOR_TOKEN: 'a-token-for-tests-only',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (log += String(text)));
    running.push(child);
    return child;
  };
  expect(image.command).toEqual([
    'node',
    '--max-semi-space-size=4',
    'config/program/run.mjs',
    'worker/main.ts',
  ]);
  const started = performance.now();
  const worker = start('worker/main.ts', 'loader');
  start('gateway/main.ts', 'gateway');
  try {
    await until(
      'the worker is ready',
      async () => (await fetch(`http://127.0.0.1:${workerPort}/readyz`)).ok,
      { deadlineMs: 90_000 },
    );
    console.info(`the worker is ready after ${Math.round(performance.now() - started)} ms`);
    const answer = await until(
      'the file is counted',
      async () => {
        const response = await fetch(`http://127.0.0.1:${port}/api/p90`);
        const found = (await response.json()) as { trips: number };
        return found.trips > 0 && found;
      },
      { deadlineMs: 90_000 },
    );
    expect(answer.trips).toBe(1_000);
  } catch (error) {
    throw new Error(`${String(error)}\n${log}`, { cause: error });
  }
  const mapped = readFileSync(`/proc/${worker.pid}/maps`, 'utf8');
  expect(mapped).not.toContain('chdb');
  // It read the bundle, and did not build one.
  expect(readdirSync(bundles)).toEqual(before);
  expect(log).not.toMatch(/webpack/i);
});

/**
 * Processor time at rest, by part, and the floor: what the servers and an idle worker of Temporal's SDK take alone.
 *
 *     npm run bench:rest
 *     npm run bench:rest -- --seconds 120 --only folder
 *
 * Prints a table in percent of one core. It needs Linux (/proc), and a machine that does nothing else.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { programArguments } from '../config/program/program.ts';
import { redisArguments } from '../launcher/redis-arguments.ts';
import { findServer, waysToGet, type ServerName } from '../launcher/servers/find-server.mjs';
import { startEngineProcess } from '../test/integration/engine-process.ts';
import { freePort, startTripline } from '../test/support/tripline.ts';
import { until } from '../test/support/until.ts';
import { monthsFrom, prepareMonths } from './months.ts';
import { shareOfCore } from './rest/processor-time.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    /** From the moment when everything is up and loaded. */
    settle: { type: 'string', default: '30' },
    /** `floor`, `folder` or `demo`; floor and folder by default. */
    only: { type: 'string' },
    cache: { type: 'string', default: '/tmp/tripline-bench-months' },
  },
});
const seconds = Number(values.seconds);
const settleMs = Number(values.settle) * 1000;
const folder = mkdtempSync(join(tmpdir(), 'tripline-rest-'));

type Shares = Readonly<Record<string, number>>;

async function executable(name: ServerName): Promise<string> {
  const path = await findServer(name);
  if (path === undefined) throw new Error(waysToGet(name));
  return path;
}

async function ended(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}

/** Each server is started as `npm start` does it, and no client asks. */
async function measureFloor(): Promise<Shares> {
  const port = await freePort();
  const uiPort = await freePort();
  const temporal = spawn(
    await executable('temporal'),
    [
      ...['server', 'start-dev', '--log-level', 'error', '--ip', '127.0.0.1', '--port', String(port)],
      ...['--ui-port', String(uiPort), '--db-filename', join(folder, 'temporal.db')],
    ],
    { stdio: 'ignore' },
  );
  await until(
    'Temporal answers',
    async () => (await fetch(`http://127.0.0.1:${uiPort}/api/v1/namespaces/default`)).ok,
  );
  const worker = spawn(process.execPath, programArguments('bench/rest/idle-worker.ts', `127.0.0.1:${port}`), {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(createInterface({ input: worker.stdout }), 'line');
  const engine = await startEngineProcess(join(folder, 'engine'));
  const redis = spawn(
    await executable('redis-server'),
    redisArguments({ port: await freePort(), dataDir: folder }),
    { stdio: 'ignore' },
  );
  try {
    await pause(settleMs);
    return await shareOfCore(
      {
        temporal: temporal.pid ?? 0,
        worker: worker.pid ?? 0,
        clickhouse: engine.child.pid ?? 0,
        redis: redis.pid ?? 0,
      },
      seconds,
    );
  } finally {
    await Promise.all([ended(worker), ended(redis), engine.stop()]);
    await ended(temporal);
  }
}

/** Everything that `npm start` runs, once every file is loaded. */
async function measureTripline(sourceUrl: string, files: number): Promise<Shares> {
  const tripline = await startTripline({ sourceUrl });
  const isDemo = sourceUrl === 'demo:';
  try {
    await tripline.settled(files, 1_200_000);
    await pause(settleMs);
    const pid = (part: string) => tripline.part(part).pid;
    return await shareOfCore(
      {
        temporal: pid('temporal'),
        worker: pid('worker'),
        clickhouse: pid('clickhouse'),
        redis: pid('redis'),
        gateway: pid('gateway'),
        ...(isDemo ? { demo: pid('demo') } : {}),
        launcher: tripline.pid,
      },
      seconds,
    );
  } finally {
    await tripline.stop();
  }
}

async function folderOfMonths(): Promise<string> {
  const { folder: made, names } = await prepareMonths({
    cache: values.cache,
    months: monthsFrom('2024-01', 3),
    rows: 20_000,
  });
  const source = join(folder, 'source');
  mkdirSync(source);
  for (const name of names) copyFileSync(join(made, name), join(source, name));
  return pathToFileURL(source).href;
}

const SUBJECTS = {
  floor: measureFloor,
  folder: async () => measureTripline(await folderOfMonths(), 3),
  demo: () => measureTripline('demo:', 24),
} as const;
type Subject = keyof typeof SUBJECTS;

const isSubject = (name: string): name is Subject => name in SUBJECTS;
if (values.only !== undefined && !isSubject(values.only))
  throw new Error(`--only must be floor, folder or demo; got ${values.only}`);
const measured: Partial<Record<Subject, Shares>> = {};
try {
  for (const name of values.only === undefined ? (['floor', 'folder'] as const) : [values.only])
    measured[name] = await SUBJECTS[name]();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const parts = new Set(Object.values(measured).flatMap((shares) => Object.keys(shares)));
const rounded = (share: number) => Math.round(share * 100) / 100;
const row = (part: string) =>
  Object.fromEntries(Object.entries(measured).map(([name, shares]) => [name, rounded(shares[part] ?? 0)]));
const sum = Object.fromEntries(
  Object.entries(measured).map(([name, shares]) => [
    name,
    rounded(Object.values(shares).reduce((total, share) => total + share, 0)),
  ]),
);
console.info(`percent of one core at rest, over ${seconds} s`);
console.table({ ...Object.fromEntries([...parts].map((part) => [part, row(part)])), 'all together': sum });

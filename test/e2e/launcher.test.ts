/** `npm start` as a person meets it: the demo source, nothing configured but where the data lies and the port. */
import { deepEqual, equal } from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { freePorts } from '../../launcher/ports.ts';
import { listeningPorts, openForeignPage, type ForeignPage } from './foreign-page.ts';
import { processesOf, runLauncher, said, until, type LauncherUnderTest } from './run-launcher.ts';

const PARTS = ['clickhouse', 'demo', 'gateway', 'redis', 'temporal', 'worker'];
const UP_WITHIN_MS = 60_000;
const SECRETS = {
  OPERATOR_TOKEN: 'the-operators-own-token',
  API_KEYS: 'dashboards:at-least-16-characters',
  AWS_SECRET_ACCESS_KEY: 'the-key-of-a-lake',
  SOME_OTHER_TOKEN: 'of-another-program',
};

const folder = mkdtempSync(join(tmpdir(), 'tripline-launcher-'));
const dataDir = join(folder, 'data');
let port: number;
let workerPort: number;
let env: Record<string, string>;
let launcher: LauncherUnderTest;

interface Answer {
  value: number | null;
  trips: number;
  dataVersion: number;
}

/** Starts `npm start` and waits for the curl line of its banner. */
async function start(): Promise<string> {
  launcher = runLauncher(env);
  const { lines, npm } = launcher;
  return until(
    () => {
      if (npm.exitCode !== null) throw new Error(`npm start ended:\n${lines.join('\n')}`);
      return lines.find((line) => line.includes('curl '))?.replace(/^.*?curl/, 'curl');
    },
    { withinMs: UP_WITHIN_MS, tell: () => lines.join('\n') },
  );
}

async function stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
  if (launcher.npm.exitCode === null) launcher.npm.kill(signal);
  return launcher.ended;
}

interface RunFile {
  pid: number;
  url: string;
  headers?: Record<string, string>;
  ui?: string;
}

function runFile(name: string): RunFile {
  return JSON.parse(readFileSync(join(dataDir, 'run', `${name}.json`), 'utf8')) as RunFile;
}
const temporalUi = (): string => runFile('temporal').ui ?? '';

/** Paths in a folder whose content comes and goes. */
function below(folder: string, levels: number): string[] {
  if (levels === 0 || lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
  const paths = readdirSync(folder).map((name) => join(folder, name));
  return [...paths, ...paths.flatMap((path) => below(path, levels - 1))];
}

function isOpenToOthers(path: string): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats !== undefined && !stats.isSymbolicLink() && (stats.mode & 0o077) !== 0;
}

async function shell(command: string): Promise<string> {
  const { stdout } = await promisify(execFile)('bash', ['-c', command]);
  return stdout;
}

async function ask(curl: string): Promise<Answer> {
  return JSON.parse(await shell(curl.replace('curl', 'curl --silent --fail'))) as Answer;
}

/** What a launcher says that won't start, and that it fails. */
async function refusal(changes: Record<string, string>): Promise<string[]> {
  const refused = runLauncher({ ...env, ...changes });
  expect(await refused.ended).toBe(1);
  return said(refused);
}

async function noProcessLeft(withinMs: number): Promise<void> {
  await until(() => (processesOf(dataDir).length === 0 ? true : undefined), {
    withinMs,
    tell: () => JSON.stringify(processesOf(dataDir), null, 2),
  });
}

describe.skipIf(process.platform !== 'linux')('npm start', () => {
  let curl: string;
  /** What clients of ClickHouse send. */
  const told = () => ({
    reader: runFile('clickhouse').headers ?? {},
    loader: runFile('clickhouse-loader').headers ?? {},
  });

  beforeAll(async () => {
    ({ port, workerPort } = await freePorts({ port: 24_000, workerPort: 24_001 }));
    env = { DATA_DIR: dataDir, PORT: String(port), WORKER_PORT: String(workerPort), ...SECRETS };
    curl = await start();
  }, UP_WITHIN_MS + 5_000);

  // Every test needs it, so what comes of its end is looked at last.
  afterAll(async () => {
    try {
      equal(await stop(), 0, 'npm alone got SIGTERM');
      await noProcessLeft(1_000);
      deepEqual(readdirSync(join(dataDir, 'run')), []);
      equal(existsSync(join(dataDir, 'launcher.lock')), false);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }, 20_000);

  afterEach(({ task }) => {
    if (task.result?.state === 'fail') console.log(launcher.lines.slice(-60).join('\n'));
  });

  test('ends its start with a curl line that gives a p90', async () => {
    // On a busy machine it is printed before the first month is made.
    const { value } = await until(
      async () => {
        const answer = await ask(curl);
        return answer.trips > 0 ? answer : undefined;
      },
      { withinMs: 30_000, tell: () => launcher.lines.slice(-20).join('\n') },
    );
    expect(value).toBeGreaterThan(0);
    expect(launcher.lines.join('\n')).toContain('generated');
    for (const path of ['/', '/graphql', '/api/p90']) {
      expect(launcher.lines.join('\n')).toContain(`http://127.0.0.1:${port}${path}`);
    }
  });

  test('tells the pid and url of each part', async () => {
    const files = [...PARTS, 'clickhouse-loader'].map((name) => `${name}.json`).toSorted();
    expect(readdirSync(join(dataDir, 'run')).sort()).toEqual(files);
    for (const file of files) expect(statSync(join(dataDir, 'run', file)).mode & 0o777, file).toBe(0o600);
    for (const name of PARTS) {
      const { pid, url } = runFile(name);
      const { port: served } = new URL(url);
      expect(url).not.toMatch(/\/$/);
      // The pid is of the process that listens, not of a shell around it.
      expect(await shell(`ls -l /proc/${pid}/fd | grep -c socket:`), name).not.toBe('0\n');
      expect(Number(served), name).toBeGreaterThan(0);
    }
    expect(runFile('gateway').url).toBe(`http://127.0.0.1:${port}`);
    expect(runFile('worker').url).toBe(`http://127.0.0.1:${workerPort}`);
    expect((await fetch(`${runFile('worker').url}/readyz`)).status).toBe(200);
    expect((await fetch(`${runFile('clickhouse').url}/ping`)).status).toBe(200);
  });

  test('lets people steer by Temporal’s own command line, at the port that it has', async () => {
    const temporal = (line: string) =>
      shell(`DATA_DIR='${dataDir}' npm run --silent temporal -- workflow ${line}`);
    const [, named = ''] = /Workflow +(\S+)/.exec(launcher.lines.join('\n')) ?? [];
    expect(await temporal(`describe -w ${named} --output json`)).toContain('"watchSource"');
    await expect(temporal('describe -w no:such:workflow')).rejects.toThrow(/not found/);
  });

  test('tells people what ClickHouse wants, and keeps to it when that is started again', async () => {
    const { url } = runFile('clickhouse');
    const { reader, loader } = told();
    expect(Object.keys(reader)).toEqual(['X-ClickHouse-User', 'X-ClickHouse-Key']);
    const query = encodeURIComponent('SELECT currentRoles(), count() >= 0 FROM trips');
    expect((await fetch(`${url}/?query=${query}`)).status).toBe(401);
    const answer = await fetch(`${url}/?query=${query}`, { headers: reader });
    expect(await answer.text()).toBe("['reader']\t1\n");
    const asLoader = await fetch(`${url}/?query=${query}`, { headers: loader });
    expect(await asLoader.text()).toBe("['loader']\t1\n");
  });

  test('gives no part another’s secrets', () => {
    const secretsOf = (name: string) => {
      const held = readFileSync(`/proc/${runFile(name).pid}/environ`, 'utf8').split('\0');
      const { reader, loader } = told();
      const passwords = { reader: reader['X-ClickHouse-Key'], loader: loader['X-ClickHouse-Key'] };
      return [
        ...Object.keys(SECRETS).filter((secret) => held.some((line) => line.startsWith(`${secret}=`))),
        ...Object.entries(passwords).flatMap(([user, password]) =>
          held.some((line) => line.includes(password ?? '?')) ? [user] : [],
        ),
      ];
    };
    expect(Object.fromEntries(PARTS.map((name) => [name, secretsOf(name)]))).toEqual({
      clickhouse: [],
      demo: ['reader'],
      gateway: ['OPERATOR_TOKEN', 'API_KEYS'],
      redis: [],
      temporal: [],
      worker: ['AWS_SECRET_ACCESS_KEY', 'loader'],
    });
    for (const { command } of processesOf(dataDir)) {
      expect(command).not.toContain(told().reader['X-ClickHouse-Key']);
    }
  });

  test('keeps all that it writes from other users of the machine', () => {
    const open = [dataDir, ...below(dataDir, 3)].filter(isOpenToOthers);
    expect(open).toEqual([]);
  });

  describe('to a web page of somebody else', () => {
    const SIGNAL = '/api/v1/namespaces/default/workflows/source%3Ademo/signal/pause';
    let page: ForeignPage;
    let temporal: Connection;
    let state: () => Promise<{ paused: boolean }>;

    beforeAll(async () => {
      page = await openForeignPage();
      temporal = await Connection.connect({ address: runFile('temporal').url.replace('http://', '') });
      const watcher = new Client({ connection: temporal }).workflow.getHandle('source:demo');
      // It sees every signal that Temporal has taken.
      state = () => watcher.query<{ paused: boolean }>('status');
    }, 60_000);
    afterAll(async () => {
      await page?.close();
      await temporal?.close();
    });

    test('no port of Temporal takes a signal', async () => {
      const ports = listeningPorts(runFile('temporal').pid);
      expect(ports.length).toBeGreaterThan(5);
      for (const { host, port: each } of ports) await page.post(`http://${host}:${each}${SIGNAL}`, '{}');
      await page.post(`${temporalUi()}${SIGNAL}`, '{}');
      expect(await state()).toMatchObject({ paused: false });
    });

    test('nothing answers under its name but what says how busy it is', async () => {
      const ports = listeningPorts(runFile('temporal').pid).filter(({ host }) => host === '127.0.0.1');
      const names = [...PARTS.map((name) => runFile(name).url), temporalUi()];
      const all = [...ports.map((each) => each.port), ...names.map((url) => Number(new URL(url).port))];
      const answers = new Map<number, number | undefined>();
      for (const each of new Set(all)) {
        answers.set(each, await page.rebind(each));
        if (answers.get(each) === undefined) continue;
        for (const path of ['/', '/api/v1/namespaces', '/api/p90', '/api/v1/system-info', '/metrics']) {
          const read = await page.read(path);
          if (read?.status !== 200) continue;
          const [line] = read.text.split('\n');
          expect([each, path, line]).toEqual([each, '/metrics', expect.stringMatching(/^# HELP /)]);
        }
        await page.read(SIGNAL, { method: 'POST', body: '{}' });
      }
      expect(await state()).toMatchObject({ paused: false });
      const status = (url: string) => answers.get(Number(new URL(url).port));
      expect([temporalUi(), ...['gateway', 'demo'].map((name) => runFile(name).url)].map(status)).toEqual([
        421, 421, 421,
      ]);
    });

    test('Temporal’s own page is there for people', async () => {
      expect((await fetch(temporalUi())).status).toBe(200);
      const settings = await fetch(`${temporalUi()}/api/v1/settings`);
      expect(await settings.json()).toMatchObject({ DisableWriteActions: false });
    });
  });

  test('refuses a second start on the same folder', async () => {
    const [line, ...more] = await refusal({});
    expect(line).toMatch(/^tripline: already running on .*data \(pid \d+\): /);
    expect(more).toEqual([]);
  });

  test('refuses a port that another program has', async () => {
    const stranger = createServer().listen({ host: '127.0.0.1', port: 0 });
    await once(stranger, 'listening');
    onTestFinished(() => void stranger.close());
    const { port: taken } = stranger.address() as { port: number };
    expect(await refusal({ PORT: String(taken), DATA_DIR: join(folder, 'other') })).toEqual([
      `tripline: PORT ${taken} on 127.0.0.1 is taken by another program: set PORT to a free one`,
    ]);
    expect(readdirSync(join(folder, 'other'))).toEqual([]);
    const { free } = await freePorts({ free: 24_100 });
    const other = { PORT: String(free), DATA_DIR: join(folder, 'other') };
    expect(await refusal({ ...other, WORKER_PORT: String(taken) })).toEqual([
      `tripline: WORKER_PORT ${taken} on 127.0.0.1 is taken by another program: set WORKER_PORT to a free one`,
    ]);
    expect(await refusal({ ...other, WORKER_PORT: String(free) })).toEqual([
      `tripline: PORT and WORKER_PORT are both ${free}: set WORKER_PORT to another one`,
    ]);
  });

  test('refuses a source folder that is not there, and claims nothing for it', async () => {
    const claimed = join(folder, 'claimed');
    expect(await refusal({ SOURCE_URL: 'file:///no/such/folder', DATA_DIR: claimed })).toEqual([
      'tripline: SOURCE_URL names file:///no/such/folder, which does not exist: name a folder that is there, with the files in it, or make this one first',
    ]);
    expect(readdirSync(folder)).not.toContain('claimed');
  });

  test('refuses a folder that holds the data of another source', async () => {
    const other = mkdtempSync(join(folder, 'other-'));
    writeFileSync(join(other, 'source.json'), '{"source":"https://example.org/"}');
    expect(await refusal({ DATA_DIR: other })).toEqual([
      `tripline: ${other} holds the data of https://example.org/, not of demo:: set DATA_DIR to another folder, or SOURCE_URL back`,
    ]);
  });

  test('refuses a folder that cannot be written', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    expect(await refusal({ DATA_DIR: file })).toEqual([
      `tripline: DATA_DIR ${file} is a file, not a folder: set DATA_DIR to a folder, or to one that can be made`,
    ]);
    expect(await refusal({ DATA_DIR: join(file, 'within') })).toEqual([
      `tripline: DATA_DIR ${join(file, 'within')} cannot be a folder, as a part of its path is a file: set DATA_DIR to a folder, or to one that can be made`,
    ]);
    if (process.getuid?.() === 0) return;
    const readOnly = mkdtempSync(join(folder, 'read-only-'));
    chmodSync(readOnly, 0o500);
    expect(await refusal({ DATA_DIR: readOnly })).toEqual([
      `tripline: DATA_DIR ${readOnly} may not be written by this user: give it the permission, or set DATA_DIR to a folder of its own`,
    ]);
  });

  test('reports every mistake in the environment at once', async () => {
    expect(await refusal({ PORT: 'none', POLL_SECONDS: '0' })).toHaveLength(2);
  });

  test.each(PARTS)('starts %s again on its port when it is killed', async (name) => {
    const before = runFile(name);
    process.kill(before.pid, 'SIGKILL');
    const after = await until(
      () => {
        const now = runFile(name);
        return now.pid === before.pid ? undefined : now;
      },
      { withinMs: 30_000, tell: () => launcher.lines.slice(-20).join('\n') },
    );
    expect(after.url).toBe(before.url);
    expect(after.headers).toEqual(before.headers);
    const answer = await until(() => ask(curl).catch(() => undefined), {
      withinMs: 30_000,
      tell: () => launcher.lines.slice(-20).join('\n'),
    });
    expect(answer.trips).toBeGreaterThan(0);
  });

  test('takes every part with it when it is killed itself, and goes on with the data', async () => {
    const before = await ask(curl);
    const lock = JSON.parse(readFileSync(join(dataDir, 'launcher.lock'), 'utf8')) as {
      launcher: { pid: number };
    };
    process.kill(lock.launcher.pid, 'SIGKILL');
    await launcher.ended;
    await noProcessLeft(2_000);
    await start();
    const after = await ask(curl);
    expect(after.dataVersion).toBeGreaterThanOrEqual(before.dataVersion);
    expect(after.trips).toBeGreaterThanOrEqual(before.trips);
    // Another month may have come meanwhile, with strays in this one.
    if (after.dataVersion === before.dataVersion) expect(after.value).toBe(before.value);
  });
});

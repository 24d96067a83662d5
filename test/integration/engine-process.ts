import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { createClient, type ClickHouseClient, type ClickHouseSettings } from '@clickhouse/client';
import {
  createEngineCredentials,
  PASSWORD_DIGESTS,
  type EngineCredentials,
  type EngineUser,
} from '../../launcher/engine/engine-credentials.ts';
import { THREADS_NEEDED } from '../../launcher/engine/start-engine.ts';
import { programArguments } from '../../config/program/program.ts';

/** An engine in a process of its own. */
export interface EngineProcess {
  /** Without credentials. */
  url: string;
  /** For the engine that takes its place. */
  credentials: EngineCredentials;
  /** The url with a user's credentials in it. */
  as(user: EngineUser): string;
  child: ChildProcess;
  /** Log lines so far. */
  lines: string[];
  /** Of the loader by default. */
  client(settings?: ClickHouseSettings, user?: EngineUser): ClickHouseClient;
  /** Sends a signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/** Starts the engine's program and waits until it says that it is ready. @throws with what it wrote when it ends instead */
export async function startEngineProcess(
  dataDir: string,
  { fewThreads = false, flags = [] as string[], credentials = createEngineCredentials() } = {},
): Promise<EngineProcess> {
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    LOG_LEVEL: 'info',
    LOG_FORMAT: 'json',
    [PASSWORD_DIGESTS]: credentials.digests,
  };
  delete env['UV_THREADPOOL_SIZE'];
  if (!fewThreads) env['UV_THREADPOOL_SIZE'] = String(THREADS_NEEDED);
  const child = spawn(
    process.execPath,
    [...programArguments('launcher/engine/main.ts'), '--data-dir', dataDir, '--port', '0', ...flags],
    { env, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const lines: string[] = [];
  const clients: ClickHouseClient[] = [];
  child.stderr.on('data', (text: Buffer) => lines.push(text.toString().trim()));
  const url = await new Promise<string>((ready, failed) => {
    void exited.then(([code]) => failed(new Error(`the engine ended with ${code}: ${lines.join('\n')}`)));
    createInterface(child.stdout).on('line', (line) => {
      lines.push(line);
      if (!line.includes('is ready')) return;
      ready((JSON.parse(line) as { url: string }).url);
    });
  });
  const as = (user: EngineUser) => credentials.url(user, url);
  return {
    url,
    credentials,
    as,
    child,
    lines,
    client: (settings = {}, user = 'loader') => {
      // Level 127 is off: errors are what these tests are about.
      const client = createClient({ url: as(user), clickhouse_settings: settings, log: { level: 127 } });
      clients.push(client);
      return client;
    },
    stop: async (signal = 'SIGTERM') => {
      await Promise.all(clients.splice(0).map((client) => client.close()));
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      const [code, by] = await exited;
      return { code, signal: by };
    },
  };
}

/** A folder that goes when the test is over. */
export async function temporaryFolder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'tripline-engine-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** Asks again and again until `holds` is true. @throws after `withinMs` */
export async function eventually(holds: () => Promise<boolean> | boolean, withinMs = 15_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not so within ${withinMs} ms`);
    await pause(20);
  }
}

/** Resident memory of a process, in bytes. */
export async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

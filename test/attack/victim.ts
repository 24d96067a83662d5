/** A whole Tripline, as `npm start` brings it up, with its memory and its processes under watch. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient, type ClickHouseClient } from '@clickhouse/client';
import type { Breach, Ledger } from './ledger.ts';
import { createMemoryLimit, killBeyond } from './memory-limit.ts';
import { listeningPorts, peakBytesOf, processesBelow, type ListeningPort } from './process-tree.ts';
import { freePort } from '../support/tripline.ts';
import { until } from '../support/until.ts';

const WATCH_EVERY_MS = 250;

/** `DATA_DIR/run/<name>.json`, as an operator reads it. */
export interface RunFile {
  pid: number;
  url: string;
  headers?: Record<string, string>;
}

export interface Victim {
  url: string;
  dataDir: string;
  pid: number;
  log: () => string;
  runFiles: () => Map<string, RunFile>;
  ports: () => ListeningPort[];
  /** As the loader, who sees every table, where there are users at all. */
  warehouse: () => ClickHouseClient;
  graphql: <Data>(query: string, variables?: Record<string, unknown>) => Promise<Data>;
  /** Parts that ended, or were ended for their memory, since this was last asked. */
  newBreaches: () => Breach[];
  stop: () => Promise<void>;
}

export async function startVictim({
  scenario,
  ledger,
  sourceUrl,
  env = {},
  limitBytes = 8e9,
  mostBytesEach = 4e9,
}: {
  scenario: string;
  ledger: Ledger;
  sourceUrl: string;
  env?: Record<string, string>;
  /** For all of its processes together. */
  limitBytes?: number;
  /** A process that takes more is ended. */
  mostBytesEach?: number;
}): Promise<Victim> {
  const dataDir = mkdtempSync(join(tmpdir(), 'attack-victim-'));
  const port = await freePort();
  const limit = createMemoryLimit(limitBytes);
  const child = spawn('sh', ['-c', 'read go; exec "$0" launcher/bootstrap.mjs start', process.execPath], {
    env: { ...process.env, SOURCE_URL: sourceUrl, DATA_DIR: dataDir, PORT: String(port), ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const pid = child.pid ?? 0;
  // Only then does it start anything.
  limit.hold(pid);
  child.stdin.end('go\n');
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (log += String(text)));
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const breaches: Breach[] = [];
  const watch = setInterval(() => {
    const processes = processesBelow(pid);
    for (const { pid: one, part } of processes) {
      const peakBytes = peakBytesOf(one);
      if (peakBytes !== undefined) ledger.noteMemory({ scenario, part, peakBytes });
    }
    for (const { part, bytes } of killBeyond(processes, mostBytesEach))
      breaches.push({ kind: 'memory', what: `${part} took ${Math.round(bytes / 1e6)} MB, and was ended` });
  }, WATCH_EVERY_MS);

  let heard = 0;
  const url = `http://127.0.0.1:${port}`;
  const runFiles = (): Map<string, RunFile> => {
    const folder = join(dataDir, 'run');
    return new Map(
      readdirSync(folder)
        .filter((name) => name.endsWith('.json'))
        .map((name) => [name.slice(0, -5), JSON.parse(readFileSync(join(folder, name), 'utf8')) as RunFile]),
    );
  };
  const clients: ClickHouseClient[] = [];
  const victim: Victim = {
    url,
    dataDir,
    pid,
    log: () => log,
    runFiles,
    ports: () => listeningPorts(processesBelow(pid)),
    warehouse() {
      const files = runFiles();
      const { url: engine, headers = {} } = files.get('clickhouse-loader') ??
        files.get('clickhouse') ?? { url: '' };
      // The client's own user and password would stand beside those of the run file.
      const { 'X-ClickHouse-User': username = 'default', 'X-ClickHouse-Key': password = '' } = headers;
      const client = createClient({ url: engine, username, password, log: { level: 127 } });
      clients.push(client);
      return client;
    },
    async graphql(query, variables = {}) {
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query, variables }),
        signal: AbortSignal.timeout(10_000),
      });
      const { data, errors } = (await response.json()) as { data?: never; errors?: unknown };
      if (errors !== undefined) throw new Error(JSON.stringify(errors));
      return data as never;
    },
    newBreaches() {
      const text = log.slice(heard);
      heard = log.length;
      const ends = [...text.matchAll(/^tripline: (\S+ (?:exited with|was ended by|never became).*)$/gm)];
      return [
        ...breaches.splice(0),
        ...ends.map(([, what = '']): Breach => ({ kind: 'ended process', what })),
        ...(child.exitCode === null ? [] : [{ kind: 'ended process', what: 'the launcher' } as const]),
      ];
    },
    async stop() {
      clearInterval(watch);
      await Promise.allSettled(clients.map((client) => client.close()));
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      await exited;
      limit.release();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
  try {
    await until('Tripline is ready', async () => (await fetch(`${url}/readyz`)).ok, { deadlineMs: 120_000 });
  } catch (error) {
    await victim.stop();
    throw new Error(`${String(error)}\n${log}`, { cause: error });
  }
  return victim;
}

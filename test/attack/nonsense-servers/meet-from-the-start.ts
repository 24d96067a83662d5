/** Gateways that have never met their ClickHouse: nothing is in their memory, so that whatever they say comes from somebody who talks nonsense. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Breach, Ledger } from '../ledger.ts';
import { freePort } from '../../support/tripline.ts';
import { until } from '../../support/until.ts';
import { ANY_HTTP, NO_CLICKHOUSE } from './habits.ts';
import type { Habit } from './switchboard.ts';
import { programArguments } from '../../../config/program/program.ts';

const AT_ONCE = 2;
const QUESTIONS = [
  '/api/p90',
  '/api/p90?from=2024-01-03T04:05:06&to=2024-02-01',
  '/api/files',
  '/api/series?bucket=MONTH',
  '/api/trips-over-p90?from=2024-01-01&to=2024-01-02&format=json',
];

/** Those that answer like HTTP at all: the others were met by a gateway that works. */
const HABITS: Readonly<Record<string, Habit>> = Object.fromEntries(
  Object.entries({ ...ANY_HTTP, ...NO_CLICKHOUSE }).filter(([name]) =>
    /^200|rows|number|exception|204|206|gzip|cut/.test(name),
  ),
);

export async function meetFromTheStart({
  ledger,
  scenario,
  redisUrl,
  temporalAddress,
}: {
  ledger: Ledger;
  scenario: string;
  redisUrl: string;
  temporalAddress: string;
}): Promise<void> {
  const left = Object.entries(HABITS);
  const one = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [name, habit] = next;
      ledger.note(
        scenario,
        `ClickHouse from the start: ${name}`,
        await meet(habit, { REDIS_URL: redisUrl, TEMPORAL_ADDRESS: temporalAddress }),
      );
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
}

async function meet(habit: Habit, env: Record<string, string>): Promise<Breach[]> {
  const folder = mkdtempSync(join(tmpdir(), 'attack-start-'));
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    habit(socket, () => socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: engine } = server.address() as { port: number };
  const port = await freePort();
  const child = spawn(process.execPath, programArguments('gateway/main.ts'), {
    env: {
      ...process.env,
      ...env,
      SOURCE_URL: `file://${folder}`,
      DATA_DIR: folder,
      PORT: String(port),
      CLICKHOUSE_URL: `http://127.0.0.1:${engine}`,
      REQUEST_TIMEOUT_SECONDS: '2',
      LOG_LEVEL: 'fatal',
    },
    stdio: 'ignore',
  });
  const breaches: Breach[] = [];
  try {
    const ask = (path: string) =>
      fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(12_000) });
    await until('it listens', async () => (await ask('/healthz')).ok || child.exitCode !== null, {
      deadlineMs: 60_000,
    });
    for (const path of QUESTIONS) {
      const response = await ask(path).catch(() => undefined);
      if (response === undefined) {
        breaches.push({ kind: 'stuck', what: `no answer to ${path}` });
        continue;
      }
      const body = await response.text();
      // Nobody knows of a trip or a file, so that nothing can be said of them.
      if (response.ok) breaches.push({ kind: 'wrong answer', what: `${path}: ${body.slice(0, 120)}` });
      else if (response.status === 500)
        breaches.push({ kind: 'wrong answer', what: `${path}: 500 ${body.slice(0, 120)}` });
    }
    if (child.exitCode !== null)
      breaches.push({ kind: 'ended process', what: `the gateway exited with ${child.exitCode}` });
  } catch (error) {
    breaches.push({ kind: 'stuck', what: String(error) });
  } finally {
    child.kill('SIGKILL');
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
  return breaches;
}

/** Several processes that are one gateway: they share work, memory and metrics, and one that dies is started again. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { createHttpClient, post } from '../support/http-client.ts';
import { madeTrips } from '../support/made-trips.ts';
import { seededRandom } from '../support/random.ts';
import { subscribe } from '../support/sse.ts';
import { startStage, type Stage, type StagedGateway } from '../support/stage.ts';
import { until } from '../support/until.ts';
import { programArguments } from '../../config/program/program.ts';

// Starting processes takes long where the machine has much else to do.
vi.setConfig({ testTimeout: 120_000 });

const LONG = process.env['GATEWAY_TEST'] === 'long';
const KILLS = LONG ? 20 : 1;
const CACHE_BYTES = 2 ** 20;

let stage: Stage;
let gateway: StagedGateway;
/** Each request is a connection, which the next process takes. */
const client = createHttpClient({ keepAlive: false });

beforeAll(async () => {
  stage = await startStage();
  await stage.publish({
    filename: 'yellow_tripdata_2024-01.parquet',
    trips: madeTrips(seededRandom(1), { month: '2024-01', trips: 500 }),
  });
});
/** Some tests end it. */
beforeEach(async () => {
  if (gateway?.child === undefined || gateway.child.exitCode !== null || gateway.child.signalCode !== null)
    gateway = await start();
});
afterAll(() => stage?.stop());

const start = () =>
  stage.startGateway({
    GATEWAY_PROCESSES: '2',
    ACCESS_LOG: 'all',
    RESULT_CACHE_MB: String(CACHE_BYTES >> 20),
  });

/** The processes below the first, in the order in which they were begun. */
const children = ({ pid }: StagedGateway): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);

/** How many processes have answered that operation, as the log says. */
function servedBy(operation: string): number {
  const lines = gateway
    .log()
    .split('\n')
    .filter((line) => line.includes(`"operation":"${operation}"`));
  return new Set(lines.map((line) => (JSON.parse(line) as { process: number }).process)).size;
}

const ask = (operation: string) =>
  client.ask(`${gateway.url}/graphql`, post(`query ${operation} { p90 { trips } }`));

/** Asks until both have answered. @returns how often */
async function askBoth(operation: string): Promise<number> {
  let asked = 0;
  const haveBoth = async (): Promise<boolean> => {
    expect(await ask(operation)).toMatchObject({ status: 200 });
    asked += 1;
    return servedBy(operation) === 2;
  };
  await until('both processes answer', haveBoth, { deadlineMs: 90_000 });
  return asked;
}

async function metric(name: string, labels = ''): Promise<number> {
  const { body } = await client.ask(`${gateway.url}/metrics`);
  const lines = body.split('\n').filter((line) => line.startsWith(name) && line.includes(labels));
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}
const counted = (operation: string) =>
  metric('tripline_request_duration_seconds_count', `operation="${operation}"`);

/** By one process, as its slot says. */
const countedBy = (process: number, operation: string) =>
  metric(`tripline_request_duration_seconds_count{operation="${operation}"`, `process="${process}"`);

it('serves with all of them, and counts over all', async () => {
  const asked = await askBoth('first');
  // Whichever is asked.
  expect([await counted('first'), await counted('first')]).toEqual([asked, asked]);
  const each = [await countedBy(0, 'first'), await countedBy(1, 'first')];
  expect(Math.min(...each)).toBeGreaterThan(0);
  expect(each[0]! + each[1]!).toBe(asked);
});

it('keeps no more than one process would', async () => {
  const clients = Array.from({ length: 8 }, () => createHttpClient({ keepAlive: false }));
  await Promise.all(
    clients.map(async (each, lane) => {
      for (let index = 0; index < 40; index += 1) {
        const from = `2024-01-01T00:${String(index).padStart(2, '0')}:0${lane}`;
        const told = await each.ask(`${gateway.url}/api/series?bucket=DAY&from=${from}&to=2024-02-01`);
        expect(told.status).toBe(200);
      }
    }),
  );
  const bytes = await metric('tripline_answer_cache_bytes');
  expect(bytes).toBeGreaterThan(CACHE_BYTES / 2);
  expect(bytes).toBeLessThanOrEqual(CACHE_BYTES);
});

it.each(Array.from({ length: KILLS }, (_, kill) => `kill${kill}`))(
  'goes on without one that is killed, and starts it again (%s)',
  async (name) => {
    await askBoth(`before_${name}`);
    const [killed = 0, other] = children(gateway).toSorted(() => Math.random() - 0.5);
    const ends = gateway.log().split('it is started again').length;
    process.kill(killed, 'SIGKILL');
    await until('its end is noticed', () => gateway.log().split('it is started again').length > ends);
    for (let index = 0; index < 10; index += 1)
      expect(await ask(`alone_${name}`)).toMatchObject({ status: 200 });
    expect(await counted(`alone_${name}`)).toBe(10);
    const asked = await askBoth(`after_${name}`);
    expect(await counted(`after_${name}`)).toBe(asked);
    expect(children(gateway)).toEqual([other, expect.any(Number)]);
  },
);

it('says in one line that its port is taken', async () => {
  const { port } = new URL(gateway.url);
  const child = spawn(process.execPath, programArguments('gateway/main.ts'), {
    env: { ...process.env, PORT: port, GATEWAY_PROCESSES: '2', CLICKHOUSE_URL: stage.engine.as('gateway') },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (text) => (said += String(text)));
  expect(await once(child, 'close')).toEqual([1, null]);
  expect(said).toMatch(new RegExp(`^gateway: cannot listen on 127.0.0.1:${port}: .*EADDRINUSE.*\n$`));
});

const isThere = (pid: number): boolean => existsSync(`/proc/${pid}`);

it('ends as one, with the answers that are under way, also when a terminal interrupts each of them', async () => {
  await askBoth('terminal');
  const pids = children(gateway);
  const exited = once(gateway.child, 'exit');
  const subscribing = [0, 1].map(() => subscribe(gateway.url, 'subscription { p90Changed { value } }'));
  const subscriptions = await Promise.all(subscribing);
  stage.engine.child.kill('SIGSTOP');
  const asking = [0, 1].map((lane) =>
    createHttpClient().ask(
      `${gateway.url}/graphql`,
      post(`{ p90(filter: { tripDistance: { min: ${lane} } }) { trips } }`),
    ),
  );
  // They are taken when these are answered by both.
  await askBoth('taken');
  for (const pid of [gateway.pid, ...pids]) process.kill(pid, 'SIGINT');
  // They end when nobody listens any more.
  for (const { completed } of subscriptions) expect(await completed).toBe(true);
  stage.engine.child.kill('SIGCONT');
  for (const told of await Promise.all(asking)) expect(told).toMatchObject({ status: 200 });
  expect(await exited).toEqual([0, null]);
  expect(pids.filter(isThere)).toEqual([]);
});

it.runIf(LONG)('leaves nobody behind when the first of them is killed', async () => {
  await askBoth('orphans');
  const pids = children(gateway);
  process.kill(gateway.pid, 'SIGKILL');
  await until('the others have ended', () => !pids.some(isThere));
  expect(await client.ask(`${gateway.url}/readyz`)).toMatchObject({ problem: 'ECONNREFUSED' });
});

/** A gateway that is told to stop fails no request. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { createHttpClient, post, type Asked, type Told } from '../support/http-client.ts';
import { madeTrips } from '../support/made-trips.ts';
import { seededRandom } from '../support/random.ts';
import { subscribe } from '../support/sse.ts';
import { startStage, type Stage, type StagedGateway } from '../support/stage.ts';
import { until } from '../support/until.ts';

// Starting processes takes long where the machine has much else to do.
vi.setConfig({ testTimeout: 120_000 });

const CACHED = '/api/p90?from=2024-01-01&to=2024-01-03';
const CLIENTS = process.env['GATEWAY_TEST'] === 'long' ? 64 : 8;
const ROUNDS = process.env['GATEWAY_TEST'] === 'long' ? 10 : 1;

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
  await stage.publish({
    filename: 'yellow_tripdata_2024-01.parquet',
    trips: madeTrips(seededRandom(1), { month: '2024-01', trips: 1_000 }),
  });
});
afterEach(() => void stage?.engine.child.kill('SIGCONT'));
afterAll(() => stage?.stop());

/**
 * Clients that ask as fast as they are answered, until they find nobody listening.
 * @param isReady as a load balancer knows it: sends nobody there any more
 */
function askOnAndOn(url: string, { keepAlive, isReady }: { keepAlive: boolean; isReady: () => boolean }) {
  const told: Told[] = [];
  const run = async (): Promise<void> => {
    const client = createHttpClient({ keepAlive });
    while (isReady()) {
      const answer = await client.ask(url);
      if (answer.problem === 'ECONNREFUSED') break;
      told.push(answer);
    }
    client.close();
  };
  const ended = Promise.all(Array.from({ length: CLIENTS }, run));
  return { told, ended };
}

/** How many ended how. */
function outcomes(told: readonly Told[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { problem, status, body } of told) {
    const outcome = problem ?? (status === 200 ? 'answered' : `${status} ${body}`);
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  }
  return counts;
}

/** Connected, and says nothing: a connection in reserve. */
async function preconnect(gateway: StagedGateway): Promise<Socket> {
  const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** Asks ClickHouse what nobody asked before. */
let scans = 0;
const scan = (): Asked => post(`{ p90(filter: { tripDistance: { min: ${(scans += 1)} } }) { trips } }`);

const plans = [1, 2].flatMap((processes) =>
  Array.from({ length: ROUNDS }, (_, round) => ({ processes, round })),
);
it.each(plans)('fails no request and ends in time, with $processes processes', async ({ processes }) => {
  const gateway = await stage.startGateway({
    DRAIN_DELAY_SECONDS: '2',
    GATEWAY_PROCESSES: String(processes),
  });
  const { url, child } = gateway;
  const exited = once(child, 'exit');
  const slow = createHttpClient();
  const idle = createHttpClient();
  expect(await idle.ask(`${url}/readyz`)).toMatchObject({ status: 200 });
  const silent = await preconnect(gateway);
  const events = await subscribe(url, 'subscription { p90Changed(since: 0) { value } }');
  await until('the first event has come', () => events.events.length === 1);

  let isReady = true;
  const balanced = [true, false].map((keepAlive) =>
    askOnAndOn(`${url}${CACHED}`, { keepAlive, isReady: () => isReady }),
  );
  // Whoever connects in the last millisecond before several processes stop may be lost on the way from the one that listens to the one that answers.
  const heedless = (processes === 1 ? [true, false] : []).map((keepAlive) =>
    askOnAndOn(`${url}${CACHED}`, { keepAlive, isReady: () => true }),
  );
  const all = [...balanced, ...heedless];
  await until('all are busy', () => all.every(({ told }) => told.length > 20 * CLIENTS));
  // The second process starts after the first one listens, and knows nothing until it has read.
  await until('each process answers from memory', async () => {
    const { body } = await idle.ask(`${url}/metrics`);
    const hits = body.match(/^tripline_request_duration_seconds_count\{.*cache="hit".*\} [1-9]\d*$/gm) ?? [];
    return new Set(hits.map((line) => /process="\d+"/.exec(line)?.[0])).size === processes;
  });

  // The engine stands still, so that this is under way for as long as it is wanted.
  stage.engine.child.kill('SIGSTOP');
  const scanned = slow.ask(`${url}/graphql`, scan());
  const probe = createHttpClient({ keepAlive: false });
  await probe.ask(`${url}${CACHED}`);
  const told = performance.now();
  child.kill('SIGTERM');
  await until('it says that it is not ready', async () => (await probe.ask(`${url}/readyz`)).status === 503, {
    everyMs: 1,
  });
  const unready = performance.now();
  isReady = false;
  expect(await probe.ask(`${url}${CACHED}`)).toMatchObject({ status: 200, headers: { connection: 'close' } });
  await Promise.all(all.map(({ ended }) => ended));
  stage.engine.child.kill('SIGCONT');
  expect(await scanned).toMatchObject({ status: 200, headers: { connection: 'close' } });
  expect(await events.completed).toBe(true);
  expect(await exited).toEqual([0, null]);
  const ended = performance.now();
  silent.destroy();

  for (const { told } of all) expect(outcomes(told)).toEqual({ answered: told.length });
  const requests = all.reduce((sum, { told }) => sum + told.length, 0);
  console.log(
    `drain, ${processes} processes: not ready after ${Math.round(unready - told)} ms, ended after ${Math.round(ended - told)} ms; none of ${requests} requests failed`,
  );
});

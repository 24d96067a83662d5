/**
 * Redis and the engine are killed, paused and worse under a constant load: cached answers go on, the others fail only while the engine is away, and
 * nothing is left of it afterwards. Temporal is away all the time. `npm run test:gateway` does it over and over.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { createHttpClient, post, type Asked, type Told } from '../support/http-client.ts';
import { madeTrips } from '../support/made-trips.ts';
import { seededRandom } from '../support/random.ts';
import { startStage, type Stage, type StagedGateway } from '../support/stage.ts';
import { until } from '../support/until.ts';

// Starting processes takes long where the machine has much else to do.
vi.setConfig({ testTimeout: 120_000 });

const LONG = process.env['GATEWAY_TEST'] === 'long';
const ROUNDS = LONG ? 5 : 1;
/** Of a kind, during a fault, before it ends. */
const enough = (kind: string): number => (kind === 'SQL' ? 5 : 30) * (LONG ? 20 : 1);
/** Of a kind, in a row, so that all is well. */
const WELL = 5;
const PACE_MS = 4;

const random = seededRandom(3);
const RANGE = 'from=2024-01-01&to=2024-01-03';
const P90 = 'query p90 { p90(pickup: { from: "2024-01-01", to: "2024-01-04" }) { value trips dataVersion } }';
const moment = (): string =>
  `2024-01-0${1 + Math.floor(random() * 4)}T0${Math.floor(random() * 9)}:30:00.${String(Math.floor(random() * 1e6)).padStart(6, '0')}`;

/** What is asked, each kind by a client of its own; `held` is what it got before. */
const KINDS: Record<string, (held: Told | undefined) => { path: string; asked: Asked }> = {
  'cached GET': () => ({ path: `/api/p90?${RANGE}`, asked: {} }),
  'conditional GET': (held) => {
    const { etag } = held?.headers ?? {};
    return {
      path: `/api/series?bucket=DAY&${RANGE}`,
      asked: etag === undefined ? {} : { headers: { 'if-none-match': etag } },
    };
  },
  'cached POST': () => ({ path: '/graphql', asked: post(P90) }),
  // Pages of most of these ranges are in memory, so that they may be answered without the engine too.
  ladder: () => ({ path: `/api/p90?from=${moment()}&to=2024-01-09`, asked: {} }),
  files: () => ({ path: '/graphql', asked: post('{ files { totalCount } }') }),
  SQL: () => ({
    path: '/graphql',
    asked: post(`{ p90(filter: { tripDistance: { min: ${random()} } }) { trips } }`),
  }),
};
const CACHED = ['cached GET', 'conditional GET', 'cached POST'];

interface Answer {
  kind: string;
  sentAt: number;
  doneAt: number;
  ms: number;
  isGood: boolean;
  /** `503 SERVICE_UNAVAILABLE`, or why there was no answer. */
  outcome: string;
}

const answers: Answer[] = [];
let goesOn = true;
let asking: Promise<unknown>;
let stage: Stage;
let gateway: StagedGateway;

async function askOnAndOn(kind: string): Promise<void> {
  const client = createHttpClient();
  let held: Told | undefined;
  while (goesOn) {
    const { path, asked } = KINDS[kind]!(held);
    const told = await client.ask(gateway.url + path, asked);
    const { sentAt, doneAt, status, problem, body } = told;
    const isGood = (status === 200 && !body.includes('"errors"')) || status === 304;
    if (status === 200) held = told;
    const [, code = ''] = /"code":"(\w+)"/.exec(body) ?? [];
    const outcome = problem ?? `${status} ${code}`.trim();
    answers.push({ kind, sentAt, doneAt, ms: doneAt - sentAt, isGood, outcome });
    await sleep(PACE_MS);
  }
  client.close();
}

/** Of those sent since then, by kind. */
function sentSince(time: number): Map<string, Answer[]> {
  const byKind = new Map(Object.keys(KINDS).map((kind) => [kind, [] as Answer[]]));
  for (const answer of answers) if (answer.sentAt >= time) byKind.get(answer.kind)?.push(answer);
  return byKind;
}

const isReady = async (): Promise<boolean> => (await fetch(`${gateway.url}/readyz`)).ok;
const redisKeys = async (): Promise<number> => Number(await stage.redis.command('dbsize'));

/** When an answer that is not cached may fail. */
const engineAway: { from: number; to: number }[] = [];

interface Fault {
  begin: () => unknown;
  /** Resolves when it has been looked at for long enough. */
  during?: () => Promise<unknown>;
  end: () => unknown;
  /** What else is well afterwards. */
  after?: () => Promise<unknown>;
}

/** @returns one line of what was seen */
async function happen(name: string, { begin, during, end, after }: Fault, isEngine: boolean): Promise<void> {
  const begunAt = performance.now();
  await begin();
  const many = isEngine ? CACHED : Object.keys(KINDS);
  await until(`${name}: enough was asked`, () => {
    const sent = sentSince(begunAt);
    return many.every((kind) => sent.get(kind)!.length >= enough(kind));
  });
  await during?.();
  await end();
  const endedAt = performance.now();
  await until(`${name}: all is well again`, () =>
    [...sentSince(endedAt).values()].every(
      (those) => those.length >= WELL && those.slice(-WELL).every(({ isGood }) => isGood),
    ),
  );
  await after?.();
  const those = answers.filter(({ doneAt }) => doneAt >= begunAt);
  const failed = those.filter(({ isGood }) => !isGood);
  const lastFailure = Math.max(endedAt, ...failed.map(({ doneAt }) => doneAt));
  if (isEngine) engineAway.push({ from: begunAt, to: lastFailure });
  const ms = (kinds: readonly string[], share: number): string => {
    const times = those.filter(({ kind }) => kinds.includes(kind)).map((answer) => answer.ms);
    return (times.toSorted((a, b) => a - b)[Math.floor(share * times.length)] ?? NaN).toFixed(1);
  };
  const latency = (kinds: readonly string[]) => `${ms(kinds, 0.5)} / ${ms(kinds, 0.99)} ms`;
  const counts = new Map<string, number>();
  for (const { kind, outcome } of failed)
    counts.set(`${kind} ${outcome}`, (counts.get(`${kind} ${outcome}`) ?? 0) + 1);
  console.log(
    `${name}: ${those.length} answers; failed: ${[...counts].map(([what, count]) => `${count} × ${what}`).join(', ') || 'none'}; the last ${Math.round(lastFailure - endedAt)} ms after the end; p50 / p99 cached ${latency(CACHED)}, ladder ${latency(['ladder'])}, SQL ${latency(['SQL'])}`,
  );
}

beforeAll(async () => {
  stage = await startStage();
  await stage.publish({
    filename: 'yellow_tripdata_2024-01.parquet',
    trips: madeTrips(random, { month: '2024-01', trips: 1_000 }),
  });
  gateway = await stage.startGateway({ REQUEST_TIMEOUT_SECONDS: '4', LADDER_MEMORY_MB: '1' });
  asking = Promise.all(Object.keys(KINDS).map(askOnAndOn));
  await until('all kinds are answered', () =>
    [...sentSince(0).values()].every((those) => those.length >= WELL),
  );
});
afterAll(async () => {
  goesOn = false;
  stage?.engine.child.kill('SIGCONT');
  await asking;
  await stage?.stop();
});

/** Answers are shared through Redis again. */
async function isSharing(): Promise<void> {
  const before = await redisKeys();
  await until('answers are kept in Redis again', async () => (await redisKeys()) > before);
}
const redis = (...command: [string, ...string[]]) => stage.redis.command(...command);
const overflow = async (bytes: string): Promise<void> => {
  await redis('config', 'set', 'maxmemory-policy', 'noeviction');
  await redis('config', 'set', 'maxmemory', bytes);
};

const REDIS_FAULTS: Record<string, Fault> = {
  'Redis killed': { begin: () => stage.redis.kill(), end: () => stage.redis.comeBack() },
  'Redis paused': { begin: () => stage.redis.pause(), end: () => stage.redis.goOn() },
  'Redis flushed': { begin: () => redis('flushall'), end: () => undefined },
  'Redis full': { begin: () => overflow('1'), end: () => overflow('0') },
  'Redis read-only': {
    begin: () => redis('replicaof', '127.0.0.1', '9'),
    end: () => redis('replicaof', 'no', 'one'),
  },
};
const rounds = Array.from({ length: ROUNDS }, (_, round) => round);

it.each(rounds.flatMap((round) => Object.keys(REDIS_FAULTS).map((name) => ({ name, round }))))(
  '$name: no question fails, and answers are shared again afterwards',
  async ({ name }) => {
    const begun = performance.now();
    await happen(name, { ...REDIS_FAULTS[name]!, after: isSharing }, false);
    expect(answers.filter(({ doneAt, isGood }) => doneAt >= begun && !isGood)).toEqual([]);
  },
);

const ENGINE_FAULTS: Record<string, Fault> = {
  'engine killed': {
    begin: () => stage.engine.stop('SIGKILL'),
    during: () => until('it says that it is not ready', async () => !(await isReady())),
    end: () => stage.startEngineAgain(),
  },
  'engine paused': {
    begin: () => stage.engine.child.kill('SIGSTOP'),
    during: () =>
      until('a question took too long', () => answers.some(({ outcome }) => outcome.endsWith('TIMEOUT'))),
    end: () => stage.engine.child.kill('SIGCONT'),
  },
};

it.each(rounds.flatMap((round) => Object.keys(ENGINE_FAULTS).map((name) => ({ name, round }))))(
  '$name: cached answers go on, and all is well once it is back',
  async ({ name }) => {
    const begun = performance.now();
    const after = () => until('it is ready', isReady);
    await happen(name, { ...ENGINE_FAULTS[name]!, after }, true);
    const failed = answers.filter(({ doneAt, isGood }) => doneAt >= begun && !isGood);
    expect(failed.filter(({ kind }) => CACHED.includes(kind))).toEqual([]);
    const told = new Set(failed.map(({ outcome }) => outcome));
    for (const outcome of told) expect(outcome).toMatch(/ (SERVICE_UNAVAILABLE|TIMEOUT|OVERLOADED)$/);
  },
);

it('fails no question outside of those times', () => {
  const outside = answers.filter(
    ({ sentAt, doneAt, isGood }) =>
      !isGood && !engineAway.some(({ from, to }) => doneAt >= from && sentAt <= to),
  );
  expect(outside).toEqual([]);
});

// What steers ingestion then says: see test/integration/control-away.test.ts.
it('answers all but what Temporal knows while Temporal is away', async () => {
  const client = createHttpClient();
  const question = '{ source { name paused problem } files { totalCount } p90 { trips } }';
  const { status, body } = await client.ask(`${gateway.url}/graphql`, post(question));
  expect([status, JSON.parse(body)]).toMatchObject([
    200,
    {
      data: {
        source: { name: 'yellow', paused: null, problem: expect.stringContaining('Temporal') },
        files: { totalCount: 0 },
        p90: { trips: 1_000 },
      },
    },
  ]);
  client.close();
});

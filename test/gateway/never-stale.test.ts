/**
 * Files are replaced while clients ask, over two gateways and over one of two processes, with Redis and without: no answer, and no 304, is older than it
 * may be, and each is what a plain sort says. `npm run test:gateway` asks for minutes.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { PUBLICATIONS_CHANNEL } from '../../config/announcement.ts';
import { DAY_MICROS, HOUR_MICROS, type Span } from '../../gateway/percentile/pickup-range.ts';
import { createHttpClient, post } from '../support/http-client.ts';
import { publishTrips } from '../support/made-loads.ts';
import { madeTrips } from '../support/made-trips.ts';
import { createPlainLog, type PlainPercentile } from '../support/plain-log.ts';
import { seededRandom } from '../support/random.ts';
import { startStage, type Stage, type StagedGateway } from '../support/stage.ts';
import { until } from '../support/until.ts';
import { questionsAbout, type AskedQuestion } from './asked-questions.ts';

// Starting processes takes long where the machine has much else to do.
vi.setConfig({ testTimeout: 120_000 });

const LONG = process.env['GATEWAY_TEST'] === 'long';
/** Each part lasts until so much has happened in it. */
const PART = LONG ? { publications: 150, answers: 6_000 } : { publications: 3, answers: 80 };
const PART_DEADLINE_MS = LONG ? 300_000 : 30_000;
const CLIENTS = LONG ? 4 : 3;
/** From one question of a client to its next, and from one publication to the next. */
const PACE_MS = { client: 3, publisher: LONG ? 100 : 50 };
/** An answer to a question knows what was published so long before it was sent. */
const KNOWN_AFTER_MS = 1_000;

const MONTHS = ['2024-01', '2024-02', '2024-03'];
const FIRST = BigInt(Date.UTC(2024, 0, 1)) * 1_000n;
const days = (from: number, to: number): Span => ({
  from: FIRST + BigInt(from) * DAY_MICROS,
  to: FIRST + BigInt(to) * DAY_MICROS,
});
const SPANS: Span[] = [
  days(0, 1),
  days(1, 4),
  days(0, 31),
  days(29, 35),
  days(-3, 95),
  { from: FIRST + 5n * HOUR_MICROS + 1n, to: FIRST + 2n * DAY_MICROS + 7n },
];
const QUESTIONS = SPANS.flatMap((span) => questionsAbout(span));

const random = seededRandom(7);
const log = createPlainLog();
let stage: Stage;
let announcer: Redis;
/** Two are one gateway's processes, and a client meets both, as each question is a connection. */
let gateways: { name: string; gateway: StagedGateway; keepAlive: boolean }[];

beforeAll(async () => {
  stage = await startStage();
  announcer = new Redis(stage.redis.url, {
    commandTimeout: 100,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
  });
  announcer.on('error', () => undefined);
  for (const month of MONTHS) await publish(month);
  const [first, second, both] = await Promise.all([
    stage.startGateway(),
    stage.startGateway(),
    stage.startGateway({ GATEWAY_PROCESSES: '2' }),
  ]);
  gateways = [
    { name: 'first', gateway: first, keepAlive: true },
    { name: 'second', gateway: second, keepAlive: true },
    { name: 'of two processes', gateway: both, keepAlive: false },
  ];
});
afterAll(async () => {
  announcer?.disconnect();
  await stage?.stop();
});

/** @returns its sequence */
async function publish(month: string): Promise<number> {
  const load = await publishTrips(stage.warehouse, {
    filename: `yellow_tripdata_${month}.parquet`,
    trips: madeTrips(random, { month, trips: 40 + Math.floor(random() * 80) }),
  });
  log.add(load, performance.now());
  announcer.publish(PUBLICATIONS_CHANNEL, String(load.sequence)).catch(() => undefined);
  return load.sequence;
}

interface Answer {
  gateway: string;
  question: AskedQuestion;
  sentAt: number;
  doneAt: number;
  status: number;
  dataVersion: number;
  /** Of a 304, what the client holds. */
  percentiles: PlainPercentile[];
}

/** Refused as too much was asked for; counted, as a machine that is busy with other things does that. */
let turnedAway = 0;

async function askOnAndOn(
  { name, gateway, keepAlive }: (typeof gateways)[number],
  { answers, goesOn }: { answers: Answer[]; goesOn: () => boolean },
): Promise<void> {
  const client = createHttpClient({ keepAlive });
  const held = new Map<AskedQuestion, { etag: string; body: string }>();
  while (goesOn()) {
    const question = QUESTIONS[Math.floor(random() * QUESTIONS.length)]!;
    const { path, pathWithDocument, asked, read } = question;
    const known = held.get(question);
    const headers = { ...asked.headers, ...(known === undefined ? {} : { 'if-none-match': known.etag }) };
    let told = await client.ask(gateway.url + path, { ...asked, headers });
    if (told.body.includes('PERSISTED_QUERY_NOT_FOUND'))
      told = await client.ask(gateway.url + (pathWithDocument ?? path), { ...asked, headers });
    const { status, sentAt, doneAt } = told;
    if (told.body.includes('"OVERLOADED"')) turnedAway += 1;
    else if (status === 200 || (status === 304 && known !== undefined)) {
      const body = known !== undefined && status === 304 ? known.body : told.body;
      answers.push({ gateway: name, question, sentAt, doneAt, status, ...read(body) });
      const { etag } = told.headers;
      if (etag !== undefined) held.set(question, { etag, body });
    } else throw new Error(`${path}: ${status} ${told.problem} ${told.body}`);
    await sleep(PACE_MS.client);
  }
  client.close();
}

interface Part {
  name: string;
  begunAt: number;
}

/** @returns how long before it was sent the oldest publication was there that the answer does not know; 0 when it knows all */
function lagOf({ question, sentAt, dataVersion }: Answer): { ms: number; at: number } {
  const missed = log
    .touching(question.span)
    .find(({ sequence, at }) => sequence > dataVersion && at < sentAt);
  return missed === undefined ? { ms: 0, at: sentAt } : { ms: sentAt - missed.at, at: missed.at };
}

/** Answers that are older than one that the gateway had given before they were asked for. */
function backInTime(answers: readonly Answer[]): Answer[] {
  const byEnd = answers.toSorted((a, b) => a.doneAt - b.doneAt);
  let seen = 0;
  let next = 0;
  return answers
    .toSorted((a, b) => a.sentAt - b.sentAt)
    .filter(({ question, sentAt, dataVersion }) => {
      for (; byEnd[next] !== undefined && byEnd[next]!.doneAt < sentAt; next += 1)
        seen = Math.max(seen, byEnd[next]!.dataVersion);
      return log.touching(question.span).some(({ sequence }) => sequence > dataVersion && sequence <= seen);
    });
}

/** Answers that are not what the trips of their data version say. */
function wrong(answers: readonly Answer[]): Answer[] {
  const known = new Map<string, string>();
  return answers.filter(({ question, dataVersion, percentiles }) => {
    const key = `${question.id} ${dataVersion}`;
    if (!known.has(key)) known.set(key, JSON.stringify(question.expected(log, dataVersion)));
    return known.get(key) !== JSON.stringify(percentiles.map(({ value, trips }) => ({ value, trips })));
  });
}

it(
  'gives no answer that is older than it may be',
  async () => {
    const answers: Answer[] = [];
    const parts: Part[] = [];
    let published = 0;
    let goesOn = true;
    const asking = gateways.flatMap((gateway) =>
      Array.from({ length: CLIENTS }, () => askOnAndOn(gateway, { answers, goesOn: () => goesOn })),
    );
    const publishing = (async () => {
      for (let count = 0; goesOn; count += 1) {
        await publish(MONTHS[count % MONTHS.length]!);
        published += 1;
        await sleep(PACE_MS.publisher);
      }
    })();
    const part = async (name: string, begin: () => Promise<void> | void): Promise<void> => {
      await begin();
      parts.push({ name, begunAt: performance.now() });
      const [publications, before] = [published, answers.length];
      const isOver = (): boolean =>
        published >= publications + PART.publications && answers.length >= before + PART.answers;
      // A client that fails ends it too.
      await Promise.race([
        until(`${name}: enough was asked`, isOver, { deadlineMs: PART_DEADLINE_MS }),
        ...asking,
      ]);
    };
    try {
      await part('announced', () => undefined);
      await part('Redis killed', () => stage.redis.kill());
      await part('Redis back', () => stage.redis.comeBack());
      await part('Redis paused', () => stage.redis.pause());
      await part('Redis going on', () => stage.redis.goOn());
    } finally {
      goesOn = false;
      stage.redis.goOn();
      await Promise.all([...asking, publishing]);
    }

    const notModified = answers.filter(({ status }) => status === 304).length;
    const lags = parts.map(({ name, begunAt }, index) => {
      const end = parts[index + 1]?.begunAt ?? Infinity;
      const those = answers.map(lagOf).filter(({ at }) => at >= begunAt && at < end);
      return `${name} ${Math.round(Math.max(0, ...those.map(({ ms }) => ms)))}`;
    });
    console.log(
      `never stale: ${published} publications, ${answers.length} answers, ${notModified} of them 304, ${turnedAway} turned away; a publication is unknown for at most (ms): ${lags.join(', ')}`,
    );
    expect(notModified).toBeGreaterThan(0);
    // A gateway does not wait for a warehouse that takes seconds, as on a machine that has much else to do, and says so.
    const waiting = gateways.filter(({ gateway }) => !/answers do not wait for it/.test(gateway.log()));
    for (const { name } of waiting)
      expect(
        answers.filter((answer) => answer.gateway === name && lagOf(answer).ms > KNOWN_AFTER_MS),
      ).toEqual([]);
    for (const { name } of gateways)
      expect(backInTime(answers.filter(({ gateway }) => gateway === name))).toEqual([]);
    expect(wrong(answers)).toEqual([]);
  },
  10 * PART_DEADLINE_MS,
);

it('answers as of a data version that another gateway has just shown', async () => {
  const ask = async (url: string, query: string) => {
    const parameters = new URLSearchParams(query);
    const response = await fetch(`${url}/api/p90?${parameters}`);
    return { status: response.status, body: (await response.json()) as { dataVersion: number } };
  };
  for (let round = 0; round < 6; round += 1) {
    const [showing, ...others] = [...gateways.slice(round % 3), ...gateways.slice(0, round % 3)].map(
      ({ gateway }) => gateway.url,
    );
    const sequence = await publish(MONTHS[round % MONTHS.length]!);
    const shown = await until('one gateway shows it', async () => {
      const { body } = await ask(showing!, '');
      return body.dataVersion === sequence && body;
    });
    // The others may have had no time to look yet, and must look then.
    const told = await Promise.all(others.map((url) => ask(url, `asOf=${sequence}`)));
    for (const each of told) expect(each).toEqual({ status: 200, body: shown });
  }
});

it('computes once what 100 ask two gateways at the same time', async () => {
  const query = 'query burst { p90(filter: { tripDistance: { min: 0.125 } }) { value trips dataVersion } }';
  const clients = Array.from({ length: 100 }, () => createHttpClient());
  const [first, second] = gateways.map(({ gateway }) => gateway.url);
  const computed = async (): Promise<string[]> => {
    const texts = await Promise.all(
      [first, second].map(async (url) => (await fetch(`${url}/metrics`)).text()),
    );
    return texts.flatMap((text) =>
      [
        ...text.matchAll(
          /^tripline_request_duration_seconds_count\{operation="burst",cache="(\w+)".*\} ([1-9]\d*)$/gm,
        ),
      ].map(([, outcome, count]) => `${outcome} ${count}`),
    );
  };
  await until('Redis is used again', async () => {
    const told = await clients[0]!.ask(
      `${first}/graphql`,
      post(`query warm { p90(filter: { tripDistance: { min: ${Math.random()} } }) { trips } }`),
    );
    return told.status === 200 && Number(await stage.redis.command('dbsize')) > 0;
  });
  // They come while the first computation is under way.
  stage.engine.child.kill('SIGSTOP');
  const asking = clients.map((client, index) =>
    client.ask(`${index % 2 === 0 ? first : second}/graphql`, post(query)),
  );
  await sleep(200);
  stage.engine.child.kill('SIGCONT');
  const told = await Promise.all(asking);
  expect(new Set(told.map(({ status, body }) => `${status} ${body}`)).size).toBe(1);
  const counts = await computed();
  expect(counts.filter((count) => count.startsWith('miss'))).toEqual(['miss 1']);
  expect(counts.toSorted()).toEqual(['joined 49', 'joined 49', 'miss 1', 'shared 1']);
  for (const client of clients) client.close();
});

/** Servers of nonsense in Redis' place: everything is answered, and right. What fits no command is no answer, whatever it says. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keepAnswer, type KeptAnswer } from '../../gateway/cache/kept-answer.ts';
import { createSeal } from '../../gateway/cache/seal.ts';
import { createSharedAnswers } from '../../gateway/cache/shared-answers.ts';
import { createDocuments } from '../../gateway/documents/documents.ts';
import { createMinuteBudget } from '../../gateway/limits/minute-budget.ts';
import type { LiveLoads } from '../../gateway/live-loads.ts';
import { followAnnouncements } from '../../gateway/redis/announcements.ts';
import { createRedisStore } from '../../gateway/redis/redis-store.ts';
import { createSchema } from '../../gateway/schema.ts';
import { createAnnouncer } from '../../worker/announcer.ts';
import { createHttpClient, post } from '../support/http-client.ts';
import { madeSnapshot } from '../support/made-snapshot.ts';
import { madeTrips } from '../support/made-trips.ts';
import { HABITS, startNonsenseRedis } from '../support/nonsense-redis.ts';
import { seededRandom } from '../support/random.ts';
import { startStage, type Stage, type StagedGateway } from '../support/stage.ts';
import { until } from '../support/until.ts';

const logger = pino({ level: 'silent' });
const names = Object.keys(HABITS);
const schema = createSchema();
const seal = createSeal('the-operators-own-token');

/** Whoever asks for this is told that it is not known: no server of nonsense makes it known. */
const UNKNOWN_HASH = '0'.repeat(64);

describe('each part of the gateway that asks Redis', () => {
  const snapshot = madeSnapshot({ file: 'yellow_tripdata_2024-01.parquet', days: [19_358] });
  const liveLoads = {
    current: () => snapshot,
    refresh: () => Promise.resolve(snapshot),
  } as unknown as LiveLoads;

  // A server that never answers costs seconds, and they all do so side by side.
  it.concurrent.each(names)(
    'goes on where that %s',
    async (name) => {
      const server = await startNonsenseRedis(() => HABITS[name]!);
      const store = createRedisStore({ url: server.url, logger });
      const budget = createMinuteBudget({ redis: store.client, rowsPerMinute: 1_000_000 });
      const answers = createSharedAnswers({ store, seal, liveLoads, namespace: 'test' });
      const settings = { schema, trusted: [], trustedOnly: false, introspection: true };
      const documents = createDocuments({ ...settings, store });
      const announcer = createAnnouncer({ redisUrl: server.url, logger });
      let looks = 0;
      const stop = followAnnouncements({
        redisUrl: server.url,
        known: () => 1,
        look: () => Promise.resolve(void (looks += 1)),
        logger,
      });
      let asked = 0;

      async function ask(): Promise<void> {
        asked += 1;
        const key = `question ${asked}`;
        const body = Buffer.from(`{"data":{"answer":${asked}}}`);
        const kept: KeptAnswer = keepAnswer({ question: key, namespace: 'test', body, reads: [], snapshot });
        const computed = { kept, outcome: 'miss' as const };
        const found = await answers.once({
          key,
          isCurrent: () => Promise.resolve(true),
          compute: () => Promise.resolve(computed),
          allGone: () => new AbortController().signal,
          deadlineMs: () => 20_000,
        });
        expect(found).toEqual(computed);
        await budget.charge('ann', 1_000);
        const byHash = Promise.resolve(documents.byHash(UNKNOWN_HASH, () => undefined));
        await expect(byHash).rejects.toMatchObject({ message: 'PersistedQueryNotFound' });
        await announcer.announce(asked);
      }
      try {
        await until(
          'it has had its say',
          async () => {
            await ask();
            return server.acts() >= 12;
          },
          { deadlineMs: 25_000 },
        );
        expect(looks).toBeLessThan(asked + 20);
      } finally {
        stop();
        announcer.close();
        store.close();
        await server.close();
      }
    },
    30_000,
  );
});

/** Those that ended gateways, or filled them, and some that did not. */
const WORST = [
  'says nothing is there to everything',
  'answers nobody',
  'adds nothing to each answer',
  'says 1 to who listens',
  'says nothing to who listens',
  'pushes',
  'pushes nothing',
  'tells nothing',
  'tells too little',
  'tells lies without end',
  'sends a gigabyte',
  'a web server',
  'gives numbers',
  'holds answers of somebody else',
  'stops half-way',
].map((name) => HABITS[name]!);

describe('a gateway', () => {
  const random = seededRandom(9);
  const trips = madeTrips(random, { month: '2024-01', trips: 300 });
  let stage: Stage;
  let gateway: StagedGateway;
  let connections = 0;
  let server: Awaited<ReturnType<typeof startNonsenseRedis>>;

  beforeAll(async () => {
    stage = await startStage();
    await stage.publish({ filename: 'yellow_tripdata_2024-01.parquet', trips });
    server = await startNonsenseRedis(
      (connection) => {
        connections = connection + 1;
        return WORST[connection % WORST.length]!;
      },
      { lifeMs: 300 },
    );
    gateway = await stage.startGateway({ REDIS_URL: server.url });
  });
  afterAll(async () => {
    await server?.close();
    await stage?.stop();
  });

  it('answers every question right through the worst of them', async () => {
    const client = createHttpClient();
    const wrong: unknown[] = [];
    let asked = 0;
    // It has two connections: each is likely to meet each of them.
    while (connections < 3 * WORST.length || asked < 20) {
      // Costs SQL, and nobody has asked it before.
      const min = Math.floor(random() * 1e6) / 1e5;
      const told = await client.ask(
        `${gateway.url}/graphql`,
        post(`{ p90(filter: { tripDistance: { min: ${min} } }) { trips } }`),
      );
      const right = trips.filter(({ distance }) => distance >= min).length;
      const answer =
        told.status === 200 ? (JSON.parse(told.body) as { data?: { p90?: { trips: number } } }) : {};
      if (answer.data?.p90?.trips !== right) wrong.push([min, right, told.status, told.problem, told.body]);
      asked += 1;
      if (gateway.child.exitCode !== null || wrong.length > 10) break;
      await sleep(20);
    }
    client.close();
    expect(wrong).toEqual([]);
    expect(gateway.child.exitCode).toBe(null);
    const { peakMegabytes } = memoryOf(gateway.pid);
    expect(peakMegabytes).toBeLessThan(700);
  }, 120_000);
});

function memoryOf(pid: number): { peakMegabytes: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return { peakMegabytes: Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1_024 };
}

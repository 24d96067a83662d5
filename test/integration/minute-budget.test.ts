/** What clients may have read in a minute, as two gateways keep it on a real Redis, through all that happens to that. */
import { GraphQLError } from 'graphql';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createMinuteBudget, type MinuteBudget } from '../../gateway/limits/minute-budget.ts';
import { createRedisStore, type RedisStore } from '../../gateway/redis/redis-store.ts';
import { startRedisServer, type RedisServer } from '../support/redis-server.ts';
import { until } from '../support/until.ts';

const logger = pino({ level: 'silent' });
let server: RedisServer;
let stores: RedisStore[] = [];
let here: MinuteBudget;
let there: MinuteBudget;
let next = 0;
let client = '';

beforeAll(async () => {
  server = await startRedisServer();
});

beforeEach(async () => {
  for (const each of stores) each.close();
  stores = [createRedisStore({ url: server.url, logger }), createRedisStore({ url: server.url, logger })];
  const [one, other] = stores;
  here = createMinuteBudget({ redis: one?.client, rowsPerMinute: 1_000 });
  there = createMinuteBudget({ redis: other?.client, rowsPerMinute: 1_000 });
  await until('both are connected', () => stores.every(({ client: redis }) => redis?.status === 'ready'));
  next += 1;
  client = `client ${next}`;
});

afterAll(async () => {
  for (const each of stores) each.close();
  server.goOn();
  await server.stop();
});

/** What is said when it is refused. */
async function charge(budget: MinuteBudget, rows: number) {
  const extensions = await budget.charge(client, rows).then(
    () => 'charged' as const,
    (error: unknown) => {
      if (!(error instanceof GraphQLError)) throw error;
      return error.extensions;
    },
  );
  return { extensions };
}
const spent = async (): Promise<number> => Number(await server.command('get', `tripline:budget:${client}`));

it('is one for all gateways, and runs out after a minute', async () => {
  expect((await charge(here, 600)).extensions).toBe('charged');
  expect((await charge(there, 500)).extensions).toEqual({
    code: 'RATE_LIMITED',
    estimatedRows: 500,
    budgetRowsPerMinute: 1_000,
    remainingRows: 400,
    retryAfterSeconds: 60,
  });
  await until('what was refused is given back', async () => (await spent()) === 600);
  expect((await charge(there, 400)).extensions).toBe('charged');
  expect((await charge(here, 1)).extensions).toMatchObject({ remainingRows: 0 });
  const left = Number(await server.command('pttl', `tripline:budget:${client}`));
  expect(left).toBeGreaterThan(30_000);
  expect(left).toBeLessThanOrEqual(60_000);
  // As if the minute were over.
  await server.command('pexpire', `tripline:budget:${client}`, '1');
  await until('it is over', async () => (await server.command('exists', `tripline:budget:${client}`)) === 0);
  expect((await charge(here, 1_000)).extensions).toBe('charged');
});

it('what is given back can be spent', async () => {
  const giveBack = await here.charge(client, 1_000);
  giveBack();
  await until('it is given back', async () => (await spent()) === 0);
  expect((await charge(there, 1_000)).extensions).toBe('charged');
});

it(
  'a Redis that stands still delays one question in a second, by no more than 100 ms',
  { timeout: 25_000 },
  async () => {
    server.pause();
    try {
      expect((await charge(here, 600)).extensions).toBe('charged');
      // Half a minute, if each waited for Redis: more than this test has.
      for (let question = 0; question < 300; question += 1) await charge(here, 1);
      expect((await charge(here, 600)).extensions).toMatchObject({
        code: 'RATE_LIMITED',
        remainingRows: 100,
      });
    } finally {
      server.goOn();
    }
    await until('it counts in Redis again', async () => {
      await charge(here, 1);
      return (await spent()) > 0;
    });
  },
);

const TROUBLES: Record<string, { worsen: [string, ...string[]]; mend: [string, ...string[]] }> = {
  full: { worsen: ['config', 'set', 'maxmemory', '1'], mend: ['config', 'set', 'maxmemory', '0'] },
  'read-only': { worsen: ['replicaof', '127.0.0.1', '1'], mend: ['replicaof', 'no', 'one'] },
};
it.each(Object.keys(TROUBLES))(
  'with a Redis that is %s each gateway keeps its own account',
  async (trouble) => {
    const { worsen, mend } = TROUBLES[trouble]!;
    await server.command(...worsen);
    try {
      expect((await charge(here, 1_000)).extensions).toBe('charged');
      expect((await charge(here, 1)).extensions).toMatchObject({ code: 'RATE_LIMITED' });
      expect((await charge(there, 1_000)).extensions).toBe('charged');
    } finally {
      await server.command(...mend);
    }
  },
);

it('with a Redis that is gone too, and it counts again once that is back', async () => {
  await server.kill();
  expect((await charge(here, 1_000)).extensions).toBe('charged');
  expect((await charge(here, 1)).extensions).toMatchObject({ code: 'RATE_LIMITED' });
  expect((await charge(there, 1_000)).extensions).toBe('charged');
  await server.comeBack();
  client = `${client} again`;
  await until('it counts in Redis', async () => {
    await charge(here, 1);
    return (await spent()) > 0;
  });
  // Its scripts were lost.
  expect((await charge(there, 500)).extensions).toBe('charged');
});

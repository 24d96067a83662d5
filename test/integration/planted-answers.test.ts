/** What others who can write to the gateways' Redis bring about there: nothing but work. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { createAnswerCache, type AnswerCache } from '../../gateway/cache/answer-cache.ts';
import { Reads } from '../../gateway/cache/reads.ts';
import { createSeal } from '../../gateway/cache/seal.ts';
import { createSharedAnswers } from '../../gateway/cache/shared-answers.ts';
import type { LiveLoads } from '../../gateway/live-loads.ts';
import { closeRange } from '../../gateway/percentile/pickup-range.ts';
import { createRedisStore, type RedisStore } from '../../gateway/redis/redis-store.ts';
import { madeSnapshot } from '../support/made-snapshot.ts';
import { startRedisServer, type RedisServer } from '../support/redis-server.ts';
import { until } from '../support/until.ts';

const logger = pino({ level: 'silent' });
const january = { file: 'yellow_tripdata_2023-01.parquet', days: [19_358] };
let server: RedisServer;
let stranger: Redis;
let stores: RedisStore[] = [];
let snapshot = madeSnapshot(january);
let computed = 0;

beforeAll(async () => {
  server = await startRedisServer();
  stranger = new Redis(server.url);
});
beforeEach(async () => {
  await stranger.flushall();
  snapshot = madeSnapshot(january);
  computed = 0;
});
afterEach(() => {
  for (const store of stores.splice(0)) store.close();
});
afterAll(async () => {
  stranger.disconnect();
  await server.stop();
});

/** The cache of one more gateway, with nothing in its own memory. */
async function gateway({ secret = 'the-operators-own-token' } = {}): Promise<AnswerCache> {
  const store = createRedisStore({ url: server.url, logger });
  stores.push(store);
  await until('it is connected', () => store.client?.status === 'ready');
  const liveLoads = {
    current: () => snapshot,
    refresh: () => Promise.resolve(snapshot),
  } as unknown as LiveLoads;
  const shared = createSharedAnswers({ store, seal: createSeal(secret), liveLoads, namespace: 'test' });
  return createAnswerCache({ liveLoads, shared, namespace: 'test', memoryBytes: 1 << 20 });
}

/** @returns the answer, which says at which data version it was computed, and how it was come by */
async function ask(cache: AnswerCache, key: string): Promise<[string, string]> {
  const { kept, outcome } = await cache.answer({
    key,
    isShared: true,
    client: 'somebody',
    gone: () => new AbortController().signal,
    compute: () => {
      computed += 1;
      const reads = new Reads();
      reads.span(snapshot, closeRange({}));
      const body = Buffer.from(`${key} at ${snapshot.sequence}`);
      return Promise.resolve({ reads, body, failure: undefined, concerns: 'all' });
    },
    // More than a test has.
    deadlineMs: () => 600_000,
  });
  return [String(kept?.body), outcome];
}
const places = (): Promise<string[]> => stranger.keys('tripline:2:answer:*');
async function onlyPlace(): Promise<string> {
  const [place, ...others] = await places();
  if (place === undefined || others.length > 0) throw new Error('one answer was to be there');
  return place;
}

it('is shared by gateways with one secret, and not with others', async () => {
  expect(await ask(await gateway(), 'a')).toEqual(['a at 1', 'miss']);
  expect(await ask(await gateway(), 'a')).toEqual(['a at 1', 'shared']);
  expect(await ask(await gateway({ secret: 'another-operators-token' }), 'a')).toEqual(['a at 1', 'miss']);
  // Neither has taken the other's place.
  expect(await places()).toHaveLength(2);
  expect(await ask(await gateway(), 'a')).toEqual(['a at 1', 'shared']);
});

it('is not taken from another place', async () => {
  await ask(await gateway(), 'a');
  const ofA = await onlyPlace();
  await ask(await gateway(), 'b');
  const [ofB] = (await places()).filter((place) => place !== ofA);
  await stranger.set(ofB!, (await stranger.getBuffer(ofA))!);
  expect(await ask(await gateway(), 'b')).toEqual(['b at 1', 'miss']);
});

it('is not taken with any other byte, nor from who has no secret', async () => {
  await ask(await gateway(), 'a');
  const place = await onlyPlace();
  const sealed = (await stranger.getBuffer(place))!;
  const body = sealed.subarray(32);
  const planted = [
    Buffer.from(sealed.toString('latin1').replace('a at 1', 'b at 9'), 'latin1'),
    body,
    createSeal('another-operators-token').close(place, body),
    Buffer.alloc(0),
    Buffer.alloc(7 << 20),
  ];
  for (const value of planted) {
    await stranger.set(place, value);
    expect(await ask(await gateway(), 'a')).toEqual(['a at 1', 'miss']);
  }
  await stranger.del(place);
  await stranger.lpush(place, 'a list');
  expect(await ask(await gateway(), 'a')).toEqual(['a at 1', 'miss']);
});

it('is not taken when a publication has come, however often it is put back', async () => {
  await ask(await gateway(), 'a');
  const place = await onlyPlace();
  const old = (await stranger.getBuffer(place))!;
  snapshot = madeSnapshot(january, january);
  expect(await ask(await gateway(), 'a')).toEqual(['a at 2', 'miss']);
  await stranger.set(place, old);
  expect(await ask(await gateway(), 'a')).toEqual(['a at 2', 'miss']);
});

it('waits for no lock that no gateway holds', async () => {
  await ask(await gateway(), 'a');
  const lock = (await onlyPlace()).replace(':answer:', ':computing:');
  const secret = 'the-operators-own-token';
  const longAgo = createSeal(secret, () => Date.now() - 60_000);
  for (const held of [
    'planted',
    createSeal(secret).stamp('tripline:2:computing:another'),
    longAgo.stamp(lock),
  ]) {
    await stranger.flushall();
    await stranger.set(lock, held);
    computed = 0;
    expect([await ask(await gateway(), 'a'), computed]).toEqual([['a at 1', 'miss'], 1]);
  }
});

it.each(['POST', 'PUT', 'GET'])('no web page speaks to it by %s', async (method) => {
  const port = Number(new URL(server.url).port);
  const body = 'SET planted yes\r\nFLUSHALL\r\n';
  const socket = connect(port, '127.0.0.1');
  socket.resume().on('error', () => undefined);
  const closed = once(socket, 'close');
  // As a browser sends what needs no preflight.
  socket.write(
    `${method} / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  await closed;
  expect(await stranger.get('planted')).toBeNull();
});

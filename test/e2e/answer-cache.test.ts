/** What the gateways promise of answers that are kept: the same bytes, never of yesterday, and computed once for all who ask. */
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseLocalDateTime } from '../../gateway/percentile/local-date-time.ts';
import { startEngineGate, type EngineGate } from '../support/engine-gate.ts';
import { begin, exchange, jsonOf, type Reply, type Sent } from '../support/exchange.ts';
import { addressOf, ask, outcomesOf, postOf, sha256, type Question } from '../support/graphql-request.ts';
import type { MadeFile, MadeTrip } from '../support/made-loads.ts';
import { seededRandom } from '../support/random.ts';
import { startStage, type Stage, type StagedGateway } from '../support/stage.ts';
import { until } from '../support/until.ts';

/** Trips of the month that is large here, as budgets go. */
const LARGE = 5_000;
const SMALL = 100;
const KEYS = { ann: 'the-key-of-ann-who-asks', bob: 'the-key-of-bob-who-asks' };
const LATE = { 'accept-encoding': 'gzip' };
/** The same question in a form that was not sent before: the fast path leaves it to the long way. */
const byTheLongWay = (url: string, { body, ...sent }: Sent): [string, Sent] =>
  body === undefined ? [`${url}&`, sent] : [url, { ...sent, body: `${body} ` }];

let stage: Stage;
let gate: EngineGate;
let one: StagedGateway;
let other: StagedGateway;

beforeAll(async () => {
  stage = await startStage();
  gate = await startEngineGate(stage.engine.url);
  await publishUnseen(fileOf('2023-01', SMALL));
  await publishUnseen(fileOf('2022-06', LARGE));
  const env = {
    LOG_LEVEL: 'debug',
    CLICKHOUSE_URL: stage.engine.credentials.url('gateway', gate.url),
    API_KEYS: Object.entries(KEYS)
      .map(([name, key]) => `${name}:${key}`)
      .join(),
    SCAN_BUDGET_ROWS: String(LARGE + SMALL / 2),
    SCAN_BUDGET_ROWS_PER_MINUTE: String(LARGE + 20 * SMALL),
  };
  [one, other] = await Promise.all([stage.startGateway(env), stage.startGateway(env)]);
});

afterAll(async () => {
  await stage?.stop();
  await gate?.close();
});

/** Trips of one month, with none in its last hour. */
function tripsOf(month: string, count: number, seed = 1): MadeTrip[] {
  const random = seededRandom(seed);
  const first = parseLocalDateTime(`${month}-01`);
  return Array.from({ length: count }, () => ({
    pickup: first + BigInt(Math.floor(random() * 27 * 86_400)) * 1_000_000n,
    distance: Math.round(random() * 2_000) / 100,
    columns: { VendorID: random() < 0.5 ? 1 : 2 },
  }));
}
const fileOf = (month: string, count: number, seed?: number): MadeFile => ({
  filename: `yellow_tripdata_${month}.parquet`,
  trips: tripsOf(month, count, seed),
  dataThrough: `${month}-28 00:00:00.000000`,
});

/** Trips that are live, by file. */
const live = new Map<string, number>();
async function publishUnseen(file: MadeFile): Promise<{ sequence: number }> {
  live.set(file.filename, file.trips.length);
  return stage.publish(file);
}
const liveTrips = (month?: string): number =>
  [...live].reduce(
    (sum, [filename, trips]) => (month === undefined || filename.includes(month) ? sum + trips : sum),
    0,
  );

let newestMonth = 2;
/** A month after all that were published so far. */
function laterMonth(): string {
  newestMonth += 1;
  return `2023-${String(newestMonth).padStart(2, '0')}`;
}

/** Publishes a file, and waits until both gateways have seen it. */
async function publish(file: MadeFile): Promise<void> {
  const { sequence } = await publishUnseen(file);
  const query = 'query Seen { p90 { dataVersion } }';
  for (const gateway of [one, other])
    await until(`publication ${sequence} is seen`, async () => {
      const { data } = await ask<{ p90: { dataVersion: number } }>(gateway, { query });
      return (data?.p90.dataVersion ?? 0) >= sequence;
    });
}

const JANUARY = 'pickup: { from: "2023-01-01", to: "2023-02-01" }';
let names = 0;
/** No two operations of this file have one name, so that counts are told apart. */
let name = '';
function takeNewName(): void {
  names += 1;
  name = `Question${names}`;
}
beforeEach(takeNewName);
const queryOf = (fields: string): string => `query ${name} { ${fields} }`;
const get = (gateway: StagedGateway, question: Question, headers: Record<string, string> = {}) =>
  exchange(addressOf(gateway, question), { headers });
const post = (gateway: StagedGateway, question: Question, headers: Record<string, string> = {}) =>
  exchange(`${gateway.url}/graphql`, postOf(question, headers));

describe('an answer that is kept', () => {
  const SERIES = 'p90Series(bucket: DAY) { points { from value trips } }';
  const form = (query: string): { url: string; sent: Sent } => ({
    url: addressOf(one, { query }),
    sent: {},
  });
  it.each<[string, string, () => { url: string; sent: Sent }]>([
    ['GET', '', () => form(queryOf('p90 { value trips dataThrough }'))],
    ['GET by hash', '', () => ({ ...form(''), url: addressOf(one, { hash: sha256(queryOf('p90 { p }')) }) })],
    ['GET, compressed', '', () => ({ ...form(queryOf(SERIES)), sent: { headers: LATE } })],
    ['HEAD', '', () => ({ ...form(queryOf('p90 { value }')), sent: { method: 'HEAD' } })],
    [
      'POST',
      '',
      () => ({ url: `${one.url}/graphql`, sent: postOf({ query: queryOf('p90 { value trips }') }) }),
    ],
    [
      'POST, compressed',
      '',
      () => ({ url: `${one.url}/graphql`, sent: postOf({ query: queryOf(SERIES) }, LATE) }),
    ],
    ['REST', 'GET /api/percentile', () => ({ url: `${one.url}/api/percentile?p=0.25`, sent: {} })],
    [
      'REST, compressed',
      'GET /api/series',
      () => ({ url: `${one.url}/api/series?bucket=DAY`, sent: { headers: LATE } }),
    ],
    [
      'REST by HEAD',
      'GET /api/percentiles',
      () => ({ url: `${one.url}/api/percentiles?at=0.5`, sent: { method: 'HEAD' } }),
    ],
  ])('by %s is the same from memory, by whichever way', async (how, operation, make) => {
    if (how === 'GET by hash')
      await ask(other, { query: queryOf('p90 { p }'), hash: sha256(queryOf('p90 { p }')) });
    const { url, sent } = make();
    const first = await exchange(url, sent);
    const again = await exchange(url, sent);
    const long = await exchange(...byTheLongWay(url, sent));
    expect(first.status).toBe(200);
    expect(again).toEqual(first);
    expect(long).toEqual(first);
    expect(await outcomesOf(one, operation || name)).toEqual({ 'miss 200': 1, 'hit 200': 2 });
    expect(first.headers['content-encoding']).toBe(how.includes('compressed') ? 'gzip' : undefined);
    if (how.includes('HEAD')) expect(first.body).toHaveLength(0);
    else if (how.includes('compressed')) expect(gunzipSync(first.body).length).toBeGreaterThan(1_400);
    expect(first.headers).toMatchObject(
      how.startsWith('POST')
        ? { 'cache-control': 'no-store' }
        : {
            etag: expect.stringMatching(/^W\/"\d+-[\w-]{22}"$/),
            'cache-control': 'public, no-cache',
            vary: 'Accept, Accept-Encoding',
          },
    );
  });

  it('is one for all forms of a request', async () => {
    const query = queryOf(`p90(${JANUARY}) { value }`);
    const plain = await get(one, { query });
    for (const reply of [await post(one, { query }), await get(one, { query }, LATE)])
      expect(reply.body).toEqual(plain.body);
    const head = await exchange(addressOf(one, { query }), { method: 'HEAD' });
    expect([head.head, head.body.length]).toEqual([plain.head, 0]);
    expect(await outcomesOf(one, name)).toEqual({ 'miss 200': 1, 'hit 200': 3 });
  });

  it('is one for variables that mean the same', async () => {
    const query = `query ${name}($p: Float!, $pickup: PickupRange) { percentile(p: $p, pickup: $pickup) { value } }`;
    const [from, to] = ['2023-01-01', '2023-01-20'];
    const replies = [
      await get(one, { query, variables: { p: 0.5, pickup: { from, to } } }),
      await get(one, { query, variables: { pickup: { to, from }, p: 0.5 } }),
      await get(one, { query, variables: { p: 0.5, unknown: { a: 1 }, pickup: { from, to } } }),
      await get(one, { query, operationName: name, variables: { p: 0.5, pickup: { from, to } } }),
    ];
    for (const reply of replies) expect(reply).toEqual(replies[0]);
    expect(await outcomesOf(one, name)).toEqual({ 'miss 200': 1, 'hit 200': 3 });
    const others = [
      { p: 0.6, pickup: { from, to } },
      { p: 0.5, pickup: { from, to: '2023-01-21' } },
      { p: 0.5 },
    ].map((variables) => get(one, { query, variables }));
    const etags = [replies[0]!, ...(await Promise.all(others))].map(({ headers }) => headers.etag);
    expect(new Set(etags).size).toBe(4);
    expect(await outcomesOf(one, name)).toMatchObject({ 'miss 200': 4 });
  });

  it('is another for another operation, document or form', async () => {
    const query = `query ${name} { p90 { value } } query Other${name} { p90 { trips } }`;
    const ask3 = () =>
      Promise.all([
        get(one, { query, operationName: name }),
        get(one, { query, operationName: `Other${name}` }),
        get(one, { query: '{ p90 { value } }' }),
        get(one, { query: '{p90{value}}' }),
        exchange(`${one.url}/api/p90`),
      ]);
    const first = await ask3();
    expect(await ask3()).toEqual(first);
    const [value, trips, ...others] = first.map(({ body }) => body.toString());
    expect(JSON.parse(trips!)).toEqual({ data: { p90: { trips: liveTrips() } } });
    expect(others.slice(0, 2)).toEqual([value, value]);
    expect(JSON.parse(others[2]!)).toMatchObject((JSON.parse(value!) as { data: { p90: object } }).data.p90);
    expect(new Set(first.map(({ headers }) => headers.etag)).size).toBe(5);
  });

  it('is 304 to those who have it', async () => {
    const query = queryOf(SERIES);
    const address = addressOf(one, { query });
    const etag = String((await exchange(address)).headers.etag);
    const strong = etag.slice(2);
    for (const condition of [etag, strong, '*', `"a", ${etag}`, `W/"a",${strong} , "b"`])
      for (const headers of [{}, LATE])
        for (const [url, method] of [
          [address, 'GET'],
          [address, 'HEAD'],
          [byTheLongWay(address, {})[0], 'GET'],
        ] as const) {
          const reply = await exchange(url, { method, headers: { ...headers, 'if-none-match': condition } });
          expect([reply.status, reply.body.length]).toEqual([304, 0]);
          expect(reply.head.slice(0, 3)).toEqual([
            `ETag: ${etag}`,
            'Cache-Control: public, no-cache',
            'Vary: Accept, Accept-Encoding',
          ]);
          for (const header of ['content-type', 'content-encoding', 'content-length'])
            expect(reply.headers[header]).toBeUndefined();
        }
    for (const condition of ['"a"', `${strong}x`, strong.slice(1, -1), ''])
      expect((await exchange(address, { headers: { 'if-none-match': condition } })).status).toBe(200);
    expect((await post(one, { query }, { 'if-none-match': etag })).status).toBe(200);
    const rest = `${one.url}/api/p90?from=2023-01-02`;
    const known = { 'if-none-match': String((await exchange(rest)).headers.etag) };
    expect((await exchange(rest, { headers: known })).status).toBe(304);
    expect((await exchange(`${one.url}/api/p90?from=2023-01-03`, { headers: known })).status).toBe(200);
  });

  it.each([
    'p90 { value }',
    'p90Series(bucket: MONTH) { points { value } } p90 { dataThrough }',
    `byCard: p90By(dimension: HOUR_OF_DAY, ${JANUARY}) { groups { value } } p90(${JANUARY}) { value }
       filtered: p90(${JANUARY}, filter: { vendorId: [1] }) { value dataThrough } distribution { trips }`,
    `tripsOverP90(${JANUARY}) { nodes { tripDistance } }`,
    '__typename',
  ])('has one name everywhere: %s', async (fields) => {
    const question = { query: queryOf(fields) };
    const here = await get(one, question);
    expect(here.headers.etag).toBeDefined();
    const known = { 'if-none-match': String(here.headers.etag) };
    expect((await get(other, question, known)).status).toBe(304);
    const there = await get(other, question);
    expect([there.head, there.body]).toEqual([here.head, here.body]);
  });
});

describe('after a publication', () => {
  it('what it touched is another answer, and never 304', async () => {
    const question = { query: queryOf(`p90(${JANUARY}) { trips dataVersion }`) };
    const rest = (gateway: StagedGateway) => `${gateway.url}/api/p90?from=2023-01-01&to=2023-01-31`;
    const before = await get(one, question);
    const restBefore = await exchange(rest(one));
    await get(other, question);
    await publish(fileOf('2023-01', SMALL + 1));
    for (const gateway of [one, other]) {
      const known = { 'if-none-match': String(before.headers.etag) };
      const after = await get(gateway, question, known);
      expect([after.status, jsonOf(after)]).toMatchObject([200, { data: { p90: { trips: SMALL + 1 } } }]);
      expect(after.headers.etag).not.toBe(before.headers.etag);
      expect(versionOf(after)).toBeGreaterThan(versionOf(before));
      const restKnown = { 'if-none-match': String(restBefore.headers.etag) };
      expect((await exchange(rest(gateway), { headers: restKnown })).status).toBe(200);
    }
  });

  it('what it did not touch stays, unless it tells how far the data goes', async () => {
    const still = { query: queryOf(`p90(${JANUARY}) { trips dataVersion }`) };
    const telling = { query: `query Telling${name} { p90(${JANUARY}) { trips dataThrough } }` };
    const before = [await get(one, still), await get(one, telling)] as const;
    // Newer trips than any before.
    const later = laterMonth();
    await publish(fileOf(later, 10));
    expect(await get(one, still)).toEqual(before[0]);
    const known = { 'if-none-match': String(before[0].headers.etag) };
    expect((await get(one, still, known)).status).toBe(304);
    const after = await get(one, telling, { 'if-none-match': String(before[1].headers.etag) });
    expect([after.status, jsonOf(after)]).toEqual([
      200,
      { data: { p90: { trips: liveTrips('2023-01'), dataThrough: `${later}-28T00:00:00` } } },
    ]);
    // Older ones.
    await publish(fileOf('2021-01', 10));
    expect(await get(one, telling)).toEqual({ ...after });
    expect(await outcomesOf(one, name)).toEqual({ 'miss 200': 1, 'hit 200': 1, 'hit 304': 1 });
    expect(await outcomesOf(one, `Telling${name}`)).toEqual({ 'miss 200': 2, 'hit 200': 1 });
  });

  it('a series has its new month, also when no trip of it lies there', async () => {
    const [first, second, third] = [laterMonth(), laterMonth(), laterMonth()];
    await publish(fileOf(first, 10));
    const question = {
      query: queryOf(
        `open: p90Series(bucket: MONTH, pickup: { from: "${first}-01" }) { points { from trips complete } }
         closed: p90Series(bucket: MONTH, pickup: { from: "${second}-01", to: "${third}-01" }) { points { trips complete } }`,
      ),
    };
    const before = await get(one, question);
    expect(jsonOf(before)).toEqual({
      data: {
        open: { points: [{ from: `${first}-01T00:00:00`, trips: 10, complete: true }] },
        closed: { points: [{ trips: 0, complete: false }] },
      },
    });
    const stray = { pickup: parseLocalDateTime('2020-12-31'), distance: 1 };
    await publish({ filename: `yellow_tripdata_${second}.parquet`, trips: [stray] });
    const after = await get(one, question, { 'if-none-match': String(before.headers.etag) });
    expect([after.status, jsonOf(after)]).toEqual([
      200,
      {
        data: {
          open: {
            points: [
              { from: `${first}-01T00:00:00`, trips: 10, complete: true },
              { from: `${second}-01T00:00:00`, trips: 0, complete: true },
            ],
          },
          closed: { points: [{ trips: 0, complete: true }] },
        },
      },
    ]);
    // A month before the range is none of its business.
    const { pickup } = stray;
    await publish({ filename: 'yellow_tripdata_2020-11.parquet', trips: [{ pickup, distance: 2 }] });
    expect((await get(one, question, { 'if-none-match': String(after.headers.etag) })).status).toBe(304);
  });

  it('answers of before are kept as of before', async () => {
    const { data } = await ask<{ p90: { dataVersion: number; trips: number } }>(one, {
      query: `{ p90(${JANUARY}) { dataVersion trips } }`,
    });
    const { dataVersion, trips } = data!.p90;
    const asOf = {
      query: queryOf(`p90(${JANUARY}, asOf: ${dataVersion}) { trips dataVersion dataThrough }`),
    };
    const page = (after?: string) => ({
      query: `query Pages${name}($after: String) { tripsOverP90(${JANUARY}, first: 3, after: $after)
        { totalCount nodes { tripDistance filename } pageInfo { endCursor } } }`,
      variables: after === undefined ? {} : { after },
    });
    const first = await get(one, page());
    const { endCursor } = listingOf(first).pageInfo;
    const before = [await get(one, asOf), await get(one, page(endCursor))] as const;
    await publish(fileOf('2023-01', SMALL + 50, 2));
    const after = [await get(one, asOf), await get(one, page(endCursor))] as const;
    expect(after).toEqual(before);
    expect(jsonOf(after[0])).toMatchObject({ data: { p90: { trips, dataVersion } } });
    expect(await outcomesOf(one, name)).toEqual({ 'miss 200': 1, 'hit 200': 1 });
    // The first page is another one now.
    expect(listingOf(await get(one, page()))).not.toEqual(listingOf(first));
    expect(await outcomesOf(one, `Pages${name}`)).toEqual({ 'miss 200': 3, 'hit 200': 1 });
    // A gateway that never saw that version as the newest says the same.
    expect((await get(other, page(endCursor))).body).toEqual(before[1].body);
    expect((await get(other, asOf)).body).toEqual(before[0].body);
  });
});

const versionOf = (reply: Reply): number =>
  (jsonOf(reply) as { data: { p90: { dataVersion: number } } }).data.p90.dataVersion;
const listingOf = (reply: Reply) =>
  (jsonOf(reply) as { data: { tripsOverP90: { pageInfo: { endCursor: string } } } }).data.tripsOverP90;

describe('not kept', () => {
  it.each([
    'files { totalCount }',
    'p90 { value } files { totalCount }',
    'p90 { value explain { milliseconds } }',
    '...F } fragment F on Query { percentiles(at: [0.5]) { ...G } } fragment G on Percentile { explain { statements }',
    'p90 { value } ... on Query { source { name } }',
  ])('is %s', async (fields) => {
    const question = { query: queryOf(fields) };
    const both = [get(one, question), get(one, question, { 'if-none-match': '*' })];
    for (const reply of await Promise.all(both)) {
      expect([reply.status, reply.headers['cache-control']]).toEqual([200, 'no-store']);
      expect(reply.headers.etag).toBeUndefined();
    }
    expect(await outcomesOf(one, name)).toEqual({ 'uncached 200': 2 });
  });

  it.each([
    ['a mistake', 'percentile(p: 2) { value }', 'BAD_USER_INPUT'],
    ['one among others', 'p90 { value } percentile(p: 0) { value }', 'BAD_USER_INPUT'],
    ['a version to come', 'p90(asOf: 1000000) { value }', 'BAD_USER_INPUT'],
    ['too much', 'p90(filter: { vendorId: [1] }) { value }', 'TOO_EXPENSIVE'],
  ])('is %s', async (_, fields, code) => {
    const question = { query: queryOf(fields) };
    for (const reply of [
      await get(one, question),
      await get(one, question, { 'if-none-match': '*' }),
      await post(one, question),
    ]) {
      expect([reply.status, reply.headers['cache-control']]).toEqual([200, 'no-store']);
      expect(reply.headers.etag).toBeUndefined();
      expect(jsonOf(reply)).toMatchObject({ errors: [{ extensions: { code } }] });
    }
    expect(await outcomesOf(one, name)).toEqual({ 'error 200': 3 });
  });

  it('is a mutation', async () => {
    const question = { query: `mutation ${name} { backfill(from: "2022-13", to: "2022-13") { id } }` };
    for (let time = 0; time < 2; time += 1) {
      const reply = await post(one, question);
      expect([reply.status, reply.headers['cache-control']]).toEqual([401, 'no-store']);
    }
    expect(await outcomesOf(one, name)).toEqual({ 'error 401': 2 });
  });
});

it('what the schema is, is kept', async () => {
  const question = { query: queryOf('__schema { types { name } }') };
  const first = await get(one, question);
  expect(await get(one, question)).toEqual(first);
  expect((await get(one, question, { 'if-none-match': String(first.headers.etag) })).status).toBe(304);
});

describe('of equal questions at the same time', () => {
  let probes = 0;
  const answersAreShared = (): Promise<true> =>
    until('answers are shared', async () => {
      probes += 1;
      const filter = `{ tripDistance: { min: ${probes / 1_000} } }`;
      const question = { query: `query Probe${probes} { p90(${JANUARY}, filter: ${filter}) { trips } }` };
      for (const gateway of [one, other]) await get(gateway, question);
      return (await outcomesOf(other, `Probe${probes}`))['shared 200'] === 1;
    });
  /** A Redis that was slow for a moment, as it is on a busy machine, is left alone for a second, in which each gateway computes for itself: then it is tried again. */
  async function whileRedisIsThere(scenario: () => Promise<void>): Promise<void> {
    const lapses = (): number =>
      [one, other].reduce((sum, { log }) => sum + log().split('Redis is away').length, 0);
    for (let attempt = 1; ; attempt += 1) {
      await answersAreShared();
      const before = lapses();
      try {
        return await scenario();
      } catch (error) {
        gate.release();
        if (lapses() === before || attempt === 5) throw error;
        takeNewName();
      }
    }
  }
  /** What all of them were answered; the engine's turn begins when all were sent. */
  async function together(asked: { gateway: StagedGateway; question: Question }[]): Promise<Reply[]> {
    gate.hold();
    const all = asked.map(({ gateway, question }) => begin(addressOf(gateway, question)));
    await Promise.all(all.map(({ sent }) => sent));
    await until('the engine is asked', () => gate.held() > 0);
    gate.release();
    return Promise.all(all.map(({ reply }) => reply));
  }
  const outcomes = async (): Promise<Record<string, number>> => {
    const [here, there] = await Promise.all([outcomesOf(one, name), outcomesOf(other, name)]);
    const sum = { ...here };
    for (const [outcome, count] of Object.entries(there)) sum[outcome] = (sum[outcome] ?? 0) + count;
    return sum;
  };

  it.each([
    `p90By(dimension: HOUR_OF_WEEK, ${JANUARY}) { groups { key value trips } }`,
    `p90(${JANUARY}, filter: { vendorId: [2] }) { value trips }`,
  ])('100 at two gateways are computed once: %s', (fields) =>
    whileRedisIsThere(async () => {
      const question = { query: queryOf(fields) };
      const before = gate.scans();
      const replies = await together(
        Array.from({ length: 100 }, (_, at) => ({ gateway: at % 2 === 0 ? one : other, question })),
      );
      for (const { status, body } of replies) expect([status, body]).toEqual([200, replies[0]!.body]);
      expect(gate.scans() - before).toBe(1);
      const counts = await outcomes();
      expect(counts['miss 200']).toBe(1);
      expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(100);
    }),
  );

  it('those who stay are answered when the first one leaves', () =>
    whileRedisIsThere(async () => {
      const question = { query: queryOf(`p90By(dimension: MONTH_OF_YEAR, ${JANUARY}) { groups { trips } }`) };
      const before = gate.scans();
      gate.hold();
      const first = begin(addressOf(one, question));
      await until('the engine is asked', () => gate.held() === 1);
      const others = [one, one, other].map((gateway) => begin(addressOf(gateway, question)));
      await Promise.all(others.map(({ sent }) => sent));
      // Answered after whatever they have to wait for, too.
      await Promise.all([one, other].map(({ url }) => exchange(`${url}/api/p90`)));
      first.leave();
      await expect(first.reply).rejects.toThrow();
      gate.release();
      for (const { reply } of others) expect((await reply).status).toBe(200);
      expect(gate.scans() - before).toBe(1);
    }));

  it('the engine is let go when all have left', () =>
    whileRedisIsThere(async () => {
      const question = { query: queryOf(`p90By(dimension: MONTH_OF_YEAR, ${JANUARY}) { groups { value } }`) };
      gate.hold();
      const all = [begin(addressOf(one, question)), begin(addressOf(one, question))];
      await Promise.all(all.map(({ sent }) => sent));
      await until('the engine is asked', () => gate.held() === 1);
      for (const { leave } of all) leave();
      await until('nothing waits any more', () => gate.held() === 0);
      gate.release();
      expect((await get(one, question)).status).toBe(200);
    }));

  it('those who may ask are not refused with one who may not', async () => {
    const key = (who: keyof typeof KEYS) => ({ 'x-api-key': KEYS[who] });
    const june = (vendor: number) => ({
      query: queryOf(
        `p90(pickup: { from: "2022-06-01", to: "2022-07-01" }, filter: { vendorId: [${vendor}] }) { trips }`,
      ),
    });
    expect((await get(one, june(1), key('ann'))).status).toBe(200);
    const asked = ['ann', 'ann', 'ann', 'ann', 'ann', 'bob', 'bob', 'bob', 'ann', 'ann'] as const;
    const replies = await Promise.all(
      [one, other].flatMap((gateway) =>
        asked.map(async (who) => ({ who, ...(await get(gateway, june(2), key(who))) })),
      ),
    );
    for (const { who, status, headers } of replies)
      if (who === 'bob') expect(status).toBe(200);
      else if (status === 429) expect(Number(headers['retry-after'])).toBeGreaterThan(0);
      else expect(status).toBe(200);
    expect(replies.filter(({ who }) => who === 'bob')).toHaveLength(6);
    // What is kept costs nothing: not those who have nothing left, nor those who have.
    for (let time = 0; time < 5; time += 1)
      for (const who of ['ann', 'bob'] as const)
        for (const reply of [
          await get(one, june(2), key(who)),
          await get(other, june(1), key(who)),
          await post(one, june(1), key(who)),
        ])
          expect(reply.status).toBe(200);
    const { errors } = jsonOf(await get(one, june(3), key('bob'))) as {
      errors: { extensions: { code: string; remainingRows: number } }[];
    };
    expect(errors[0]!.extensions).toMatchObject({ code: 'RATE_LIMITED', remainingRows: 20 * SMALL });
  });

  it('all are of the publication that came meanwhile', () =>
    whileRedisIsThere(async () => {
      const question = {
        query: queryOf(`p90By(dimension: DAY_OF_WEEK, ${JANUARY}) { dataVersion groups { trips } }`),
      };
      const before = gate.scans();
      gate.hold();
      const all = [one, one, one, other, other].map((gateway) => begin(addressOf(gateway, question)));
      await Promise.all(all.map(({ sent }) => sent));
      await until('the engine is asked', () => gate.held() === 1);
      await publish(fileOf('2023-01', SMALL + 7, 3));
      gate.release();
      const answers = await Promise.all(all.map(({ reply }) => reply));
      for (const answer of answers) {
        const { groups } = (jsonOf(answer) as { data: { p90By: { groups: { trips: number }[] } } }).data
          .p90By;
        expect(groups.reduce((sum, { trips }) => sum + trips, 0)).toBe(SMALL + 7);
        expect(answer.headers.etag).toBe(answers[0]!.headers.etag);
      }
      expect(gate.scans() - before).toBe(2);
    }));
});

it('hears of a publication while no other statement of a gateway comes through', async () => {
  gate.hold('gateway');
  try {
    const { sequence } = await publishUnseen(fileOf('2021-01', SMALL));
    const news = new RegExp(`"sequence":${sequence},.*new publications`);
    expect(await until('both know', () => [one, other].every(({ log }) => news.test(log())))).toBe(true);
  } finally {
    gate.release();
  }
});

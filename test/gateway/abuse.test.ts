/**
 * Malformed and hostile requests of every kind that we could think of, against a gateway as it comes and against a strict one of two processes, while
 * others ask what they always ask. `npm run test:gateway` makes it tens of thousands.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { seededRandom } from '../support/random.ts';
import { OPERATOR_TOKEN, startStage, type Stage, type StagedGateway } from '../support/stage.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { until } from '../support/until.ts';
import { fireBarrage, tableOf } from './abuse/barrage.ts';
import { quantile, startGoodClients, type GoodReport } from './abuse/good-clients.ts';
import { look, type Held } from './abuse/process-watch.ts';
import { bytesOf, open, type Target } from './abuse/shot.ts';
import { FLOOD_FAMILIES } from './abuse/values.ts';
import { asPost, type World } from './abuse/world.ts';

const LONG = process.env['GATEWAY_TEST'] === 'long';
/** Of each gateway. */
const SHOTS = LONG ? 12_000 : 700;
/** `GATEWAY_SEED=7` fires others. */
const SEED = Number(process.env['GATEWAY_SEED'] ?? 1);
const REDIS_MB = 32;
const ATTACKER_KEY = 'the-attackers-secret-key';
const GOOD_KEY = 'the-dashboards-secret-key';
const ATTACKER = '127.0.0.66';
const GOOD = '127.0.0.7';
/**
 * What a process may hold more than when it was fresh, in MiB: answers (64), documents and what is parsed of them (60), requests that are known (16),
 * negotiated headers (32), and the rest what V8 keeps of a heap that was busy. Once it was, it needs little more for as much again.
 */
const MOST_MORE_MB = 512;
const MOST_MORE_AGAIN_MB = 160;

let stage: Stage;
let issuer: TokenIssuer;
let canary: Server;
const canaryWasAsked: string[] = [];
let plain: StagedGateway;
let strict: StagedGateway;
let world: World;

const portOf = ({ url }: { url: string }): number => Number(new URL(url).port);
const attacked = (gateway: StagedGateway): Target => ({ port: portOf(gateway), from: ATTACKER });

beforeAll(async () => {
  [stage, issuer, canary] = await Promise.all([startStage(), startTokenIssuer(), startCanary()]);
  // As docker-compose.yml has it, and smaller.
  await stage.redis.command('config', 'set', 'maxmemory', `${REDIS_MB}mb`);
  await stage.redis.command('config', 'set', 'maxmemory-policy', 'allkeys-lru');
  const random = seededRandom(7);
  const first = BigInt(Date.UTC(2024, 0, 1)) * 1_000n;
  await stage.publish({
    filename: 'yellow_tripdata_2024-01.parquet',
    trips: Array.from({ length: 20_000 }, () => ({
      pickup: first + BigInt(Math.floor(random() * 31 * 86_400)) * 1_000_000n,
      distance: Math.round(random() ** 2 * 3_000) / 100,
    })),
  });
  const bucket = { SOURCE_URL: 's3://tripline/source' };
  // Of all names, so that requests with another's go further than the first check.
  plain = await stage.startGateway({ ...bucket, ALLOWED_HOSTS: '*' });
  strict = await stage.startGateway({
    ...bucket,
    ALLOWED_HOSTS: 'gateway',
    READING: 'authenticated',
    API_KEYS: `attacker:${ATTACKER_KEY},dashboards:${GOOD_KEY}`,
    JWT_JWKS_URL: issuer.jwksUrl,
    JWT_ISSUER: 'https://id.example.org/',
    JWT_AUDIENCE: 'tripline',
    GATEWAY_PROCESSES: '2',
    SCAN_BUDGET_ROWS: '10000',
    SCAN_BUDGET_ROWS_PER_MINUTE: '40000',
    REQUEST_TIMEOUT_SECONDS: '5',
    RESULT_CACHE_MB: '4',
    LADDER_MEMORY_MB: '16',
    GRAPHIQL: '0',
    INTROSPECTION: '0',
    CORS_ORIGINS: 'https://dashboards.example.org',
    TRUST_PROXY: '1',
    ACCESS_LOG: 'all',
  });
  const { port } = canary.address() as AddressInfo;
  world = {
    canary: `http://127.0.0.1:${port}`,
    cursors: {
      trips: await cursorOf('{ tripsOverP90(first: 1) { pageInfo { endCursor } } }'),
      files: Buffer.from('file:yellow_tripdata_2024-01.parquet').toString('base64url'),
    },
    operatorToken: OPERATOR_TOKEN,
  };
}, 240_000);

afterAll(async () => {
  canary?.close();
  await issuer?.close();
  await stage?.stop();
});

async function startCanary(): Promise<Server> {
  const server = createServer((request, response) => {
    canaryWasAsked.push(`${request.method} ${request.url}`);
    response.end();
  });
  server.on(
    'connection',
    (socket: Socket) => void canaryWasAsked.push(`a connection from ${socket.remotePort}`),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

async function cursorOf(query: string): Promise<string> {
  const response = await fetch(`${plain.url}/graphql?query=${encodeURIComponent(query)}`);
  const { data } = (await response.json()) as {
    data: { tripsOverP90: { pageInfo: { endCursor: string } } };
  };
  return data.tripsOverP90.pageInfo.endCursor;
}

const goodClients = () => [
  { name: 'plain', url: plain.url, from: GOOD, headers: {} },
  { name: 'strict', url: strict.url, from: GOOD, headers: { 'x-api-key': GOOD_KEY } },
];

const lines: string[] = [];
/** What was seen is worth reading, above all when something went wrong. */
function tell(text: string): void {
  lines.push(text);
}
afterAll(() => {
  if (LONG) console.log(lines.join('\n'));
});

/** Lets the good ones ask while something else goes on, and the gateways come to rest after it: both must be none the worse. */
async function meanwhile<Value>(what: string, work: () => Promise<Value>): Promise<Value> {
  const gateways = [plain, strict];
  const before = gateways.map(({ pid }) => look(pid));
  const stop = await startGoodClients(goodClients());
  let good: GoodReport[];
  let value: Value;
  try {
    value = await work();
  } finally {
    good = await stop();
  }
  tell(`good clients meanwhile (${what}):\n${good.map(inWords).join('\n')}`);
  expect(good.flatMap(({ first }) => first)).toEqual([]);
  for (const [index, gateway] of gateways.entries()) await isAsBefore(what, gateway, before[index]!);
  return value;
}

function inWords({ name, took }: GoodReport): string {
  const parts = Object.entries(took).map(([kind, times]) => {
    const [p50, p99, longest] = [0.5, 0.99, 1].map((share) => quantile(times, share).toFixed(1));
    return `${kind} ×${times.length}: p50 ${p50} ms, p99 ${p99} ms, longest ${longest} ms`;
  });
  return `  ${name.padEnd(6)} ${parts.join('; ')}`;
}

/** Connections to the engine that come and go: each is closed a second after its last statement. */
const TO_ENGINE = 4;

async function isAsBefore(what: string, gateway: StagedGateway, before: Held): Promise<void> {
  await until('its connections are closed', () => look(gateway.pid).sockets <= before.sockets + TO_ENGINE, {
    deadlineMs: 120_000,
  });
  const after = look(gateway.pid);
  tell(
    `  ${gateway === plain ? 'plain' : 'strict'}: ${before.rssMb} MiB before (${what}), ${after.rssMb} MiB after; sockets ${before.sockets}, ${after.sockets}`,
  );
  expect(after.pids).toEqual(before.pids);
  expect(after.rssMb - before.rssMb).toBeLessThan(MOST_MORE_MB * before.pids.length);
  const errors = gateway
    .log()
    .split('\n')
    .filter((line) => /"level":(50|60)|a request failed/.test(line));
  expect(errors).toEqual([]);
}

it(`answers ${2 * SHOTS} hostile requests, and nothing breaks`, { timeout: 600_000 }, async () => {
  const asked = issuer.asked();
  const half = (seed: number) => {
    const part = { count: SHOTS / 2, world };
    return Promise.all([
      fireBarrage(attacked(plain), { ...part, seed }),
      fireBarrage(attacked(strict), { ...part, seed: seed + 1, credentials: ATTACKER_KEY }),
    ]);
  };
  const first = await meanwhile('hostile requests', () => half(SEED));
  const between = [plain, strict].map(({ pid }) => look(pid).rssMb);
  const barrages = [...first, ...(await meanwhile('as many again', () => half(SEED + 2)))];
  // What is garbage by then goes when others ask.
  await meanwhile('a rest', async () => {
    for (const [index, { pid }] of [plain, strict].entries())
      await until(
        'it holds little more than after the first half',
        () => look(pid).rssMb - between[index]! < MOST_MORE_AGAIN_MB * look(pid).pids.length,
        { deadlineMs: 60_000 },
      );
  });
  tell(tableOf(barrages.map(({ tally }) => tally)));
  expect(barrages.flatMap(({ complaints }) => complaints)).toEqual([]);
  expect(canaryWasAsked).toEqual([]);
  // Keys that were made up make the issuer be asked again: once in 10 s and process.
  expect(issuer.asked() - asked).toBeLessThan(100);
  const memory = String(await stage.redis.command('info', 'memory'));
  expect(Number(/used_memory:(\d+)/.exec(memory)?.[1])).toBeLessThan(REDIS_MB * 2 ** 20 * 1.1);
});

it('one client that floods it with costly questions starves nobody', { timeout: 300_000 }, async () => {
  const count = LONG ? 500 : 60;
  const flood = { count, seed: SEED, world, families: FLOOD_FAMILIES, atOnce: 64 };
  const barrages = await meanwhile('a flood', () =>
    Promise.all([
      fireBarrage(attacked(plain), flood),
      fireBarrage(attacked(strict), { ...flood, credentials: ATTACKER_KEY }),
    ]),
  );
  tell(tableOf(barrages.map(({ tally }) => tally)));
  expect(barrages.flatMap(({ complaints }) => complaints)).toEqual([]);
});

it('clients that take their time cost their connections alone', { timeout: 300_000 }, async () => {
  const most = LONG ? 800 : 60;
  const sockets: Socket[] = [];
  let ended = 0;
  await meanwhile('slow clients', async () => {
    for (const gateway of [plain, strict])
      for (let index = 0; index < most; index += 1) {
        const socket = await open(attacked(gateway));
        sockets.push(socket);
        socket.on('close', () => (ended += 1));
        socket.resume();
        // Some say nothing, some never come to the end of their headers, some never to the end of their body.
        if (index % 3 === 1) drip(socket, 'GET /graphql HTTP/1.1\r\nHost: gateway\r\nX-Slow: ');
        if (index % 3 === 2)
          drip(
            socket,
            'POST /graphql HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n{"query":"',
          );
      }
    if (LONG)
      await until('those that drip are hung up on', () => ended >= (2 * most * 2) / 3 - 4, {
        deadlineMs: 90_000,
      });
    expect(sockets.length).toBe(2 * most);
    for (const socket of sockets) socket.destroy();
  });
});

function drip(socket: Socket, first: string): void {
  socket.write(first);
  const timer = setInterval(() => void socket.write('x'), 500);
  socket.once('close', () => clearInterval(timer));
}

it('answers that nobody reads are not held for ever', { timeout: 600_000 }, async () => {
  // Fewer at once where what is held is compared with so few: the garbage of each is more than its answer.
  const [most, atOnce] = LONG ? [240, 8] : [20, 2];
  const sockets: Socket[] = [];
  /** Reads how its answer begins, and no more. @returns whether there is one: who comes when the process is late is turned away */
  async function standStill(index: number): Promise<boolean> {
    const socket = await open(attacked(plain));
    sockets.push(socket);
    const fields = 'points { from to value trips tripsOver complete }';
    const series = `p90Series(bucket: HOUR, p: 0.${1_000 + index}, pickup: { from: "2024-01-01", to: "2025-02-01" }) { ${fields} }`;
    socket.write(
      bytesOf(asPost({ query: `{ ${['a', 'b', 'c'].map((name) => `${name}: ${series}`).join(' ')} }` })),
    );
    const [begin] = (await Promise.race([once(socket, 'data'), once(socket, 'close')])) as [unknown];
    socket.pause();
    return begin instanceof Buffer && begin.toString('latin1').startsWith('HTTP/1.1 200 ');
  }
  await meanwhile('unread answers', async () => {
    const before = look(plain.pid);
    let peak = 0;
    const socketsNow = (): number => {
      const { rssMb, sockets: held } = look(plain.pid);
      peak = Math.max(peak, rssMb);
      return held;
    };
    let letIn = 0;
    for (let index = 0; index < most; index += atOnce) {
      const those = Array.from({ length: atOnce }, (_, at) => standStill(index + at));
      letIn += (await Promise.all(those)).filter(Boolean).length;
      socketsNow();
    }
    // Who comes while the process is late with the others is turned away.
    expect(letIn).toBeGreaterThan(most / 4);
    if (LONG) await until('they were cut', () => socketsNow() <= before.sockets + 8, { deadlineMs: 150_000 });
    tell(`  ${letIn} readers that stand still, of ${most} who came: ${peak} MiB at most`);
    expect(peak - before.rssMb).toBeLessThan(MOST_MORE_MB + 256);
    for (const socket of sockets) socket.destroy();
  });
});

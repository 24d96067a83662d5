/** Every server that Tripline connects to is, in turn, somebody who talks nonsense: what is answered meanwhile, and is all well afterwards? */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Breach, Ledger } from '../ledger.ts';
import { startVictim, type Victim } from '../victim.ts';
import { startEngineProcess } from '../../integration/engine-process.ts';
import { startFileServer } from '../../support/file-server.ts';
import { createOracle } from '../../support/oracle.ts';
import { seededRandom } from '../../support/random.ts';
import { startRedisServer } from '../../support/redis-server.ts';
import { startTemporalServer } from '../../support/temporal-server.ts';
import { startTokenIssuer } from '../../support/token-issuer.ts';
import { until } from '../../support/until.ts';
import { writeTrips } from '../../support/write-trips.ts';
import { createAsker, type Asker, type KnownRange } from './asker.ts';
import {
  ANY_HTTP,
  ANY_PROTOCOL,
  CHANGED_CLICKHOUSE,
  NO_CLICKHOUSE,
  NO_INDEX,
  NO_JWKS,
  NO_REDIS,
  NO_TEMPORAL,
} from './habits.ts';
import { meetFromTheStart } from './meet-from-the-start.ts';
import { startSwitchboard, type Habit, type Switchboard } from './switchboard.ts';

const SCENARIO = 'nonsense servers';
const MONTHS = ['2024-01', '2024-02', '2024-03'];
/** How long a habit is met for at least, beside the questions. */
const HABIT_MS = 600;
const RIGHT_AGAIN_WITHIN_MS = 15_000;
const PUBLISHED_WITHIN_MS = 60_000;

export async function attackByNonsense(ledger: Ledger): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'attack-nonsense-'));
  const served = join(folder, 'served');
  mkdirSync(served);
  const paths = MONTHS.map((month) => join(served, `yellow_tripdata_${month}.parquet`));
  for (const path of paths) await writeTrips({ path, month: path.slice(-15, -8), rows: 20_000 });
  const closing: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  try {
    const [engine, redis, temporal, issuer, files] = await Promise.all([
      startEngineProcess(join(folder, 'clickhouse')),
      startRedisServer(),
      startTemporalServer(),
      startTokenIssuer(),
      startFileServer(served),
    ]);
    closing.push(() =>
      Promise.all([engine.stop('SIGKILL'), redis.stop(), temporal.stop(), issuer.close(), files.close()]),
    );
    const before = async (url: string): Promise<Switchboard> => {
      const { hostname, port } = new URL(url);
      const board = await startSwitchboard({ host: hostname, port: Number(port) });
      closing.push(board.close);
      return board;
    };
    const boards = {
      clickhouse: await before(engine.url),
      redis: await before(redis.url),
      temporal: await before(`http://${temporal.address}`),
      jwks: await before(issuer.jwksUrl),
      source: await before(files.url),
    };
    const at = (url: string, board: Switchboard): string => {
      const moved = new URL(url);
      moved.port = String(board.port);
      return moved.href;
    };
    const victim = await startVictim({
      scenario: SCENARIO,
      ledger,
      sourceUrl: at(files.url, boards.source),
      env: {
        CLICKHOUSE_URL: at(engine.url, boards.clickhouse),
        REDIS_URL: at(redis.url, boards.redis),
        TEMPORAL_ADDRESS: `127.0.0.1:${boards.temporal.port}`,
        JWT_JWKS_URL: at(issuer.jwksUrl, boards.jwks),
        LAKE_URL: `file://${join(folder, 'lake')}`,
        POLL_SECONDS: '1',
        REQUEST_TIMEOUT_SECONDS: '2',
        LOG_LEVEL: 'error',
      },
    });
    closing.push(victim.stop);
    const asker = createAsker({
      url: victim.url,
      ranges: await knownRanges(paths),
      filenames: paths.map((path) => path.slice(path.lastIndexOf('/') + 1)),
    });
    await until('all months are published', asker.isRight, { deadlineMs: PUBLISHED_WITHIN_MS });
    const meet = (server: string, board: Switchboard, habits: Readonly<Record<string, Habit>>) =>
      meetEach({ ledger, victim, asker, server, board, habits });
    await meet('ClickHouse', boards.clickhouse, {
      ...ANY_PROTOCOL,
      ...ANY_HTTP,
      ...NO_CLICKHOUSE,
      ...CHANGED_CLICKHOUSE,
    });
    await Promise.all([
      meetTokens({
        ledger,
        victim,
        board: boards.jwks,
        sign: () => issuer.sign({ jti: String(Math.random()) }),
      }),
      (async () => {
        await meet('Redis', boards.redis, { ...ANY_PROTOCOL, ...NO_REDIS });
        await meet('Temporal', boards.temporal, { ...ANY_PROTOCOL, ...NO_TEMPORAL });
      })(),
    ]);
    await meetFromTheStart({
      ledger,
      scenario: SCENARIO,
      redisUrl: redis.url,
      temporalAddress: temporal.address,
    });
    await meetAtSource({
      ledger,
      victim,
      board: boards.source,
      served,
      habits: { ...ANY_PROTOCOL, ...ANY_HTTP, ...NO_INDEX },
    });
  } finally {
    for (const close of closing.toReversed()) await close();
  }
}

/** With bounds off hours, so that each needs trips that are in nobody's memory. */
async function knownRanges(paths: readonly string[]): Promise<KnownRange[]> {
  const random = seededRandom(7);
  const oracle = await createOracle(paths);
  const moment = (month: string): string => {
    const two = (most: number): string => String(Math.floor(random() * most)).padStart(2, '0');
    return `${month}-${String(1 + Math.floor(random() * 28)).padStart(2, '0')}T${two(24)}:${two(60)}:${two(60)}`;
  };
  const ranges: KnownRange[] = [];
  for (let n = 0; n < 1_500; n += 1) {
    const [from, to] = [moment('2024-01'), moment('2024-03')];
    ranges.push({ from, to, right: await oracle.p90({ from, to }) });
  }
  oracle.close();
  return ranges;
}

async function meetEach({
  ledger,
  victim,
  asker,
  server,
  board,
  habits,
}: {
  ledger: Ledger;
  victim: Victim;
  asker: Asker;
  server: string;
  board: Switchboard;
  habits: Readonly<Record<string, Habit>>;
}): Promise<void> {
  for (const [name, habit] of Object.entries(habits)) {
    board.become(habit);
    const enough = new Promise((resolve) => setTimeout(resolve, HABIT_MS));
    const breaches = [...(await asker.judge())];
    await enough;
    breaches.push(...(await asker.judge()));
    board.become(undefined);
    breaches.push(...(await rightAgain(asker)), ...victim.newBreaches());
    ledger.note(SCENARIO, `${server} ${name}`, breaches);
  }
}

async function rightAgain(asker: Asker): Promise<Breach[]> {
  try {
    await until('all is right again', asker.isRight, { deadlineMs: RIGHT_AGAIN_WITHIN_MS });
    return [];
  } catch (error) {
    return [...(await asker.judge()), { kind: 'stuck', what: String(error) }];
  }
}

/** The issuer's keys: no token may be let in by any of these, and none of them may keep a good one out for long. */
async function meetTokens({
  ledger,
  victim,
  board,
  sign,
}: {
  ledger: Ledger;
  victim: Victim;
  board: Switchboard;
  sign: () => Promise<string>;
}): Promise<void> {
  const askWith = async (token: string): Promise<{ code: string | undefined; isLetIn: boolean }> => {
    const response = await fetch(`${victim.url}/graphql?query=%7Bp90%7Btrips%7D%7D`, {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(12_000),
    });
    const answer = (await response.json()) as {
      data?: unknown;
      errors?: { extensions?: { code?: string } }[];
      code?: string;
    };
    return { code: answer.errors?.[0]?.extensions?.code ?? answer.code, isLetIn: response.status === 200 };
  };
  for (const [name, habit] of Object.entries({ ...ANY_HTTP, ...ANY_PROTOCOL, ...NO_JWKS })) {
    board.become(habit);
    const breaches: Breach[] = [];
    try {
      await until(
        'the keys are asked for',
        async () => {
          const { code, isLetIn } = await askWith(await sign());
          if (isLetIn) breaches.push({ kind: 'read', what: 'a token was let in that nobody could check' });
          else if (code !== 'UNAUTHENTICATED' && code !== 'SERVICE_UNAVAILABLE')
            breaches.push({ kind: 'wrong answer', what: `its code is ${code}` });
          return board.met() > 0;
        },
        { deadlineMs: 14_000, everyMs: 300 },
      );
    } catch (error) {
      breaches.push({ kind: 'stuck', what: String(error) });
    }
    ledger.note(SCENARIO, `JWKS ${name}`, breaches);
  }
  board.become(undefined);
  const after = await until('a good token is let in', async () => (await askWith(await sign())).isLetIn, {
    everyMs: 500,
  }).then(
    () => [],
    (error: unknown): Breach[] => [{ kind: 'stuck', what: String(error) }],
  );
  ledger.note(SCENARIO, 'JWKS after all of it', after);
}

/** A month appears while the source talks nonsense: it is published once the source is right again, and whole. */
async function meetAtSource({
  ledger,
  victim,
  board,
  served,
  habits,
}: {
  ledger: Ledger;
  victim: Victim;
  board: Switchboard;
  served: string;
  habits: Readonly<Record<string, Habit>>;
}): Promise<void> {
  const made: string[] = [];
  for (const [index, [name, habit]] of Object.entries(habits).entries()) {
    const month = `${1990 + Math.floor(index / 12)}-${String(1 + (index % 12)).padStart(2, '0')}`;
    const path = join(served, `yellow_tripdata_${month}.parquet`);
    board.become(undefined);
    await writeTrips({ path, month, rows: 300, seed: index + 10 });
    board.become(habit);
    await until('the source is asked', () => board.met() > 0, { deadlineMs: 4_000 }).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, HABIT_MS));
    const met = board.met();
    board.become(undefined);
    made.push(path);
    ledger.note(
      SCENARIO,
      `HTTP source ${name}${met === 0 ? ' (not met: it pauses)' : ''}`,
      victim.newBreaches(),
    );
  }
  const oracle = await createOracle(made);
  const right = await oracle.p90({});
  oracle.close();
  const range = 'pickup: { from: "1990-01-01", to: "2000-01-01" }';
  let found: unknown;
  const breaches = await until(
    'every month is published',
    async () => {
      ({ p90: found } = await victim.graphql<{ p90: unknown }>(
        `{ p90(${range}) { value trips tripsOver } }`,
      ));
      return JSON.stringify(found) === JSON.stringify(right);
    },
    { deadlineMs: PUBLISHED_WITHIN_MS, everyMs: 500 },
  ).then(
    () => [],
    (error: unknown): Breach[] => [
      {
        kind: 'stuck',
        what: `${String(error)}: ${JSON.stringify(found)} instead of ${JSON.stringify(right)}`,
      },
    ],
  );
  ledger.note(SCENARIO, 'HTTP source after all of it', breaches);
}

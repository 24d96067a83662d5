/** Every server that Tripline connects to is, in turn, somebody who talks nonsense: what is answered meanwhile, and is all well afterwards? */
import { copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Breach, Ledger } from '../ledger.ts';
import { startVictim, type Victim } from '../victim.ts';
import { startEngineProcess } from '../../integration/engine-process.ts';
import { startFileServer } from '../../support/file-server.ts';
import { createOracle } from '../../support/oracle.ts';
import { seededRandom } from '../../support/random.ts';
import { startRedisServer } from '../../support/redis-server.ts';
import { startS3Server } from '../../support/s3-server.ts';
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
  NO_REDIS,
  NO_S3,
  NO_TEMPORAL,
} from './habits.ts';
import { meetAtSource } from './meet-at-source.ts';
import { meetFromTheStart } from './meet-from-the-start.ts';
import { meetTokens } from './meet-tokens.ts';
import { startSwitchboard, type Habit, type Switchboard } from './switchboard.ts';

const SCENARIO = 'nonsense servers';
const MONTHS = ['2024-01', '2024-02', '2024-03'];
/** How long a habit is met for at least, beside the questions. */
const HABIT_MS = 400;
const RIGHT_AGAIN_WITHIN_MS = 20_000;
const PUBLISHED_WITHIN_MS = 90_000;

type Closing = (() => unknown)[];

export async function attackByNonsense(ledger: Ledger): Promise<void> {
  const closing: Closing = [];
  try {
    await Promise.all([meetServers(ledger, closing), meetS3(ledger, closing)]);
  } finally {
    for (const close of closing.toReversed()) await close();
  }
}

function temporaryFolder(closing: Closing): string {
  const folder = mkdtempSync(join(tmpdir(), 'attack-nonsense-'));
  closing.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** @returns a board before the server at an address, and the address with the board in the server's place */
async function boardBefore(address: string, closing: Closing): Promise<{ board: Switchboard; url: string }> {
  const moved = new URL(address);
  const board = await startSwitchboard({ host: moved.hostname, port: Number(moved.port) });
  closing.push(board.close);
  moved.port = String(board.port);
  return { board, url: moved.href.replace(/(?<=:\d+)\/$/, '') };
}

async function meetServers(ledger: Ledger, closing: Closing): Promise<void> {
  const folder = temporaryFolder(closing);
  const served = join(folder, 'served');
  mkdirSync(served);
  const paths = MONTHS.map((month) => join(served, `yellow_tripdata_${month}.parquet`));
  for (const path of paths) await writeTrips({ path, month: path.slice(-15, -8), rows: 20_000 });
  const [engine, redis, temporal, issuer, files] = await Promise.all([
    startEngineProcess(join(folder, 'clickhouse')),
    startRedisServer(),
    startTemporalServer(),
    startTokenIssuer(),
    startFileServer(served),
  ]);
  closing.push(() => engine.stop('SIGKILL'), redis.stop, temporal.stop, issuer.close, files.close);
  const clickhouse = await boardBefore(engine.as('loader'), closing);
  const cache = await boardBefore(redis.url, closing);
  const workflows = await boardBefore(`http://${temporal.address}`, closing);
  const keys = await boardBefore(issuer.jwksUrl, closing);
  const source = await boardBefore(files.url, closing);
  const start = (): Promise<Victim> =>
    startVictim({
      scenario: SCENARIO,
      ledger,
      sourceUrl: `${source.url}/`,
      env: {
        CLICKHOUSE_URL: clickhouse.url,
        REDIS_URL: cache.url,
        TEMPORAL_ADDRESS: `127.0.0.1:${workflows.board.port}`,
        JWT_JWKS_URL: keys.url,
        LAKE_URL: `file://${join(folder, 'lake')}`,
        POLL_SECONDS: '1',
        REQUEST_TIMEOUT_SECONDS: '2',
        LOG_LEVEL: 'error',
      },
    });
  let victim = await start();
  closing.push(() => victim.stop());
  const asker = createAsker({
    url: () => victim.url,
    ranges: await knownRanges(paths),
    filenames: paths.map((path) => basename(path)),
  });
  await until('all months are published', asker.isRight, { deadlineMs: PUBLISHED_WITHIN_MS });
  /** One that never gets well is replaced, so that the next case begins with one that is. */
  const startAgain = async (): Promise<void> => {
    await victim.stop();
    victim = await start();
    await until('all is right after a start', asker.isRight, { deadlineMs: PUBLISHED_WITHIN_MS });
  };
  const meet = (server: string, board: Switchboard, habits: Readonly<Record<string, Habit>>) =>
    meetEach({ ledger, newBreaches: () => victim.newBreaches(), startAgain, asker, server, board, habits });
  const meetAll = async (): Promise<void> => {
    await meet('ClickHouse', clickhouse.board, {
      ...ANY_PROTOCOL,
      ...ANY_HTTP,
      ...NO_CLICKHOUSE,
      ...CHANGED_CLICKHOUSE,
    });
    await meet('Redis', cache.board, { ...ANY_PROTOCOL, ...NO_REDIS });
    await meet('Temporal', workflows.board, { ...ANY_PROTOCOL, ...NO_TEMPORAL });
    await meetAtSource({
      scenario: SCENARIO,
      server: 'HTTP source',
      ledger,
      victim: () => victim,
      startAgain,
      board: source.board,
      put: async (filename, path) => {
        copyFileSync(path, join(folder, filename));
        renameSync(join(folder, filename), join(served, filename));
      },
      habits: { ...ANY_HTTP, ...NO_INDEX },
    });
  };
  await meetAll();
  await Promise.all([
    meetTokens({
      scenario: SCENARIO,
      ledger,
      url: () => victim.url,
      board: keys.board,
      sign: () => issuer.sign({ jti: String(Math.random()) }),
    }),
    meetFromTheStart({
      ledger,
      scenario: SCENARIO,
      redisUrl: redis.url,
      temporalAddress: temporal.address,
    }),
  ]);
}

/** Source and lake on S3, with an engine and all else of its own. */
async function meetS3(ledger: Ledger, closing: Closing): Promise<void> {
  const s3 = await startS3Server();
  closing.push(s3.stop);
  const { board, url } = await boardBefore(s3.endpoint, closing);
  const start = (): Promise<Victim> =>
    startVictim({
      scenario: SCENARIO,
      ledger,
      sourceUrl: `s3://${s3.bucket}/source`,
      env: {
        ...s3.env,
        AWS_ENDPOINT_URL_S3: url,
        LAKE_URL: `s3://${s3.bucket}/lake`,
        POLL_SECONDS: '1',
        LOG_LEVEL: 'error',
      },
    });
  let victim = await start();
  closing.push(() => victim.stop());
  await meetAtSource({
    scenario: SCENARIO,
    server: 'S3',
    ledger,
    victim: () => victim,
    startAgain: async () => {
      await victim.stop();
      victim = await start();
    },
    board,
    put: (filename, path) => s3.putFile(`source/${filename}`, path),
    habits: { ...ANY_HTTP, ...NO_S3 },
  });
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
  newBreaches,
  startAgain,
  asker,
  server,
  board,
  habits,
}: {
  ledger: Ledger;
  newBreaches: () => Breach[];
  startAgain: () => Promise<void>;
  asker: Asker;
  server: string;
  board: Switchboard;
  habits: Readonly<Record<string, Habit>>;
}): Promise<void> {
  for (const [name, habit] of Object.entries(habits)) {
    board.become(habit);
    const enough = new Promise((resolve) => setTimeout(resolve, HABIT_MS));
    const breaches = await asker.judge();
    await enough;
    breaches.push(...(await asker.judge()));
    board.become(undefined);
    const after = await rightAgain(asker);
    ledger.note(SCENARIO, `${server} ${name}`, [...breaches, ...after, ...newBreaches()]);
    if (after.length > 0) await startAgain();
  }
}

async function rightAgain(asker: Asker): Promise<Breach[]> {
  try {
    await until('all is right again', asker.isRight, { deadlineMs: RIGHT_AGAIN_WITHIN_MS });
    return [];
  } catch (error) {
    return [{ kind: 'stuck', what: `${String(error)}: ${await asker.tell()}` }];
  }
}

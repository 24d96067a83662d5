/** kill -9 of every part, three times each, while files are being loaded. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createOracle, type OracleAnswer } from '../support/oracle.ts';
import { seededRandom } from '../support/random.ts';
import { startTripline, type Percentile, type Tripline } from '../support/tripline.ts';
import { until } from '../support/until.ts';
import { writeTrips } from '../support/write-trips.ts';

const PARTS = ['worker', 'clickhouse', 'temporal', 'gateway', 'redis'];
const ROUNDS = 3;
const FILES = PARTS.length * ROUNDS;
/** The low bits of a sum of these tell which files are in it. */
const rowsOf = (index: number): number => 2 ** 16 + 2 ** index;

const folder = mkdtempSync(join(tmpdir(), 'tripline-kills-'));
const pathOf = (index: number) => join(folder, `yellow_tripdata_20${String(10 + index)}-03.parquet`);
let tripline: Tripline;

beforeAll(async () => {
  tripline = await startTripline({ sourceUrl: `file://${folder}`, env: { CHUNK_BYTES: '262144' } });
});

afterAll(async () => {
  await tripline?.stop();
  rmSync(folder, { recursive: true, force: true });
});

it('loses nothing, answers nothing wrong, and comes back', { timeout: 300_000 }, async () => {
  const random = seededRandom(5);
  const seen: Percentile[] = [];
  let polling = true;
  const poll = (async () => {
    while (polling) {
      try {
        seen.push(await tripline.p90());
      } catch {
        // The gateway, or the engine behind it, is away: no answer is allowed, a wrong one is not.
      }
    }
  })();

  const awayMs: Record<string, number[]> = {};
  for (let index = 0; index < FILES; index += 1) {
    const name = PARTS[index % PARTS.length] ?? '';
    await writeTrips({ path: pathOf(index), month: `20${10 + index}-03`, rows: rowsOf(index), seed: index });
    const stage = ['FETCHING', 'LOADING', 'PUBLISHED'][Math.floor(random() * 3)];
    await until(`file ${index} is ${stage} or further`, async () => {
      const file = (await tripline.files()).find(({ filename }) => pathOf(index).endsWith(filename));
      return file !== undefined && (file.stage === stage || file.stage === 'PUBLISHED');
    });
    const { pid } = tripline.part(name);
    process.kill(pid, 'SIGKILL');
    const killed = Date.now();
    await until(`${name} is back`, () => tripline.part(name).pid !== pid && answers(tripline, name));
    (awayMs[name] ??= []).push(Date.now() - killed);
  }
  await tripline.settled(FILES, 120_000);
  const whole = Array.from({ length: FILES }, (_, index) => rowsOf(index)).reduce(
    (sum, rows) => sum + rows,
    0,
  );
  await until('every trip is counted', () => seen.at(-1)?.trips === whole);
  polling = false;
  await poll;
  console.info(`away after kill -9, in ms: ${JSON.stringify(awayMs)}; ${seen.length} answers meanwhile`);

  const states = new Map<number, OracleAnswer>();
  let dataVersion = 0;
  for (const answer of seen) {
    expect(answer.dataVersion).toBeGreaterThanOrEqual(dataVersion);
    ({ dataVersion } = answer);
    let state = states.get(answer.trips);
    if (state === undefined) {
      const counted = Array.from({ length: FILES }, (_, index) => index).filter(
        (index) => (answer.trips & (2 ** index)) !== 0,
      );
      const oracle = await createOracle(counted.map(pathOf));
      state = await oracle.p90({});
      oracle.close();
      states.set(answer.trips, state);
    }
    const { value, trips, tripsOver } = answer;
    expect({ value, trips, tripsOver }).toEqual(state);
  }
  expect(seen.at(-1)?.trips).toBe(whole);
  expect(new Set((await tripline.files()).map(({ rows }) => rows)).size).toBe(FILES);
});

/** Does the part take requests again? */
async function answers({ part }: Tripline, name: string): Promise<boolean> {
  const { url } = part(name);
  const { hostname, port } = new URL(url);
  if (name === 'redis' || name === 'temporal') {
    return new Promise((resolve) => {
      const socket = createConnection({ host: hostname, port: Number(port) })
        .once('connect', () => {
          socket.destroy();
          resolve(true);
        })
        .once('error', () => resolve(false));
    });
  }
  return (await fetch(`${url}${name === 'clickhouse' ? '/ping' : '/readyz'}`)).ok;
}

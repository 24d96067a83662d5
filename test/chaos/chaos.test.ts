/** Every part killed at random while files are loaded and replaced. `npm run test:chaos` is the long form of it. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, expect, it, onTestFailed } from 'vitest';
import { createWarehouse, type Warehouse } from '../../warehouse/warehouse.ts';
import type { sweep } from '../../workflows/sweep.ts';
import { createOracle, type OracleAnswer } from '../support/oracle.ts';
import { startS3Server, type S3Server } from '../support/s3-server.ts';
import { startTripline, type Tripline } from '../support/tripline.ts';
import { killAtRandom, type KillPlan, type Shown } from './kill-matrix.ts';

const LONG = process.env['CHAOS_TEST'] === 'long';
/** `folder` or `s3`. */
const LAKE = process.env['CHAOS_LAKE'] ?? 'folder';
const PLAN: KillPlan = LONG
  ? {
      kills: 200,
      files: 30,
      replaced: 6,
      parts: ['worker', 'clickhouse', 'temporal', 'gateway'],
      seed: 1,
      rows: 65_536,
    }
  : {
      kills: 18,
      files: 7,
      replaced: 2,
      parts: ['worker', 'clickhouse', 'temporal', 'gateway', 'redis'],
      seed: 2,
      rows: 65_536,
    };

const root = mkdtempSync(join(tmpdir(), 'tripline-chaos-'));
const folder = join(root, 'source');
let s3: S3Server | undefined;
let tripline: Tripline;

beforeAll(async () => {
  mkdirSync(folder);
  if (LAKE === 's3') s3 = await startS3Server();
  tripline = await startTripline({
    sourceUrl: `file://${folder}`,
    env: s3 === undefined ? { CHUNK_BYTES: '262144' } : { ...s3.env, LAKE_URL: `s3://${s3.bucket}/lake` },
  });
});

afterAll(async () => {
  await tripline?.stop();
  await s3?.stop();
  rmSync(root, { recursive: true, force: true });
});

interface Publication {
  sequence: number;
  filename: string;
  load_id: string;
  rows: number;
}

it(
  `${PLAN.kills} kills lose nothing and double nothing, and no answer is ever wrong`,
  { timeout: LONG ? 3_600_000 : 400_000 },
  async () => {
    onTestFailed(() => console.info(tripline.log().slice(-10_000)));
    const { shown, answers, awayMs } = await killAtRandom({
      tripline,
      folder,
      copies: join(root, 'copies'),
      plan: PLAN,
    });
    const kills = Object.values(awayMs).reduce((sum, times) => sum + times.length, 0);
    expect(kills).toBe(PLAN.kills);

    const warehouse = createWarehouse({ url: tripline.clickhouse('reader'), by: 'test' });
    const publications = await readPublications(warehouse);
    const live = new Map(publications.map((one) => [one.filename, one]));
    console.info(
      `chaos (${LAKE} lake): ${kills} kills over ${publications.length} publications of ${shown.length} file versions; ` +
        `${answers.length} answers meanwhile; ready again after ${JSON.stringify(medians(awayMs))} ms (median)`,
    );

    // Every answer is that of the publications up to its data version, and versions never go down.
    const states = new Map<number, OracleAnswer>();
    let dataVersion = 0;
    for (const answer of answers) {
      expect(answer.dataVersion).toBeGreaterThanOrEqual(dataVersion);
      ({ dataVersion } = answer);
      const state = states.get(dataVersion) ?? (await stateAt(dataVersion, publications, shown));
      states.set(dataVersion, state);
      const { value, trips, tripsOver } = answer;
      expect({ dataVersion, value, trips, tripsOver }).toEqual({ dataVersion, ...state });
    }

    // Every trip exactly once.
    const held = await warehouse.rows<Totals>(
      `SELECT filename, toString(count()) AS trips, toString(uniqExact(row_number)) AS rows,
       toString(sum(toInt128(toUnixTimestamp64Micro(tpep_pickup_datetime)))) AS pickups, toString(sum(toInt64(round(trip_distance * 100)))) AS distances
     FROM trips INNER JOIN (SELECT load_id, any(filename) AS filename FROM load_attempts GROUP BY load_id) AS attempts USING (load_id)
     WHERE load_id IN {live:Array(UUID)} GROUP BY filename ORDER BY filename`,
      { params: { live: [...live.values()].map(({ load_id }) => load_id) } },
    );
    const last = new Map(shown.map((one) => [one.filename, one]));
    expect(held).toEqual(await totals([...last.values()]));

    // Nothing unpublished is left.
    await sweepNow(tripline);
    const published = publications.map(({ load_id }) => load_id);
    for (const table of ['trips', 'trips_by_hour', 'trips_by_day', 'rejected_rows']) {
      const [row] = await warehouse.rows<{ left: string }>(
        `SELECT toString(count()) AS left FROM ${table} WHERE load_id NOT IN {published:Array(UUID)}`,
        { params: { published } },
      );
      expect({ table, left: row?.left }).toEqual({ table, left: '0' });
    }
    const { trips } = await tripline.p90();
    expect(trips).toBe([...last.values()].reduce((sum, { rows }) => sum + rows, 0));
    await warehouse.close();
  },
);

async function readPublications(warehouse: Warehouse): Promise<Publication[]> {
  const rows = await warehouse.rows<{ sequence: string; filename: string; load_id: string; rows: string }>(
    `SELECT sequence, filename, load_id, rows FROM loads
     WHERE kind = 'published' AND load_id NOT IN (SELECT load_id FROM loads WHERE kind = 'condemned')
     ORDER BY sequence LIMIT 1 BY sequence`,
  );
  return rows.map((row) => ({ ...row, sequence: Number(row.sequence), rows: Number(row.rows) }));
}

async function stateAt(
  sequence: number,
  publications: readonly Publication[],
  shown: readonly Shown[],
): Promise<OracleAnswer> {
  const live = new Map<string, number>();
  for (const one of publications) if (one.sequence <= sequence) live.set(one.filename, one.rows);
  const paths = shown.filter(({ filename, rows }) => live.get(filename) === rows).map(({ path }) => path);
  expect(paths.length).toBe(live.size);
  const oracle = await createOracle(paths);
  const state = await oracle.p90({});
  oracle.close();
  return state;
}

interface Totals {
  filename: string;
  trips: string;
  /** Distinct row numbers. */
  rows: string;
  /** Microseconds since 1970, summed. */
  pickups: string;
  /** Hundredths of a mile, summed. */
  distances: string;
}

async function totals(files: readonly Shown[]): Promise<Totals[]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const found: Totals[] = [];
  for (const { filename, path } of files.toSorted((a, b) => (a.filename < b.filename ? -1 : 1))) {
    const result = await connection.runAndReadAll(
      `SELECT count(*), sum(epoch_us(tpep_pickup_datetime)), sum(round(trip_distance * 100)::BIGINT) FROM read_parquet('${path}')`,
    );
    const [trips, pickups, distances] = (result.getRows()[0] ?? []).map(String);
    found.push({
      filename,
      trips: trips ?? '',
      rows: trips ?? '',
      pickups: pickups ?? '',
      distances: distances ?? '',
    });
  }
  connection.closeSync();
  instance.closeSync();
  return found;
}

async function sweepNow({ part }: Tripline): Promise<void> {
  const address = new URL(part('temporal').url.replace(/^\w+:\/\//, 'http://')).host;
  const connection = await Connection.connect({ address });
  await new Client({ connection }).workflow.execute<typeof sweep>('sweep', {
    taskQueue: 'tripline',
    workflowId: 'sweep-by-test',
    args: [],
  });
  await connection.close();
}

function medians(times: Record<string, number[]>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(times).map(([name, all]) => [
      name,
      all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0,
    ]),
  );
}

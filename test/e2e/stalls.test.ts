/** A worker that stands still for longer than anybody waits for it, readers that do: sweeps beside them cost nothing. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { sweep } from '../../workflows/sweep.ts';
import { createOracle, type OracleAnswer } from '../support/oracle.ts';
import { startTripline, type Percentile, type Tripline } from '../support/tripline.ts';
import { until } from '../support/until.ts';
import { writeTrips } from '../support/write-trips.ts';
import { programArguments } from '../../config/program/program.ts';

const folder = mkdtempSync(join(tmpdir(), 'tripline-stalls-'));
const nameOf = (month: string): string => `yellow_tripdata_${month}.parquet`;
const pathOf = (month: string): string => join(folder, nameOf(month));
const LARGE_ROWS = 700_000;
let tripline: Tripline;
let connection: Connection;
let client: Client;
let other: ChildProcess;
let sweeps = 0;

beforeAll(async () => {
  await writeTrips({ path: pathOf('2022-03'), month: '2022-03', rows: 20_000 });
  // Replaced loads go with the first sweep.
  tripline = await startTripline({ sourceUrl: `file://${folder}`, env: { KEEP_LOADS_HOURS: '0' } });
  const address = new URL(tripline.part('temporal').url.replace(/^\w+:\/\//, 'http://')).host;
  connection = await Connection.connect({ address });
  client = new Client({ connection });
  await tripline.settled(1, 90_000);
  other = spawn(process.execPath, programArguments('worker/main.ts'), {
    env: {
      ...process.env,
      SOURCE_URL: `file://${folder}`,
      DATA_DIR: tripline.dataDir,
      TEMPORAL_ADDRESS: address,
      CLICKHOUSE_URL: tripline.clickhouse('loader'),
      KEEP_LOADS_HOURS: '0',
      WORKER_PORT: '0',
    },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let said = '';
  other.stdout?.on('data', (text) => (said += String(text)));
  await until('the other worker runs', () => said.includes('worker is running'), { deadlineMs: 60_000 });
});

afterAll(async () => {
  if (other?.exitCode === null) {
    const exited = once(other, 'exit');
    other.kill('SIGTERM');
    await exited;
  }
  await connection?.close();
  await tripline?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** @returns the loads that went */
async function sweepNow(): Promise<string[]> {
  sweeps += 1;
  const { swept } = await client.workflow.execute<typeof sweep>('sweep', {
    taskQueue: 'tripline',
    workflowId: `sweep-by-test-${sweeps}`,
    args: [],
  });
  return swept;
}

/** Of all files that are there. */
async function oracleSays(): Promise<OracleAnswer> {
  const names = readdirSync(folder).filter((name) => name.endsWith('.parquet'));
  const oracle = await createOracle(names.map((name) => join(folder, name)));
  const answer = await oracle.p90({});
  oracle.close();
  return answer;
}

const answerOf = ({ value, trips, tripsOver }: Percentile): OracleAnswer => ({ value, trips, tripsOver });

it(
  'a reader that is stopped in the middle of an answer gives a whole one',
  { timeout: 200_000 },
  async () => {
    let before = await oracleSays();
    for (let round = 1; round <= 3; round += 1) {
      const { pid } = tripline.part('gateway');
      // Bounds that were never asked for, so that each is computed.
      const asking = Array.from({ length: 20 }, (_, at) =>
        tripline.p90({
          to: `2040-01-01T00:${String(round).padStart(2, '0')}:${String(at).padStart(2, '0')}`,
        }),
      );
      await tripline.p90({ to: `2041-01-01T00:00:0${round}` });
      process.kill(pid, 'SIGSTOP');
      let swept: string[] = [];
      try {
        await writeTrips({
          path: pathOf('2022-03'),
          month: '2022-03',
          rows: 20_000 + round,
          seed: round + 1,
        });
        await until(
          'the load of before is swept',
          async () => {
            swept = await sweepNow();
            return swept.length > 0;
          },
          { deadlineMs: 60_000, everyMs: 500 },
        );
      } finally {
        process.kill(pid, 'SIGCONT');
      }
      const after = await oracleSays();
      for (const answer of await Promise.all(asking))
        expect([before, after]).toContainEqual(answerOf(answer));
      await until('the new version is counted', async () => (await tripline.p90()).trips === after.trips);
      expect(answerOf(await tripline.p90())).toEqual(after);
      before = after;
    }
  },
);

it(
  'a worker that is stopped while it loads and publishes loses no load and doubles none',
  { timeout: 200_000 },
  async () => {
    const { pid } = tripline.part('worker');
    await writeTrips({ path: pathOf('2022-04'), month: '2022-04', rows: LARGE_ROWS });
    await until(
      'it is loaded',
      async () =>
        (await tripline.files()).some(
          ({ filename, stage }) => filename === nameOf('2022-04') && stage === 'LOADING',
        ),
      { deadlineMs: 60_000, everyMs: 5 },
    );
    process.kill(pid, 'SIGSTOP');
    try {
      // Whichever of the two workers had it: sweeps run beside the one that stands still.
      await until(
        'it is published',
        async () => {
          const sweeping = sweepNow();
          const live = (await tripline.files()).some(
            ({ filename, stage }) => filename === nameOf('2022-04') && stage === 'PUBLISHED',
          );
          await sweeping;
          return live;
        },
        { deadlineMs: 150_000, everyMs: 1_000 },
      );
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    const expected = await oracleSays();
    await until('it is counted', async () => (await tripline.p90()).trips === expected.trips);
    expect(answerOf(await tripline.p90())).toEqual(expected);
    await sweepNow();
    expect(answerOf(await tripline.p90())).toEqual(expected);
  },
);

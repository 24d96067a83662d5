/** A file replaced by a different one of the same name: every answer is the old one or the new one. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createOracle, type OracleAnswer } from '../support/oracle.ts';
import { startTripline, type Percentile, type Tripline } from '../support/tripline.ts';
import { until } from '../support/until.ts';
import { writeTrips } from '../support/write-trips.ts';

const folder = mkdtempSync(join(tmpdir(), 'tripline-replaced-'));
const path = join(folder, 'yellow_tripdata_2022-03.parquet');
const other = join(folder, 'yellow_tripdata_2022-04.parquet');
let tripline: Tripline;

beforeAll(async () => {
  await writeTrips({ path, month: '2022-03', rows: 50_000, seed: 1 });
  await writeTrips({ path: other, month: '2022-04', rows: 1_000 });
  tripline = await startTripline({ sourceUrl: `file://${folder}` });
  await tripline.settled(2);
});

afterAll(async () => {
  await tripline?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function oracleSays(): Promise<OracleAnswer> {
  const oracle = await createOracle([path, other]);
  const answer = await oracle.p90({});
  oracle.close();
  return answer;
}

it(
  'moves from one answer to the next, is never anything else, never goes back, and keeps the data version of days it did not touch',
  { timeout: 120_000 },
  async () => {
    const states = [await oracleSays()];
    const seen: Percentile[] = [];
    let polling = true;
    const poll = (async () => {
      while (polling) {
        seen.push(await tripline.p90());
        // Without it the tests beside this one would get no processor.
        await pause(5);
      }
    })();
    for (const [seed, rows] of [
      [2, 80_000],
      [3, 20_000],
      [4, 120_000],
    ] as const) {
      await writeTrips({ path, month: '2022-03', rows, seed });
      const next = await oracleSays();
      states.push(next);
      await until(`${rows} rows are counted`, () => seen.at(-1)?.trips === next.trips, {
        deadlineMs: 40_000,
      });
    }
    polling = false;
    await poll;

    const stateOf = ({ value, trips, tripsOver }: OracleAnswer): number =>
      states.findIndex(
        (state) => state.value === value && state.trips === trips && state.tripsOver === tripsOver,
      );
    let last = { state: 0, dataVersion: 0 };
    for (const answer of seen) {
      const now = { state: stateOf(answer), dataVersion: answer.dataVersion };
      expect(now.state, `${JSON.stringify(answer)} is one of the published states`).toBeGreaterThanOrEqual(
        last.state,
      );
      expect(now.dataVersion).toBeGreaterThanOrEqual(last.dataVersion);
      if (now.state !== last.state) expect(now.dataVersion).toBeGreaterThan(last.dataVersion);
      last = now;
    }
    expect(last.state).toBe(states.length - 1);
    expect(seen.length).toBeGreaterThan(50);

    const april = await tripline.p90({ from: '2022-04-05T00:00:00', to: '2022-04-10T00:00:00' });
    const march = await tripline.p90({ from: '2022-03-05T00:00:00', to: '2022-03-10T00:00:00' });
    expect(april.dataVersion).toBeLessThanOrEqual(2);
    expect(march.dataVersion).toBe(5);
  },
);

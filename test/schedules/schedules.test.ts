/**
 * Random schedules of what happens at a source and of what operators do, against a plain model: after each step the same files are counted, and the answer
 * is that of a plain sort, now and as of every earlier data version. Long: `npm run test:schedules` (SCHEDULES_STEPS, SCHEDULES_SEED).
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { expect, it } from 'vitest';
import { seededRandom } from '../support/random.ts';
import { writeTrips } from '../support/write-trips.ts';
import type { ShownFile } from './memory-source.ts';
import { PlainModel } from './plain-model.ts';
import { CONTENTS, Schedule } from './schedule.ts';
import { startWholeSystem, type WholeSystem } from './whole-system.ts';

const IS_LONG = process.env['SCHEDULES_TEST'] === 'long';
const STEPS = Number(process.env['SCHEDULES_STEPS'] ?? (IS_LONG ? 1_000 : 15));
const SEED = Number(process.env['SCHEDULES_SEED'] ?? 11);

Runtime.install({ logger: new DefaultLogger('ERROR') });

/** Distances by content, in ascending order. */
async function makeContents(folder: string): Promise<Map<string, number[]>> {
  const distances = new Map<string, number[]>();
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  for (const [seed, content] of CONTENTS.entries()) {
    const path = join(folder, content);
    await writeTrips({ path, month: content.slice(0, 7), rows: 20 + 7 * seed, seed });
    const read = await connection.runAndReadAll(
      `SELECT trip_distance FROM read_parquet('${path}') ORDER BY trip_distance`,
    );
    distances.set(
      content,
      read.getRows().map(([distance]) => Number(distance)),
    );
  }
  connection.closeSync();
  instance.closeSync();
  return distances;
}

// Side by side: each waits for half of its time.
it.concurrent.each(IS_LONG ? (['keep', 'withdraw'] as const) : (['keep'] as const))(
  `${STEPS} random steps, of files that are gone at the source: %s`,
  { timeout: IS_LONG ? 7_200_000 : 180_000 },
  async (onSourceDelete) => {
    const folder = mkdtempSync(join(tmpdir(), 'tripline-schedules-'));
    const contents = join(folder, 'contents');
    mkdirSync(contents);
    const shown = new Map<string, ShownFile>();
    let system: WholeSystem | undefined;
    try {
      const distances = await makeContents(contents);
      system = await startWholeSystem({ folder, shown, onSourceDelete });
      const model = new PlainModel(onSourceDelete);
      const random = seededRandom(SEED);
      const schedule = new Schedule({ system, shown, contents, distances, model, random });
      for (let step = 1; step <= STEPS; step += 1) {
        await schedule.step();
        if (step % 100 === 0) process.stdout.write(`${onSourceDelete}: ${step} steps\n`);
      }
      await schedule.checkAll();
      expect(schedule.done.length).toBeGreaterThanOrEqual(STEPS);
    } finally {
      await system?.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  },
);

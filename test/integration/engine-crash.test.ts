/** A file over which the engine hangs is quarantined; an engine that somebody else ends, however often, says nothing of the file. */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createLoadActivities } from '../../activities/load-activities.ts';
import { createFolderLake } from '../../lake/folder-lake.ts';
import type { Lake } from '../../lake/lake.ts';
import { createReadAlone, type ReadAlone } from '../../warehouse/lone-reader.ts';
import { migrate } from '../../warehouse/migrate.ts';
import { createWarehouse, type Warehouse } from '../../warehouse/warehouse.ts';
import { writeTrips } from '../support/write-trips.ts';
import { startEngineProcess, type EngineProcess } from './engine-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'tripline-crash-'));
const path = join(folder, 'good.parquet');
const pipe = join(folder, 'pipe.parquet');
const DEADLINE_MS = 2_000;
let engine: EngineProcess;
let warehouse: Warehouse;
let bytes: Buffer;

async function startEngine(): Promise<void> {
  await warehouse?.close();
  engine = await startEngineProcess(join(folder, 'clickhouse'));
  warehouse = createWarehouse({ url: engine.as('loader'), by: 'load' });
  await migrate(warehouse);
}

beforeAll(async () => {
  await startEngine();
  await writeTrips({ path, month: '2022-03', rows: 100_000 });
  bytes = readFileSync(path);
  execFileSync('mkfifo', [pipe]);
});

afterAll(async () => {
  await warehouse?.close();
  await engine?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A lake that holds the good file's bytes, which the engine reads as `sql`. */
const lakeOf = (sql: string, params: Record<string, string>): Lake => ({
  ...createFolderLake({ path: folder }),
  sizeOf: () => Promise.resolve(bytes.length),
  read: ({ range }) => Promise.resolve(new Uint8Array(bytes.subarray(range.start, range.end))),
  tableFunction: () => Promise.resolve({ sql, params }),
});
const goodLake = lakeOf(`file({lake_path:String}, 'Parquet')`, { lake_path: path });

/** Attempts until one comes to an end, each told what the one before left in its heartbeat, as Temporal does. */
async function ingest(
  lake: Lake,
  {
    alone = createReadAlone(),
    during = () => undefined,
  }: { alone?: ReadAlone; during?: (attempt: number) => void } = {},
) {
  let heartbeatDetails: unknown;
  for (let attempt = 1; ; attempt += 1) {
    const environment = new MockActivityEnvironment({ attempt, heartbeatDetails });
    environment.on('heartbeat', (details: unknown) => (heartbeatDetails = details));
    const { loadIntoWarehouse } = createLoadActivities({
      lake,
      warehouse,
      readAlone: alone,
      deadlineMs: () => DEADLINE_MS,
    });
    const input = {
      source: 's',
      filename: 'f',
      version: 'v',
      month: '2022-03',
      lakeKey: 'k',
      sizeBytes: bytes.length,
    };
    const running = environment.run(loadIntoWarehouse, input);
    running.catch(() => undefined);
    during(attempt);
    try {
      return { attempt, result: (await running) as Awaited<ReturnType<typeof loadIntoWarehouse>> };
    } catch (error) {
      if (attempt === 6) throw error;
      await engine.stop('SIGKILL');
      await startEngine();
    }
  }
}

it(
  'quarantines a file over which the engine hangs and a reader of its own too',
  { timeout: 120_000 },
  async () => {
    // A read from a pipe that nobody writes to hears neither the clock nor KILL.
    const hanging = lakeOf(`file({lake_path:String}, 'Parquet')`, { lake_path: pipe });
    const { attempt, result } = await ingest(hanging);
    expect(attempt).toBe(3);
    expect(result).toMatchObject({ refusal: { code: 'ENGINE_CRASH' } });
  },
);

it('loads a file however often somebody kills the engine over it', { timeout: 120_000 }, async () => {
  const readings: string[] = [];
  const readFile = createReadAlone();
  const { attempt, result } = await ingest(goodLake, {
    alone: async (reading) => {
      const outcome = await readFile(reading);
      readings.push(outcome);
      return outcome;
    },
    during: (attempt) => {
      if (attempt > 4) return;
      const killed = engine;
      const kill = async () => {
        // In the middle of the load's own statements.
        while (killed.child.exitCode === null && killed.child.signalCode === null) {
          const held = await warehouse
            .rows<{ n: string }>(
              `SELECT count() AS n FROM system.processes WHERE query LIKE 'INSERT INTO trips%'`,
            )
            .catch(() => [{ n: '1' }]);
          if (Number(held[0]?.n) > 0) killed.child.kill('SIGKILL');
        }
      };
      void kill();
    },
  });
  expect(attempt).toBe(5);
  expect(readings).toEqual(['survived', 'survived']);
  expect(result).toMatchObject({ load: { rows: 100_000 } });
});

it('believes it in the end where no reader of its own can be had', { timeout: 60_000 }, async () => {
  const unavailable: ReadAlone = () => Promise.resolve('unavailable');
  const run = (attempt: number) => {
    const environment = new MockActivityEnvironment({
      attempt,
      heartbeatDetails: { cuts: 2 },
      workflowExecution: { workflowId: 'w', runId: 'only-here' },
    });
    const { loadIntoWarehouse } = createLoadActivities({ lake: goodLake, warehouse, readAlone: unavailable });
    const input = {
      source: 's',
      filename: 'f',
      version: 'v',
      month: '2022-03',
      lakeKey: 'k',
      sizeBytes: bytes.length,
    };
    return environment.run(loadIntoWarehouse, input);
  };
  const before = Array.from({ length: 8 }, () => ({
    load_id: randomUUID(),
    run_id: 'only-here',
    version: 'v',
  }));
  await warehouse.insert('load_attempts', before);
  expect(await run(9)).toHaveProperty('load');
  expect(await run(10)).toMatchObject({ refusal: { code: 'ENGINE_CRASH' } });
});

/** Attempts that finish after their successors, sweeps beside them: nothing that readers see may change. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { PercentileAnswer } from '../../gateway/answers.ts';
import { followLiveLoads, type LiveLoads } from '../../gateway/live-loads.ts';
import { readFooter } from '../../warehouse/footer.ts';
import { loadFile, type VerifiedLoad } from '../../warehouse/load-file.ts';
import { condemnLoad, publish, readHead, readLastSequence } from '../../warehouse/loads.ts';
import { migrate } from '../../warehouse/migrate.ts';
import { findSweepableLoads, sweepLoad } from '../../warehouse/sweep.ts';
import { createWarehouse, type Warehouse } from '../../warehouse/warehouse.ts';
import { askEverything, createTestAnswers } from '../support/answers.ts';
import { publishLoad } from '../support/publish-load.ts';
import { writeTrips } from '../support/write-trips.ts';
import { startEngineProcess, type EngineProcess } from './engine-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'tripline-late-'));
const signal = new AbortController().signal;
const SOURCE = 'yellow';
let engine: EngineProcess;
let warehouse: Warehouse;
let liveLoads: LiveLoads;
let filename: string;

beforeAll(async () => {
  engine = await startEngineProcess(join(folder, 'clickhouse'));
  warehouse = createWarehouse({ url: engine.as('loader'), by: 'load' });
  await migrate(warehouse);
  liveLoads = followLiveLoads({
    warehouse,
    source: SOURCE,
    logger: pino({ level: 'silent' }),
    // It reads the log when a test asks for it, and never between two steps of one.
    pollEveryMs: 3_600_000,
  });
  for (const seed of [1, 2]) {
    await writeTrips({ path: join(folder, `${seed}.parquet`), month: '2022-03', rows: 1_000 * seed, seed });
  }
});

afterAll(async () => {
  liveLoads?.stop();
  await warehouse?.close();
  await engine?.stop();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(({ task }) => {
  filename = `${task.id}_2022-03.parquet`;
});

/** A whole attempt to load version 1 or 2 of the test's file. */
async function load(version: 1 | 2): Promise<VerifiedLoad> {
  const path = join(folder, `${version}.parquet`);
  const bytes = readFileSync(path);
  const footer = await readFooter({
    sizeBytes: statSync(path).size,
    month: '2022-03',
    read: (start, end) => Promise.resolve(new Uint8Array(bytes.subarray(start, end))),
  });
  if (footer.kind !== 'good') throw new Error(footer.kind);
  const result = await loadFile({
    warehouse,
    file: { sql: `file({lake_path:String}, 'Parquet')`, params: { lake_path: path } },
    schema: footer.schema,
    loadId: randomUUID(),
    source: SOURCE,
    filename,
    version: String(version),
    month: '2022-03',
    signal,
  });
  if ('code' in result) throw new Error(result.message);
  return result;
}

const next = async (): Promise<number> => (await readLastSequence(warehouse)) + 1;

/** What a reader sees now, without any cache of before. */
async function answer(): Promise<Omit<PercentileAnswer, 'plan'>> {
  await liveLoads.refresh();
  return askEverything(createTestAnswers({ warehouse, liveLoads }));
}

it('a load attempt that finishes after its successor was published changes nothing, and is swept', async () => {
  const successor = await load(2);
  expect(await publishLoad(warehouse, { sequence: await next(), load: successor })).toBe('published');
  const before = await answer();
  const zombie = await load(2);
  expect(await answer()).toEqual(before);
  // Those of other tests are none of this one's.
  const sweepable = async () =>
    (await findSweepableLoads(warehouse, { keepMs: 3_600_000 })).filter(
      ({ loadId }) => loadId === successor.loadId || loadId === zombie.loadId,
    );
  const found = await sweepable();
  expect(found.map(({ loadId }) => loadId)).toEqual([zombie.loadId]);
  for (const swept of found) await sweepLoad(warehouse, swept, { signal });
  expect(await answer()).toEqual(before);
  expect(await sweepable()).toEqual([]);
});

it('a publish attempt that finishes after its successors changes nothing', async () => {
  const old = await load(1);
  const sequence = await next();
  expect(await publishLoad(warehouse, { sequence, load: old })).toBe('published');
  const newer = await load(2);
  expect(await publishLoad(warehouse, { sequence: sequence + 1, load: newer })).toBe('published');
  const before = await answer();
  // The same attempt again, and one for a sequence that was skipped by.
  expect(await publishLoad(warehouse, { sequence, load: old })).toBe('published');
  const late = await load(1);
  expect(await publishLoad(warehouse, { sequence, load: late })).toBe('sequenceTaken');
  expect(await publishLoad(warehouse, { sequence: sequence + 1, load: late })).toBe('sequenceTaken');
  expect(await answer()).toEqual(before);
});

it('a publish attempt for a sequence that was passed over is refused', async () => {
  const passedOver = await next();
  const newer = await load(2);
  expect(await publishLoad(warehouse, { sequence: passedOver + 1, load: newer })).toBe('published');
  const before = await answer();
  expect(await publishLoad(warehouse, { sequence: passedOver, load: await load(1) })).toBe('refused');
  expect(await answer()).toEqual(before);
});

it('a load that is half written, half swept or condemned cannot be published', async () => {
  const before = await answer();
  const half = await load(1);
  await warehouse.command('DELETE FROM trips_by_hour WHERE load_id = {load_id:UUID} AND toHour(hour) = 8', {
    params: { load_id: half.loadId },
  });
  expect(await publishLoad(warehouse, { sequence: await next(), load: half })).toBe('refused');
  const lying = { ...(await load(1)), rows: 999 };
  expect(await publishLoad(warehouse, { sequence: await next(), load: lying })).toBe('refused');
  const condemned = await load(1);
  await condemnLoad(warehouse, condemned);
  expect(await publishLoad(warehouse, { sequence: await next(), load: condemned })).toBe('refused');
  expect(await answer()).toEqual(before);
});

it('a superseded load stays for its readers until its time is over', async () => {
  const old = await load(1);
  await publishLoad(warehouse, { sequence: await next(), load: old });
  await publishLoad(warehouse, { sequence: await next(), load: await load(2) });
  const sweepable = async (keepMs: number) =>
    (await findSweepableLoads(warehouse, { keepMs })).filter(
      (found) => found.filename === filename || found.loadId === old.loadId,
    );
  expect(await sweepable(3_600_000)).toEqual([]);
  expect(await sweepable(0)).toMatchObject([{ loadId: old.loadId, published: true }]);
});

it('a reader whose loads are swept under it answers from the new live list', async () => {
  const old = await load(1);
  await publishLoad(warehouse, { sequence: await next(), load: old });
  await answer();
  const stale = liveLoads.current();
  await publishLoad(warehouse, { sequence: await next(), load: await load(2) });
  await sweepLoad(warehouse, { ...old, workflowId: '', published: true }, { signal });
  // A gateway that has not heard of the publication yet.
  let first = true;
  const answers = createTestAnswers({
    warehouse,
    liveLoads: {
      ...liveLoads,
      current() {
        const snapshot = first ? stale : liveLoads.current();
        first = false;
        return snapshot;
      },
    },
  });
  expect(await askEverything(answers)).toEqual(await answer());
});

it('the changes of a publication come in together, or none does; a file that is taken out is swept in its time', async () => {
  const old = await load(1);
  const gone = { source: SOURCE, filename, load: null };
  await publishLoad(warehouse, { sequence: await next(), load: old });
  const before = await answer();
  const renamed = (to: VerifiedLoad) => ({ source: SOURCE, filename: `renamed ${filename}`, load: to });
  const half = await load(1);
  await warehouse.command('DELETE FROM trips_by_hour WHERE load_id = {load_id:UUID} AND toHour(hour) = 8', {
    params: { load_id: half.loadId },
  });
  expect(await publish(warehouse, { sequence: await next(), changes: [gone, renamed(half)] })).toBe(
    'refused',
  );
  expect(await answer()).toEqual(before);
  const sequence = await next();
  const changes = [gone, renamed(await load(1))];
  expect(await publish(warehouse, { sequence, changes })).toBe('published');
  expect(await publish(warehouse, { sequence, changes })).toBe('published');
  const after = await answer();
  expect({ ...after, dataVersion: 0 }).toEqual({ ...before, dataVersion: 0 });
  expect(liveLoads.current()?.sequence).toBe(sequence);
  expect(liveLoads.at(sequence - 1)?.liveByFile.has(`${SOURCE}\0${filename}`)).toBe(true);
  expect(liveLoads.current()?.liveByFile.has(`${SOURCE}\0${filename}`)).toBe(false);
  const sweepable = async (keepMs: number) =>
    (await findSweepableLoads(warehouse, { keepMs })).map(({ loadId }) => loadId);
  expect(await sweepable(3_600_000)).not.toContain(old.loadId);
  expect(await sweepable(0)).toContain(old.loadId);
});

it('a publication that was given up counts for nobody, and the next one follows the one before it', async () => {
  const first = await load(1);
  const sequence = await next();
  await publishLoad(warehouse, { sequence, load: first });
  const before = await answer();
  // It lands although it was given up: its load is condemned.
  const late = { ...(await load(2)), filename: `late ${filename}` };
  expect(await publishLoad(warehouse, { sequence: sequence + 1, load: late })).toBe('published');
  await condemnLoad(warehouse, late);
  expect(await answer()).toEqual(before);
  expect(await readHead(warehouse)).toBe(sequence);
  const successor = await load(2);
  expect(await publishLoad(warehouse, { sequence: sequence + 2, load: successor })).toBe('published');
  await answer();
  expect(liveLoads.current()?.sequence).toBe(sequence + 2);
  expect(liveLoads.current()?.liveByFile.has(`${SOURCE}\0late ${filename}`)).toBe(false);
});

/** A file that takes more memory than the engine may is quarantined with that reason; the engine, and what it may take, stay. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { createLoadActivities } from '../../activities/load-activities.ts';
import { createFolderLake } from '../../lake/folder-lake.ts';
import { judgeFile } from '../../warehouse/judge-file.ts';
import { loadFile } from '../../warehouse/load-file.ts';
import { createReadAlone, type ReadAlone } from '../../warehouse/lone-reader.ts';
import { migrate } from '../../warehouse/migrate.ts';
import { createWarehouse, type Warehouse } from '../../warehouse/warehouse.ts';
import { makeParquet, tripColumns } from '../support/make-parquet.ts';
import { residentBytes, startEngineProcess, type EngineProcess } from './engine-process.ts';

const MEMORY_MB = 1_024;
const LONG_BYTES = 400 << 20;
const lakeFolder = mkdtempSync(join(tmpdir(), 'tripline-memory-'));
const lake = createFolderLake({ path: lakeFolder });
let engine: EngineProcess;
let warehouse: Warehouse;

beforeAll(async () => {
  engine = await startEngineProcess(join(lakeFolder, 'clickhouse'), {
    flags: ['--memory-mb', String(MEMORY_MB)],
  });
  warehouse = createWarehouse({ url: engine.as('loader'), by: 'load' });
  await migrate(warehouse);
  file('long', oneLongText());
});

afterAll(async () => {
  await warehouse?.close();
  await engine?.stop('SIGKILL');
  rmSync(lakeFolder, { recursive: true, force: true });
});

/** Ten trips, the first of which has an unknown column with a text of 400 MB in it: 2 MB of gzip. */
function oneLongText(): Uint8Array {
  // The length of the first, and then nine of length 0.
  const plain = Buffer.alloc(4 + LONG_BYTES + 9 * 4);
  plain.writeUInt32LE(LONG_BYTES);
  const page = {
    kind: 'data',
    values: 10,
    body: gzipSync(plain, { level: 1 }),
    plainBytes: plain.length,
  } as const;
  const more = { name: 'more', type: 6, codec: 2, pages: [page] };
  return makeParquet({ rows: 10, columns: [...tripColumns(10), more] });
}

const file = (name: string, bytes: Uint8Array): string => {
  const path = join(lakeFolder, `${name}.parquet`);
  writeFileSync(path, bytes);
  return path;
};

/** One attempt, told what the one before left in its heartbeat. */
async function attempt(
  lakeKey: string,
  { heartbeatDetails, readAlone }: { heartbeatDetails?: unknown; readAlone: ReadAlone },
) {
  const environment = new MockActivityEnvironment({ attempt: 1, heartbeatDetails });
  let left: unknown;
  environment.on('heartbeat', (details: unknown) => (left = details ?? left));
  const { loadIntoWarehouse } = createLoadActivities({ lake, warehouse, readAlone });
  const sizeBytes = (await lake.sizeOf(lakeKey)) ?? 0;
  const input = { source: 's', filename: 'f', version: 'v', month: '2024-01', lakeKey, sizeBytes };
  try {
    const result: unknown = await environment.run(loadIntoWarehouse, input);
    return { result };
  } catch (error) {
    return { code: (error as { code?: string }).code, left };
  }
}

it('refuses a statement more than it may have, lives, and answers others', async () => {
  const greedy = warehouse.rows('SELECT length(groupArray(number)) FROM numbers(200000000)');
  await expect(greedy).rejects.toMatchObject({ code: '241' });
  expect(await warehouse.ping()).toBe(true);
  expect(await residentBytes(engine.child.pid ?? 0)).toBeLessThan(MEMORY_MB * 2 ** 20);
});

it('quarantines a file that takes more than that, the fourth time', { timeout: 60_000 }, async () => {
  const readAlone: ReadAlone = () => Promise.reject(new Error('nothing was cut'));
  let heartbeatDetails: unknown;
  for (const memory of [1, 2, 3]) {
    const { code, left } = await attempt('long', { heartbeatDetails, readAlone });
    expect({ code, left }).toEqual({ code: '241', left: { cuts: 0, memory } });
    heartbeatDetails = left;
  }
  const { result } = await attempt('long', { heartbeatDetails, readAlone });
  expect(result).toMatchObject({
    refusal: {
      code: 'TOO_LARGE_FOR_MEMORY',
      message: expect.stringMatching(
        /4 times, while no other file was loaded: .*memory limit exceeded.*ENGINE_MEMORY_MB/is,
      ),
    },
  });
  expect(engine.child.exitCode ?? engine.child.signalCode).toBeNull();
});

it('finds the file that ends the engine for its memory', { timeout: 60_000 }, async () => {
  const readings: string[] = [];
  const read = createReadAlone({ memoryMb: MEMORY_MB });
  const readAlone: ReadAlone = async (reading) => {
    const outcome = await read(reading);
    readings.push(outcome);
    return outcome;
  };
  const { result } = await attempt('long', { heartbeatDetails: { cuts: 2 }, readAlone });
  expect(readings).toEqual(['outOfMemory']);
  expect(result).toMatchObject({ refusal: { code: 'TOO_LARGE_FOR_MEMORY' } });
});

it('loads a good file that others left no memory for', { timeout: 60_000 }, async () => {
  file('good', makeParquet({ rows: 10, columns: tripColumns(10) }));
  const readAlone: ReadAlone = () => Promise.reject(new Error('nothing was cut'));
  const { result } = await attempt('good', { heartbeatDetails: { cuts: 0, memory: 3 }, readAlone });
  expect(result).toMatchObject({ load: { rows: 10 } });
});

it('refuses more different distances than gateways can keep', async () => {
  const path = file('distances', makeParquet({ rows: 10, columns: tripColumns(10) }));
  const bytes = readFileSync(path);
  const read = (start: number, end: number) => Promise.resolve(new Uint8Array(bytes.subarray(start, end)));
  const judged = await judgeFile({ sizeBytes: bytes.length, read }, { month: '2024-01' });
  if ('refusal' in judged) throw new Error(judged.refusal.message);
  const { signal } = new AbortController();
  const one = { source: 's', filename: 'f', version: 'v', month: '2024-01', loadId: randomUUID(), signal };
  const refusal = await loadFile({
    ...one,
    warehouse,
    schema: judged.schema,
    file: await lake.tableFunction('distances'),
    mostDistances: 0,
  });
  expect(refusal).toMatchObject({
    code: 'TOO_LARGE',
    message: '1 different distances, counted day by day, more than the 0 that a file may have',
  });
});

it(
  'ends, and ends a reader, over what the engine takes without counting it',
  { timeout: 200_000 },
  async () => {
    // Its footer is judged before; this is what the engine does with it.
    const path = file('claims', makeParquet({ rows: 2n ** 40n, columns: tripColumns(10) }));
    const sql = `SELECT sum(VendorID) FROM file({path:String}, 'Parquet')`;
    // An engine of its own, as it does not survive this.
    const ending = await startEngineProcess(join(lakeFolder, 'clickhouse-that-ends'), {
      flags: ['--memory-mb', String(MEMORY_MB)],
    });
    onTestFinished(async () => void (await ending.stop('SIGKILL')));
    const asking = createWarehouse({ url: ending.as('loader'), by: 'load' });
    onTestFinished(() => asking.close());
    const readAlone = createReadAlone({ memoryMb: MEMORY_MB });
    const { signal } = new AbortController();
    expect(await readAlone({ sql, params: { path }, deadlineMs: 120_000, signal })).toBe('outOfMemory');
    await expect(asking.rows(sql, { params: { path } })).rejects.toThrow();
    expect(await ending.stop('SIGTERM')).toEqual({ code: null, signal: 'SIGKILL' });
    const lastWords = ending.lines.findLast((line) => line.includes('ENGINE_MEMORY_MB')) ?? '';
    const takes = /takes (\d+) MB, more than ENGINE_MEMORY_MB \(1024 MB\): it ends; under way: SELECT /.exec(
      lastWords,
    )?.[1];
    expect(Number(takes)).toBeLessThan(1.25 * MEMORY_MB);
  },
);

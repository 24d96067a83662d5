/** What a forced backfill finds: page after page, each file once, also those that the source no longer lists. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createControlActivities } from '../../activities/control-activities.ts';
import {
  createListActivities,
  type ListChangesInput,
  type ListChangesResult,
} from '../../activities/list-activities.ts';
import { createFolderLake } from '../../lake/folder-lake.ts';
import type { Source } from '../../sources/source.ts';
import { acceptVersion } from '../../warehouse/accepted-versions.ts';
import { readFiles, recordFile, recordFiles, type FileRecord } from '../../warehouse/files.ts';
import { migrate } from '../../warehouse/migrate.ts';
import { createWarehouse, type Warehouse } from '../../warehouse/warehouse.ts';
import { startEngineProcess, type EngineProcess } from './engine-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'tripline-backfill-'));
const connection = Connection.lazy({ address: '127.0.0.1:1' });
const KNOWN = 1_203;
const filename = (index: number): string => `trips_${String(index).padStart(5, '0')}_2022-03.parquet`;
const record = (index: number, rest: Partial<FileRecord> = {}): FileRecord => ({
  source: 'yellow',
  filename: filename(index),
  version: 'one',
  month: '2022-03',
  stage: 'PUBLISHED',
  reason: '',
  notes: [],
  drift: [],
  hint: '',
  sizeBytes: 1,
  chunks: 1,
  rows: 1,
  rejected: 0,
  loadId: null,
  lakeKey: 'key',
  updatedAtMs: 1_000,
  ...rest,
});
let engine: EngineProcess;
let warehouse: Warehouse;

beforeAll(async () => {
  engine = await startEngineProcess(join(folder, 'clickhouse'));
  warehouse = createWarehouse({ url: engine.as('loader'), by: 'worker' });
  await migrate(warehouse);
  await know('yellow', KNOWN);
});

/** Files that were published; a source of its own for each test that changes what is known. */
const know = (name: string, known: number): Promise<unknown> =>
  warehouse.command(
    `INSERT INTO files (source, filename, version, month, stage, size_bytes, chunks, lake_key, updated_at, revision)
     SELECT {name:String}, format('trips_{}_2022-03.parquet', leftPad(toString(number), 5, '0')), 'one', '2022-03', 'PUBLISHED', 1, 1, 'key',
       toDateTime64(1, 3, 'UTC'), 1000
     FROM numbers({known:UInt32})`,
    { params: { name, known } },
  );

afterAll(async () => {
  await warehouse?.close();
  await engine?.stop();
  await connection.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The source lists two of the known files, one of them changed, and one of another month. */
const source: Source = {
  list: () =>
    Promise.resolve([
      { filename: filename(7), version: 'two', hint: undefined },
      { filename: filename(9), version: 'one', hint: undefined },
      { filename: 'other_2022-04.parquet', version: 'one', hint: undefined },
    ]),
  stat: () => Promise.reject(new Error('nobody asks')),
  read: () => {
    throw new Error('nobody reads');
  },
};

async function listChanges(input: Partial<ListChangesInput>): Promise<ListChangesResult> {
  const client = new Client({ connection });
  const { listChanges: activity } = createListActivities({
    source,
    warehouse,
    client,
    pollEveryMs: 1_000,
    now: Date.now,
  });
  const whole: ListChangesInput = { source: 'yellow', inFlight: [], ...input };
  return new MockActivityEnvironment().run<[ListChangesInput], ListChangesResult, typeof activity>(
    activity,
    whole,
  );
}

const months = { from: '2022-03', to: '2022-03' };

it('finds every known file of its months once, in pages', async () => {
  const found: string[] = [];
  const pages: number[] = [];
  for (let after: string | undefined; ;) {
    const page = await listChanges({ months, force: true, ...(after === undefined ? {} : { after }) });
    pages.push(page.changed.length);
    found.push(...page.changed.map((file) => file.filename));
    if (!page.more) break;
    after = page.changed.at(-1)?.filename;
  }
  expect(pages).toEqual([500, 500, 203]);
  expect(found).toEqual(Array.from({ length: KNOWN }, (_, index) => filename(index)));
});

it('finds only what changed without force', async () => {
  const { changed, more } = await listChanges({ months });
  expect(changed).toEqual([{ filename: filename(7), version: 'two', hint: '' }]);
  expect(more).toBe(false);
});

it('leaves out what is held back, being ingested, or not asked for', async () => {
  const at = { source: 'green', updatedAtMs: 2_000 };
  await know('green', 10);
  await recordFile(warehouse, record(0, { ...at, stage: 'QUARANTINED', reason: 'HELD_BACK: …' }));
  await recordFile(warehouse, record(1, { ...at, stage: 'QUARANTINED', reason: 'EMPTY: …' }));
  const inFlight = [{ filename: filename(2), version: 'one' }];
  const { changed } = await listChanges({ source: 'green', months, force: true, inFlight });
  expect(changed.slice(0, 2).map((file) => file.filename)).toEqual([filename(1), filename(3)]);
  const later = { source: 'green', months: { from: '2022-05', to: '2023-01' }, force: true };
  expect((await listChanges(later)).changed).toEqual([]);
});

it('a rollback of a version under a quarantined newer one leaves that the newest', async () => {
  const { holdBack, findQuarantined } = createControlActivities({
    lake: createFolderLake({ path: join(folder, 'lake') }),
    warehouse,
    now: () => 5_000,
  });
  const source = 'white';
  const empty = { source, stage: 'QUARANTINED', reason: 'EMPTY: …' } as const;
  await know(source, 10);
  await recordFile(warehouse, record(0, { ...empty, updatedAtMs: 2_000 }));
  await recordFile(warehouse, record(1, { ...empty, updatedAtMs: 2_000 }));
  await recordFile(warehouse, record(5, { source, version: 'two', updatedAtMs: 3_000 }));
  await recordFile(warehouse, record(5, { ...empty, version: 'three', updatedAtMs: 4_000 }));
  await holdBack({
    source,
    filename: filename(5),
    sequence: 9,
    from: { loadId: 'b', version: 'two' },
    to: { loadId: '00000000-0000-0000-0000-00000000000a', version: 'one' },
  });
  const newest = (await readFiles(warehouse, { source })).find((file) => file.filename === filename(5));
  expect(newest).toMatchObject({ version: 'three', reason: 'EMPTY: …' });
  expect(await findQuarantined({ source, except: [filename(1)] })).toMatchObject({
    files: [{ filename: filename(0) }, { filename: filename(5), version: 'three' }],
    remaining: 0,
  });
});

it('takes out what is gone and counted, unless the source shows suspiciously little', async () => {
  const proof = JSON.stringify({
    ...{ rowsByFooter: 0, rowsLoaded: 0, rejected: 0, distinctRowNumbers: 0, tripsByHour: 0, tripsByDay: 0 },
    checksum: '0',
  });
  // Six files are counted, in a source of their own.
  const files = Array.from({ length: 6 }, (_, index) => record(index, { source: 'gone' }));
  await recordFiles(warehouse, files);
  await warehouse.insert(
    'loads',
    files.map(({ filename, version }, index) => ({
      ...{ sequence: 100 + index, previous: 99 + index, kind: 'published', source: 'gone' },
      ...{ filename, version, load_id: crypto.randomUUID(), proof },
    })),
  );
  let shown: number[] = [];
  const listing = () =>
    shown.map((index) => ({ filename: filename(index), version: 'one', hint: undefined }));
  const { listChanges } = createListActivities({
    source: {
      ...source,
      list: () => Promise.resolve(listing()),
      gone: ({ filenames }) => Promise.resolve([...filenames]),
    },
    warehouse,
    client: new Client({ connection }),
    pollEveryMs: 1_000,
    now: () => 10_000,
    onSourceDelete: 'withdraw',
  });
  const poll = async (inFlight: { filename: string; version: string }[] = []) => {
    const request = { source: 'gone', inFlight };
    const { withdraw, problem, changed } = await new MockActivityEnvironment().run<
      [ListChangesInput],
      ListChangesResult,
      typeof listChanges
    >(listChanges, request);
    const gone = (await readFiles(warehouse, { source: 'gone' })).filter(
      ({ goneAtMs }) => goneAtMs === 10_000,
    );
    return { withdraw: withdraw?.length, problem, changed: changed.length, gone: gone.length };
  };
  expect(await poll()).toEqual({
    withdraw: 0,
    problem: expect.stringMatching(
      /^The source shows 0 of 6 files whose trips are counted: none of the others/,
    ),
    changed: 0,
    gone: 6,
  });
  shown = [0, 1];
  expect(await poll()).toMatchObject({
    withdraw: 0,
    problem: expect.stringMatching(/shows 2 of 6/),
    gone: 4,
  });
  shown = [0, 1, 2];
  expect(await poll()).toEqual({ withdraw: 3, problem: undefined, changed: 0, gone: 3 });
  // What an operator brought back stays; and while something is on its way, it may be what is gone.
  await acceptVersion(warehouse, { source: 'gone', filename: filename(5), version: 'one' });
  expect(await poll()).toMatchObject({ withdraw: 2 });
  expect(await poll([{ filename: 'new.parquet', version: '1' }])).toMatchObject({
    withdraw: undefined,
    gone: 3,
  });
});

/** Damages files, loads each as ingestion does, and compares what was loaded with what an independent reader reads. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { ApplicationFailure } from '@temporalio/common';
import { DefaultLogger } from '@temporalio/worker';
import { createLoadActivities } from '../../activities/load-activities.ts';
import { FILE_UNREADABLE } from '../../activities/failures.ts';
import { createFolderLake } from '../../lake/folder-lake.ts';
import { generateMonth } from '../../sources/demo/generate-month.ts';
import type { VerifiedLoad } from '../../warehouse/load-file.ts';
import { createReadAlone } from '../../warehouse/lone-reader.ts';
import { TRIP_COLUMNS } from '../../warehouse/trip-columns.ts';
import { migrate } from '../../warehouse/migrate.ts';
import type { Refusal } from '../../warehouse/refusal.ts';
import { createWarehouse, type Warehouse } from '../../warehouse/warehouse.ts';
import { startEngineProcess, type EngineProcess } from '../integration/engine-process.ts';
import { seededRandom } from '../support/random.ts';
import { writeTrips } from '../support/write-trips.ts';
import { mutate } from './mutate.ts';
import { tripText } from './trip-text.ts';
import { createReferenceReader, type ReferenceReading } from './reference-reader.ts';

export interface FuzzCase {
  seed: number;
  month: string;
  what: string;
  /**
   * - `equal`: loaded as the reference reads it
   * - `unharmed`: the reference refuses it, but it was loaded as the file was before it was damaged
   * - `different`: loaded, and neither
   */
  outcome: 'equal' | 'unharmed' | 'quarantined' | 'different';
  /** The reason, or the first difference. */
  detail: string;
  reference: ReferenceReading['kind'];
  attempts: number;
  milliseconds: number;
}

/** Months of the eras that differ in their types and encodings. */
const GENERATED = ['2009-03', '2010-02', '2015-05', '2022-03', '2023-05', '2025-01'];
const ROWS = 2_000;
/** Statements of these small files take some milliseconds. */
const DEADLINE_MS = 5_000;

/**
 * @param onCase is told of each as it is done
 * @param deafAfterMs ends the engine when one attempt takes longer than that; without it the engine ends itself, 25 s after the deadline of a statement that
 *   cannot be stopped
 */
export async function runFuzz({
  folder,
  seeds,
  onCase,
  deafAfterMs,
}: {
  folder: string;
  seeds: readonly number[];
  onCase: (done: FuzzCase) => void;
  deafAfterMs?: number;
}): Promise<{ engineEnds: number }> {
  mkdirSync(folder, { recursive: true });
  let engine: EngineProcess | undefined;
  let warehouse: Warehouse | undefined;
  let engineEnds = 0;
  const live = async (): Promise<Warehouse> => {
    if (engine !== undefined && warehouse !== undefined) {
      const running = engine.child.exitCode === null && engine.child.signalCode === null;
      if (running && (await warehouse.ping())) return warehouse;
      // It has ended, or is about to: nothing is asked of it before that is over.
      await engine.stop('SIGKILL');
      engineEnds += 1;
      await warehouse.close();
    }
    engine = await startEngineProcess(join(folder, 'clickhouse'));
    warehouse = createWarehouse({ url: engine.as('loader'), by: 'load' });
    await migrate(warehouse);
    return warehouse;
  };
  const reference = createReferenceReader();
  try {
    await live();
    const files: { month: string; bytes: Buffer; whole: ReferenceReading }[] = [];
    for (const month of GENERATED) {
      const path = join(folder, `${month}.parquet`);
      await generateMonth({ month, rows: ROWS, seed: 1, engineUrl: engine?.as('reader') ?? '', path });
      files.push({ month, bytes: readFileSync(path), whole: await reference.read(path) });
    }
    // By another writer: other encodings, statistics, its own way with levels.
    const path = join(folder, '2022-04.parquet');
    await writeTrips({ path, month: '2022-04', rows: ROWS });
    files.push({ month: '2022-04', bytes: readFileSync(path), whole: await reference.read(path) });
    for (const seed of seeds) {
      const random = seededRandom(seed);
      const file = files[seed % files.length] ?? files[0];
      if (file === undefined) throw new Error('no files');
      const { bytes, what } = mutate(file.bytes, random);
      const damaged = join(folder, `damaged-${seed}.parquet`);
      writeFileSync(damaged, bytes);
      const began = performance.now();
      const { result, attempts } = await ingest({
        live,
        path: damaged,
        bytes,
        month: file.month,
        seed,
        onAttempt() {
          const spinning = engine;
          if (deafAfterMs === undefined) return () => undefined;
          const timer = setTimeout(() => spinning?.child.kill('SIGKILL'), deafAfterMs);
          return () => clearTimeout(timer);
        },
      });
      const milliseconds = Math.round(performance.now() - began);
      const reading = await reference.read(damaged);
      const verdict = await judge(await live(), { result, reading, whole: file.whole });
      onCase({ seed, month: file.month, what, ...verdict, reference: reading.kind, attempts, milliseconds });
      if (verdict.outcome !== 'different') rmSync(damaged);
      for (const table of ['trips', 'rejected_rows', 'trips_by_hour', 'trips_by_day'])
        await (await live()).command(`TRUNCATE TABLE ${table}`);
    }
    return { engineEnds };
  } finally {
    reference.close();
    await warehouse?.close();
    await engine?.stop('SIGKILL');
  }
}

/** As the workflow does: attempt after attempt, each told what the one before left in its heartbeat. */
async function ingest({
  live,
  path,
  bytes,
  month,
  seed,
  onAttempt,
}: {
  live: () => Promise<Warehouse>;
  path: string;
  bytes: Buffer;
  month: string;
  seed: number;
  /** What it returns is called when the attempt is over. */
  onAttempt: () => () => void;
}): Promise<{ result: { load: VerifiedLoad } | { refusal: Refusal }; attempts: number }> {
  let heartbeatDetails: unknown;
  const lake = {
    ...createFolderLake({ path: join(path, '..') }),
    sizeOf: () => Promise.resolve(bytes.length),
    read({ range: { start, end } }: { range: { start: number; end: number } }) {
      // As S3 does.
      if (start < 0 || start >= bytes.length || end <= start)
        throw new Error(`bytes ${start} to ${end} of ${bytes.length}`);
      return Promise.resolve(new Uint8Array(bytes.subarray(start, end)));
    },
    tableFunction: () =>
      Promise.resolve({ sql: `file({lake_path:String}, 'Parquet')`, params: { lake_path: path } }),
  };
  for (let attempt = 1; ; attempt += 1) {
    const environment = new MockActivityEnvironment(
      { attempt, heartbeatDetails },
      { logger: new DefaultLogger('ERROR', () => undefined) },
    );
    environment.on('heartbeat', (details: unknown) => (heartbeatDetails = details));
    const { loadIntoWarehouse } = createLoadActivities({
      lake,
      warehouse: await live(),
      readAlone: createReadAlone(),
      deadlineMs: () => DEADLINE_MS,
    });
    const version = String(seed);
    const input = {
      source: 'fuzz',
      filename: 'damaged',
      version,
      month,
      lakeKey: version,
      sizeBytes: bytes.length,
    };
    const over = onAttempt();
    try {
      return { result: await environment.run(loadIntoWarehouse, input), attempts: attempt };
    } catch (error) {
      if (error instanceof ApplicationFailure && error.type === FILE_UNREADABLE) {
        return { result: { refusal: { code: 'UNREADABLE', message: error.message } }, attempts: attempt };
      }
      if (attempt === 5) throw new Error(`seed ${seed} comes to no end: ${String(error)}`, { cause: error });
    } finally {
      over();
    }
  }
}

async function judge(
  warehouse: Warehouse,
  {
    result,
    reading,
    whole,
  }: {
    result: { load: VerifiedLoad } | { refusal: Refusal };
    reading: ReferenceReading;
    /** Of the file before it was damaged. */
    whole: ReferenceReading;
  },
): Promise<Pick<FuzzCase, 'outcome' | 'detail'>> {
  if ('refusal' in result) {
    const { code, message } = result.refusal;
    return { outcome: 'quarantined', detail: `${code}: ${message.slice(0, 300)}` };
  }
  const trips = await tripsOf(warehouse, result.load.loadId);
  const difference =
    reading.kind === 'read'
      ? firstDifference(trips, reading.trips)
      : `the reference: ${reading.kind === 'refused' ? reading.why.split('\n')[0] : 'died'}`;
  if (difference === undefined) return { outcome: 'equal', detail: `${trips.length} trips` };
  const unharmed =
    reading.kind !== 'read' && whole.kind === 'read' && firstDifference(trips, whole.trips) === undefined;
  return { outcome: unharmed ? 'unharmed' : 'different', detail: difference };
}

function firstDifference(loaded: readonly string[], read: readonly string[]): string | undefined {
  const first = loaded.findIndex((trip, index) => trip !== read[index]);
  if (first === -1 && loaded.length === read.length) return undefined;
  const differing = loaded.filter((trip, index) => trip !== read[index]).length;
  return `${loaded.length} trips loaded, ${read.length} read, ${differing} differ; first: ${loaded[first]} / ${read[first]}`;
}

/** Every column of what was loaded. */
async function tripsOf(warehouse: Warehouse, loadId: string): Promise<string[]> {
  const values = TRIP_COLUMNS.map(({ name, type }) =>
    type === 'timestamp' ? `toString(toUnixTimestamp64Micro(${name}))` : `toString(${name})`,
  );
  const rows = await warehouse.rows<{
    row_number: string;
    trip: (string | null)[];
    kept: Record<string, string>;
  }>(
    `SELECT row_number, [${values.join(', ')}] AS trip, extra AS kept
     FROM trips WHERE load_id = {load_id:UUID} ORDER BY row_number`,
    { params: { load_id: loadId } },
  );
  return rows.map(({ row_number: row, trip, kept }) => {
    const written = TRIP_COLUMNS.map(({ type }, index) => {
      const value = trip[index] ?? null;
      return value === null || type === 'timestamp' || type === 'flag' ? value : numberOf(value);
    });
    return tripText(row, written, kept);
  });
}

const numberOf = (value: string): number =>
  value.endsWith('inf') ? (value.startsWith('-') ? -Infinity : Infinity) : Number(value);

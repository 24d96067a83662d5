/** What a load proves of itself: nothing is lost quietly, and the checksum is the file's own. */
import { randomUUID } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { parquetMetadata } from 'hyparquet';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { generateMonth } from '../../sources/demo/generate-month.ts';
import type { Drift } from '../../warehouse/drift.ts';
import { engineType } from '../../warehouse/engine-type.ts';
import type { FileSchema } from '../../warehouse/file-schema.ts';
import { judgeFile } from '../../warehouse/judge-file.ts';
import { loadFile, type VerifiedLoad } from '../../warehouse/load-file.ts';
import { proveFileSql } from '../../warehouse/load-sql.ts';
import { surveyTextTimes } from '../../warehouse/survey-text-times.ts';
import { schemaNodes } from '../../warehouse/schema-nodes.ts';
import { migrate } from '../../warehouse/migrate.ts';
import { createWarehouse, type Warehouse } from '../../warehouse/warehouse.ts';
import { INT96, makeParquet, tripColumns, type MadePage } from '../support/make-parquet.ts';
import { seededRandom } from '../support/random.ts';
import { renameColumns } from '../support/rename-columns.ts';
import { hasSharedData, SHARED_DATA } from '../support/shared-data.ts';
import { writeTrips } from '../support/write-trips.ts';
import { startEngineProcess, type EngineProcess } from './engine-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'tripline-proof-'));
const MINUTE = 60_000;
let engine: EngineProcess;
let warehouse: Warehouse;

beforeAll(async () => {
  engine = await startEngineProcess(join(folder, 'clickhouse'));
  warehouse = createWarehouse({ url: engine.as('loader'), by: 'load' });
  await migrate(warehouse);
});

afterAll(async () => {
  await warehouse?.close();
  await engine?.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Loaded {
  load: VerifiedLoad;
  schema: FileSchema;
  /** Of texts that are moments. */
  drift: Drift[];
  /** By the file alone. */
  rows: number;
  checksum: string;
}

async function load(path: string, month: string): Promise<Loaded> {
  const bytes = readFileSync(path);
  const judged = await judgeFile(
    {
      sizeBytes: bytes.length,
      read: (start, end) => Promise.resolve(new Uint8Array(bytes.subarray(start, end))),
    },
    { month },
  );
  if ('refusal' in judged) throw new Error(JSON.stringify(judged));
  const file = { sql: `file({lake_path:String}, 'Parquet')`, params: { lake_path: path } };
  const signal = AbortSignal.timeout(MINUTE);
  const { schema, drift } = await surveyTextTimes(warehouse, { schema: judged.schema, file, signal });
  const result = await loadFile({
    warehouse,
    file,
    schema,
    loadId: randomUUID(),
    source: 'yellow',
    filename: path,
    version: '1',
    month,
    signal,
  });
  if ('code' in result) throw new Error(result.message);
  const [proven] = await warehouse.rows<{ rows: string; checksum: string }>(proveFileSql(schema, file), {
    params: file.params,
  });
  const { rows, checksum } = proven ?? { rows: '-1', checksum: '' };
  return { load: result, schema, drift, rows: Number(rows), checksum };
}

it.each(['2009-01', '2010-02', '2010-05', '2015-06', '2018-08', '2022-05', '2023-05', '2025-01'])(
  'a generated month of %s has no drift, and its checksum is that of its file',
  async (month) => {
    const path = join(folder, `yellow_tripdata_${month}.parquet`);
    const signal = AbortSignal.timeout(MINUTE);
    await generateMonth({ engineUrl: engine.as('reader'), month, rows: 5_000, seed: 1, path, signal });
    const { load: loaded, schema, rows, checksum } = await load(path, month);
    expect(schema.drift).toEqual([]);
    expect(loaded.proof).toMatchObject({ rowsByFooter: 5_000, rowsLoaded: rows, checksum });
    // The third vendor of those years has no number in TLC's dictionary.
    const vendor = { '2009-01': 'vendor_name', '2010-02': 'vendor_id', '2010-05': 'vendor_id' }[month];
    expect(Object.keys(loaded.proof.keptInExtra ?? {})).toEqual(vendor === undefined ? [] : [vendor]);
  },
);

it.skipIf(!hasSharedData)('a genuine sample', async () => {
  const path = join(SHARED_DATA, 'yellow_2022-01_sample100k.parquet');
  const { load: loaded, rows, checksum } = await load(path, '2022-01');
  expect(loaded.proof).toMatchObject({ rowsByFooter: 100_000, rowsLoaded: rows, checksum });
});

it('keeps and counts every value that fits no column', async () => {
  const path = join(folder, 'misfits_2022-03.parquet');
  await writeTrips({
    path,
    month: '2022-03',
    rows: 1_000,
    columns: {
      VendorID: "CASE WHEN i < 7 THEN 'DDS' WHEN i < 9 THEN '' ELSE 'CMT' END",
      passenger_count: 'CASE WHEN i < 5 THEN 1.5::DOUBLE ELSE 2::DOUBLE END',
      PULocationID: 'CASE WHEN i < 3 THEN 5000000000::BIGINT ELSE 7::BIGINT END',
      tpep_dropoff_datetime: "CASE WHEN i < 2 THEN '2022-02-31 00:00:00' ELSE '2022-03-01 00:10:00' END",
      fare_amount: "CASE WHEN i = 0 THEN 'ten' ELSE ' 10.5 ' END",
      tip_amount: "DATE '2022-03-01'",
      driver_mood: "CASE WHEN i >= 990 THEN 'fine' END",
    },
  });
  const { load: loaded, schema, checksum } = await load(path, '2022-03');
  expect(loaded.proof).toMatchObject({ rowsLoaded: 1_000, rejected: 0, checksum });
  expect(loaded.proof.keptInExtra).toEqual({
    VendorID: 7,
    passenger_count: 5,
    PULocationID: 3,
    tpep_dropoff_datetime: 2,
    fare_amount: 1,
    tip_amount: 1_000,
    driver_mood: 10,
  });
  expect(schema.drift.map(({ kind, column }) => `${kind} ${column}`).toSorted()).toEqual([
    'NEW_COLUMN driver_mood',
    'TYPE_CLASH tip_amount',
    'WIDENING VendorID',
    'WIDENING fare_amount',
    'WIDENING tpep_dropoff_datetime',
  ]);
  const [kept] = await warehouse.rows<{ extra: Record<string, string>; fare_amount: number | null }>(
    'SELECT extra, fare_amount FROM trips WHERE load_id = {load_id:UUID} AND row_number = 0',
    { params: { load_id: loaded.loadId } },
  );
  expect(kept).toEqual({
    fare_amount: null,
    extra: {
      VendorID: 'DDS',
      passenger_count: '1.5',
      PULocationID: '5000000000',
      tpep_dropoff_datetime: '2022-02-31 00:00:00',
      fare_amount: 'ten',
      tip_amount: '2022-03-01',
    },
  });
});

it('a value that was changed shows in the checksum, and in no count', async () => {
  const path = join(folder, 'changed_2022-03.parquet');
  await writeTrips({ path, month: '2022-03', rows: 1_000 });
  const before = await load(path, '2022-03');
  await writeTrips({ path, month: '2022-03', rows: 1_000, seed: 2 });
  const after = await load(path, '2022-03');
  expect(after.rows).toBe(before.rows);
  expect(after.checksum).not.toBe(before.checksum);
});

/** As they were written, row by row, by an independent reader. */
async function duckRows(path: string, columns: readonly string[]): Promise<(string | null)[][]> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  const values = columns.map((name) => `"${name}"::VARCHAR`);
  const read = await connection.runAndReadAll(
    `SELECT ${values.join(', ')} FROM read_parquet('${path}', file_row_number = true) ORDER BY file_row_number`,
  );
  connection.closeSync();
  return read.getRows() as (string | null)[][];
}

async function extraOf(loadId: string): Promise<Record<string, string>[]> {
  const rows = await warehouse.rows<{ extra: Record<string, string> }>(
    'SELECT extra FROM trips WHERE load_id = {load_id:UUID} ORDER BY row_number',
    { params: { load_id: loadId } },
  );
  return rows.map(({ extra }) => extra);
}

/** Names that are something else in SQL, in our statements or in the engine, or that must be quoted. */
const NAMES: readonly string[] = [
  ...[
    'c0',
    'c2',
    'c23',
    'file_row',
    'unknown_columns',
    'entry',
    'written_pickup',
    'file_column_0',
    'file_column__1',
  ],
  ...[
    'file_column_row',
    'load_id',
    'row_number',
    'ROW_NUMBER',
    'file_row_number',
    'rows',
    'checksum',
    'reason',
  ],
  ...[
    '_file',
    '_path',
    '_size',
    '_time',
    '_etag',
    '_tags',
    '_headers',
    '_table',
    '_part',
    '_Path',
    '_block_number',
  ],
  ...[
    'tpep_pickup_datetime ',
    ' trip_distance',
    'trip\u200b_distance',
    'trip_distanc\u0435',
    'extra_amount',
    'extras',
  ],
  ...[
    'a',
    'a.b',
    'a.b.c',
    '.',
    '..',
    'a.',
    '.a',
    't.a',
    'default.trips',
    'a.size0',
    'a.null',
    'n.keys',
    'a[1]',
    'a.1',
  ],
  ...[
    'back`tick',
    '`',
    '``',
    'back\\slash',
    '\\',
    '\\`',
    '\\\\',
    "sin'gle",
    "'",
    "''",
    'dou"ble',
    '"',
    'a\tb',
    'a\nb',
    '\r\n',
    '\0',
  ],
  ...[
    '{load_id:UUID}',
    '{x:String}',
    '{',
    '}',
    '?',
    '??',
    '$1',
    '$$',
    '@x',
    ':x',
    '%s',
    '%',
    '\\N',
    '--',
    '/*',
    '*/',
    ';',
    ',',
  ],
  ...[
    'NULL',
    'null',
    'true',
    '1',
    '-1',
    '1e3',
    '*',
    'COUNT(*)',
    'select',
    'FROM',
    'AS',
    'x AS y',
    '(',
    ')',
    'COLUMNS',
    'ignore',
  ],
  ...[
    '__proto__',
    'constructor',
    'toString',
    'e\u0301',
    '\u00e9',
    '\u{1f695}',
    '\u202eltr',
    'x'.repeat(10_000),
    '   ',
    'C0',
    'C2',
  ],
];
const ODD_VALUES = [
  `CASE WHEN hash(i + seed) % 3 > 0 THEN 'v' || i || 'k' END`,
  'CASE WHEN i % 2 = 0 THEN i * 1000003 END',
  '(i - 50) / 8 + 0.0625::DOUBLE',
  'i % 3 = 0',
  `CASE WHEN i % 5 = 0 THEN DATE '2022-01-01' + i::INTEGER END`,
  'NULL::VARCHAR',
];

it('keeps columns in extra under their own names, whatever those are and wherever they stand', async () => {
  const random = seededRandom(11);
  const left = NAMES.toSorted(() => random() - 0.5);
  const rows = 100;
  for (let file = 0; left.length > 0; file += 1) {
    // One file has the engine's own column too, which wants names that differ by more than the case of letters.
    const own = file === 0 ? ['_row_number'] : [];
    const some = left.splice(0, file === 0 ? 20 : 30);
    const folded = new Map([...own, ...some].map((name) => [name.toLowerCase(), name]));
    const names = file === 0 ? [...folded.values()] : some;
    if (file === 0) left.push(...some.filter((name) => !names.includes(name)));
    const columns = names.map((name, index) => ({
      name,
      placeholder: `placeholder_${index + 1_000}_`,
      sql: ODD_VALUES[Math.floor(random() * ODD_VALUES.length)]!,
    }));
    const half = Math.floor(random() * columns.length);
    const sqlOf = (part: typeof columns) =>
      Object.fromEntries(part.map(({ placeholder, sql }) => [placeholder, sql]));
    const path = join(folder, `names_${file}_2022-03.parquet`);
    await writeTrips({
      path,
      month: '2022-03',
      rows,
      seed: file,
      first: sqlOf(columns.slice(0, half)),
      columns: sqlOf(columns.slice(half)),
    });
    const expected = await duckRows(
      path,
      columns.map(({ placeholder }) => placeholder),
    );
    renameColumns(path, new Map(columns.map(({ placeholder, name }) => [placeholder, name])));
    const { load: loaded, schema, rows: proven, checksum } = await load(path, '2022-03');
    expect(loaded.proof).toMatchObject({ rowsLoaded: rows, rejected: 0, checksum });
    expect(proven).toBe(rows);
    expect(schema.notes.filter((note) => note.includes('not kept'))).toEqual([]);
    const kept = await extraOf(loaded.loadId);
    for (const [row, values] of expected.entries()) {
      const written = names.flatMap((name, index) =>
        values[index] === null ? [] : [[name, values[index]] as const],
      );
      expect(new Map(Object.entries(kept[row]!))).toEqual(new Map(written));
    }
  }
});

const onOneLine = (type: string): string => type.replaceAll(/[\s`]+/g, '');

it('asks for columns as what the engine would take them for', async () => {
  const path = join(folder, 'types.parquet');
  const types = `true::BOOLEAN AS bo, 1::TINYINT AS i8, 2::SMALLINT AS i16, 3::INTEGER AS i32, 4::BIGINT AS i64, 1::UTINYINT AS u8,
    2::USMALLINT AS u16, 3::UINTEGER AS u32, 4::UBIGINT AS u64, 1.5::FLOAT AS f, 2.5::DOUBLE AS d, 1.5::DECIMAL(9, 2) AS d9,
    1.5::DECIMAL(18, 4) AS d18, 1.5::DECIMAL(38, 10) AS d38, 'x' AS s, 'x'::BLOB AS b, DATE '2020-01-02' AS day, now() AS tz,
    TIMESTAMP '2020-01-02' AS us, TIMESTAMP_MS '2020-01-02' AS ms, TIMESTAMP_NS '2020-01-02' AS ns, 'a'::ENUM ('a', 'b') AS en,
    TIME '01:02:03' AS t, uuid() AS id, [1] AS list, {'a': 1} AS struct, '{}'::JSON AS js, INTERVAL 1 DAY AS span`;
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  await connection.run(`COPY (SELECT ${types}) TO '${path}' (FORMAT parquet)`);
  connection.closeSync();
  const bytes = readFileSync(path);
  const { schema } = parquetMetadata(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  const ours = new Map(schemaNodes(schema).map((column) => [column.name, engineType(column)]));
  const described = await warehouse.rows<{ name: string; type: string }>(
    `DESCRIBE TABLE file({path:String}, 'Parquet')`,
    { params: { path } },
  );
  expect(described).toHaveLength(28);
  // JSON stays the text that it is.
  const expected = described.map(({ name, type }) => [
    name,
    name === 'js' ? 'Nullable(String)' : onOneLine(type),
  ]);
  expect(described.map(({ name }) => [name, onOneLine(ours.get(name) ?? '')])).toEqual(expected);
});

it('loads a file whose columns cannot all be read by name, and says which are not kept', async () => {
  const path = join(folder, 'nameless_2022-03.parquet');
  await writeTrips({
    path,
    month: '2022-03',
    rows: 50,
    columns: { placeholder_a_: 'i', placeholder_b_: 'i', placeholder_c_: 'i' },
  });
  renameColumns(
    path,
    new Map([
      ['placeholder_a_', ''],
      ['placeholder_b_', '_row_number'],
      ['placeholder_c_', '_ROW_NUMBER'],
    ]),
  );
  const { load: loaded, schema, checksum } = await load(path, '2022-03');
  expect(loaded.proof).toMatchObject({
    rowsLoaded: 50,
    rejected: 0,
    checksum,
    keptInExtra: { _ROW_NUMBER: 50 },
  });
  expect(schema.notes.filter((note) => note.includes('not kept'))).toEqual([
    'columns that are not kept: "": it has no name, and the engine reads columns by name',
    'columns that are not kept: "_row_number": the engine has a column of this name, and the file has it in two spellings',
  ]);
});

it('takes nothing of a file from the path of the lake', async () => {
  const lake = join(folder, 'trip_distance=5', 'driver=nobody');
  mkdirSync(lake, { recursive: true });
  const path = join(lake, 'hive_2022-03.parquet');
  await writeTrips({ path, month: '2022-03', rows: 50, columns: { driver: "'d' || i" } });
  const elsewhere = join(folder, 'hive_2022-03.parquet');
  copyFileSync(path, elsewhere);
  const [here, there] = [await load(path, '2022-03'), await load(elsewhere, '2022-03')];
  expect(here.load.proof).toEqual(there.load.proof);
  expect((await extraOf(here.load.loadId))[7]).toEqual({ driver: 'd7' });
});

const CASES = join(SHARED_DATA, '..', 'cases');

/** What the trips of a load have in a column, in the order of the file. */
async function valuesOf(loadId: string, column: string): Promise<(string | number | null)[]> {
  const rows = await warehouse.rows<{ value: string | number | null }>(
    `SELECT ${column} AS value FROM trips WHERE load_id = {load_id:UUID} ORDER BY row_number`,
    { params: { load_id: loadId } },
  );
  return rows.map(({ value }) => value);
}

const MOMENT = "TIMESTAMP '2022-03-05 00:00:00' + to_minutes(i * 37)";

it.each([
  ['UTC by name', 'UTC', "strftime($m, '%Y-%m-%d %H:%M:%S UTC')"],
  ['Z', 'UTC', "strftime($m, '%Y-%m-%dT%H:%M:%SZ')"],
  ['an offset of 0', 'UTC', "strftime($m, '%Y-%m-%d %H:%M:%S+00:00')"],
  ['AM and PM', 'UTC', "strftime($m, '%m/%d/%Y %I:%M:%S %p')"],
  ['no seconds', 'UTC', "strftime($m, '%Y-%m-%d %H:%M')"],
  ['a leading space', 'UTC', "strftime($m, ' %Y-%m-%d %H:%M:%S')"],
  ['days before months', 'UTC', "strftime($m, '%d/%m/%Y %H:%M')"],
  ['names of months', 'UTC', "strftime($m, '%Y %b %d %I:%M:%S %p')"],
  [
    'an offset of New York',
    'ZONE',
    "strftime($m, '%Y-%m-%d %H:%M:%S') || if($m < TIMESTAMP '2022-03-13 03:00:00', '-05:00', '-04:00')",
  ],
  [
    'an offset of India',
    'ZONE',
    "strftime($m + to_minutes(330 + if($m < TIMESTAMP '2022-03-13 03:00:00', 300, 240)), '%Y-%m-%d %H:%M:%S+05:30')",
  ],
])('reads times as text with %s', async (name, noted, text) => {
  const path = join(folder, `text_${name.replaceAll(' ', '_')}_2022-03.parquet`);
  // No minute that New York's clock leaves out.
  const moment = `CASE WHEN hour(${MOMENT}) = 2 THEN ${MOMENT} + to_hours(1) ELSE ${MOMENT} END`;
  const written = text.replaceAll('$m', `(${moment})`);
  const columns = { tpep_pickup_datetime: written, tpep_dropoff_datetime: moment };
  await writeTrips({ path, month: '2022-03', rows: 600, columns });
  const { load: loaded, drift, checksum } = await load(path, '2022-03');
  expect(loaded.proof).toMatchObject({ rowsLoaded: 600, rejected: 0, checksum });
  expect(await valuesOf(loaded.loadId, 'tpep_pickup_datetime')).toEqual(
    await valuesOf(loaded.loadId, 'tpep_dropoff_datetime'),
  );
  const kinds = drift.map(({ kind }) => kind);
  expect(kinds).toEqual(noted === 'ZONE' ? ['TEXT_SHAPE', 'ZONE'] : ['TEXT_SHAPE']);
});

it('notes nothing of times as TLC writes them, and rejects texts that are no moment', async () => {
  const path = join(folder, 'plain_texts_2022-03.parquet');
  const pickup =
    "CASE WHEN i < 90 THEN strftime(start, '%Y-%m-%d %H:%M:%S') ELSE ['2022-02-31 01:02:03', '1646092800', '2022-03-01', '', '2022-03-01 25:00:00', '2022-03-01T01:02:03 Mars/Olympus', '13/13/2022 10:00', '2022-03-01 13:00:00 PM', 'yesterday', '01:02:03'][i - 89] END";
  await writeTrips({ path, month: '2022-03', rows: 100, columns: { tpep_pickup_datetime: pickup } });
  const { load: loaded, checksum } = await load(path, '2022-03');
  expect(loaded.proof).toMatchObject({ rowsLoaded: 90, rejected: 10, checksum });
});

it('reads two columns of one name row by row, and keeps what differs', async () => {
  const path = join(folder, 'spellings_2022-03.parquet');
  const distance = '(i % 700 + 1) / 100';
  await writeTrips({
    path,
    month: '2022-03',
    rows: 200,
    columns: {
      trip_distance: `CASE WHEN i < 100 THEN ${distance}::DOUBLE END`,
      other_distance_: `CASE WHEN i >= 90 THEN ((i % 700 + 1) / 100 + if(i = 95, 1, 0))::VARCHAR END`,
      pickup_datetime: 'start + to_minutes(i)',
      tpep_pickup_datetime: 'NULL::TIMESTAMP',
    },
  });
  renameColumns(path, new Map([['other_distance_', 'Trip_Distance']]));
  const { load: loaded, schema, checksum } = await load(path, '2022-03');
  expect(loaded.proof).toMatchObject({
    rowsLoaded: 200,
    rejected: 0,
    checksum,
    keptInExtra: { Trip_Distance: 1 },
  });
  const distances = await valuesOf(loaded.loadId, 'trip_distance');
  expect(distances).toEqual(Array.from({ length: 200 }, (_, i) => (i + 1) / 100));
  expect((await extraOf(loaded.loadId))[95]).toEqual({ Trip_Distance: '1.96' });
  expect(
    schema.drift
      .filter(({ kind }) => kind === 'COALESCED')
      .map(({ column }) => column)
      .toSorted(),
  ).toEqual(['Trip_Distance', 'pickup_datetime']);
});

/** Arrow's schema, as pyarrow writes it, with the zones America/New_York for `tpep_pickup_datetime` and UTC for `tpep_dropoff_datetime`. */
const ARROW_SCHEMA =
  '//////AAAAAQAAAAAAAKAAwABgAFAAgACgAAAAABBAAMAAAACAAIAAAABAAIAAAABAAAAAIAAABgAAAABAAAALj///8AAAEKEAAAACgAAAAEAAAAAAAAABUAAAB0cGVwX2Ryb3BvZmZfZGF0ZXRpbWUAAACo////AAACAAQAAAADAAAAVVRDABAAFAAIAAYABwAMAAAAEAAQAAAAAAABChAAAAAwAAAABAAAAAAAAAAUAAAAdHBlcF9waWNrdXBfZGF0ZXRpbWUAAAAACAAMAAYACAAIAAAAAAACAAQAAAAQAAAAQW1lcmljYS9OZXdfWW9yawAAAAA=';

it("reads instants with a zone on New York's clock, and UTC as the wall clock", async () => {
  const path = join(folder, 'zones_2022-07.parquet');
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  await connection.run("SET TimeZone = 'UTC'");
  await connection.run(
    `COPY (SELECT m AS tpep_pickup_datetime, m AS tpep_dropoff_datetime, 1.5::DOUBLE AS trip_distance
       FROM (VALUES (TIMESTAMPTZ '2022-07-05 16:00:00Z'), (TIMESTAMPTZ '2022-01-05 16:00:00.123456Z')) t(m))
     TO '${path}' (FORMAT parquet, KV_METADATA {'ARROW:schema': '${ARROW_SCHEMA}'})`,
  );
  connection.closeSync();
  const { load: loaded, schema, checksum } = await load(path, '2022-07');
  expect(loaded.proof).toMatchObject({ rowsLoaded: 2, checksum });
  expect(await valuesOf(loaded.loadId, 'toString(tpep_pickup_datetime)')).toEqual([
    '2022-07-05 12:00:00.000000',
    '2022-01-05 11:00:00.123456',
  ]);
  expect(await valuesOf(loaded.loadId, 'toString(tpep_dropoff_datetime)')).toEqual([
    '2022-07-05 16:00:00.000000',
    '2022-01-05 16:00:00.123456',
  ]);
  const zones = schema.drift.filter(({ kind }) => kind === 'ZONE').map(({ detail }) => detail);
  expect(zones).toEqual([
    "instants with zone America/New_York, read on New York's clock",
    'instants with zone UTC, taken for the wall clock, as Spark and pandas write it',
  ]);
});

it('reads what Spark and Impala write: moments of 96 bits, of which one is of year 1', async () => {
  const path = join(folder, 'int96_2024-01.parquet');
  const rows = 5;
  const moments = (firstDay: number): MadePage => {
    const body = Buffer.alloc(12 * rows);
    for (let row = 0; row < rows; row += 1) {
      body.writeBigInt64LE(BigInt(row) * 3_600_000_000_000n + 1_000n, 12 * row);
      body.writeInt32LE(row === 2 ? firstDay : 2_460_311, 12 * row + 8);
    }
    return { kind: 'data', body, values: rows };
  };
  const [vendor, , , distance] = tripColumns(rows);
  const columns = [
    { name: 'tpep_pickup_datetime', type: INT96, pages: [moments(2_460_311)] },
    { name: 'tpep_dropoff_datetime', type: INT96, pages: [moments(1_721_426)] },
    { name: 'seen', type: INT96, pages: [moments(1_721_426)] },
    ...[vendor, distance].flatMap((column) => column ?? []),
  ];
  writeFileSync(path, makeParquet({ rows, columns }));
  const { load: loaded, checksum } = await load(path, '2024-01');
  expect(loaded.proof).toMatchObject({ rowsLoaded: rows, rejected: 0, checksum });
  const dropoffs = [0, 1, null, 3, 4].map((hour) =>
    hour === null ? null : `2024-01-01 0${hour}:00:00.000001`,
  );
  expect(await valuesOf(loaded.loadId, 'toString(tpep_dropoff_datetime)')).toEqual(dropoffs);
  expect((await extraOf(loaded.loadId))[2]).toEqual({
    tpep_dropoff_datetime: '0001-01-01 02:00:00.000001',
    seen: '0001-01-01 02:00:00.000001',
  });
});

it('takes the nearest double of decimals and of texts', async () => {
  const path = join(folder, 'decimals_2022-03.parquet');
  // 18 digits behind the point: by way of a division every ninth would be an ulp off.
  await writeTrips({
    path,
    month: '2022-03',
    rows: 5_000,
    columns: {
      trip_distance: `((hash(i) % 1000000) // 100)::DECIMAL(38, 18) + ((hash(i) % 1000000) % 100)::DECIMAL(38, 18) * 0.01::DECIMAL(3, 2)`,
      fare_amount: `((hash(i) % 1000000) // 100)::VARCHAR || '.' || lpad(((hash(i) % 1000000) % 100)::VARCHAR, 2, '0')`,
      tip_amount: `round((hash(i) % 1000000) / 100, 2)::DOUBLE`,
    },
  });
  const { load: loaded } = await load(path, '2022-03');
  const right = await valuesOf(loaded.loadId, 'tip_amount');
  expect(await valuesOf(loaded.loadId, 'trip_distance')).toEqual(right);
  expect(await valuesOf(loaded.loadId, 'fare_amount')).toEqual(right);
});

it.skipIf(!existsSync(CASES)).each([
  ['trip_distance+Trip_Distance', '2011-02', 200, 'arraySort(groupArray(trip_distance))[180]', 5.78],
  ['text_times_UTC', '2014-04', 60, 'countIf(toYYYYMM(tpep_pickup_datetime) = 201404)', '60'],
  ['text_times_ampm', '2014-07', 60, 'countIf(toYYYYMM(tpep_pickup_datetime) = 201407)', '60'],
  [
    'tz_aware_new_york',
    '2013-08',
    200,
    'toString(argMin(tpep_pickup_datetime, row_number))',
    '2013-08-11 18:59:11.000000',
  ],
  ['distance_decimal_38_18', '2013-03', 200, 'anyIf(trip_distance, row_number = 4)', 15331.8],
  ['int96_one_dropoff_0001', '2016-10', 100, 'countIf(isNull(tpep_dropoff_datetime))', '1'],
  ['spark_v2_snappy_null_column', '2018-05', 200, 'count(airport_fee)', '0'],
  ['geometry_crs_column', '2018-08', 200, 'uniqExact(row_number)', '200'],
  ['unknown_column_twice', '2011-07', 200, 'uniqExact(row_number)', '200'],
] as const)('%s', async (name, month, rows, sql, right) => {
  const { load: loaded, checksum } = await load(join(CASES, `${name}.parquet`), month);
  expect(loaded.proof).toMatchObject({ rowsLoaded: rows, rejected: 0, checksum });
  const [found] = await warehouse.rows<{ value: unknown }>(
    `SELECT ${sql} AS value FROM trips WHERE load_id = {load_id:UUID}`,
    { params: { load_id: loaded.loadId } },
  );
  expect(found?.value).toBe(right);
});

it.skipIf(!existsSync(CASES)).each([
  ['column_row_number_constant', '2017-08', { _row_number: '5' }],
  ['evil_rownumber_2008-01', '2008-01', { _row_number: '0' }],
  ['evil_c0c2_2008-03', '2008-03', { c0: "the file's c0", c2: '123', file_row: '7', unknown_columns: 'uu' }],
])('%s', async (file, month, extra) => {
  const { load: loaded, checksum } = await load(join(CASES, `${file}.parquet`), month);
  expect(loaded.proof).toMatchObject({ rejected: 0, checksum });
  const kept = await extraOf(loaded.loadId);
  expect(kept).toHaveLength(loaded.rows);
  expect(kept[0]).toEqual(extra);
});

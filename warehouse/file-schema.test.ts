/** The schema contract against genuine footers, and against files made up to drift. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parquetMetadata, type FileMetaData, type SchemaElement } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { hasSharedData, SHARED_DATA } from '../test/support/shared-data.ts';
import { eraColumns, ERAS } from './eras.ts';
import { readFileSchema, type FileSchema, type RefusedSchema } from './file-schema.ts';
import type { PhysicalType } from './physical-type.ts';

const ELEMENTS: Readonly<Record<PhysicalType, Omit<SchemaElement, 'name'>>> = {
  null: { type: 'INT32', logical_type: { type: 'NULL' } },
  int32: { type: 'INT32' },
  int64: { type: 'INT64' },
  decimal: { type: 'INT64', logical_type: { type: 'DECIMAL', precision: 18, scale: 2 } },
  float: { type: 'FLOAT' },
  double: { type: 'DOUBLE' },
  text: { type: 'BYTE_ARRAY', logical_type: { type: 'STRING' } },
  timestamp_ms: { type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' },
  timestamp_us: { type: 'INT64', converted_type: 'TIMESTAMP_MICROS' },
  timestamp_ns: {
    type: 'INT64',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: false, unit: 'NANOS' },
  },
  boolean: { type: 'BOOLEAN' },
  other: { type: 'FIXED_LEN_BYTE_ARRAY', type_length: 3 },
};

function metadata(columns: Readonly<Record<string, PhysicalType>>, rows = 10): FileMetaData {
  const elements = Object.entries(columns).map(([name, type]) => ({ name, ...ELEMENTS[type] }));
  return {
    version: 2,
    schema: [{ name: 'schema', num_children: elements.length }, ...elements],
    num_rows: BigInt(rows),
    row_groups: [],
    metadata_length: 0,
  };
}

/** The columns that files of a month have, with some changed, added or (null) left out. */
function columnsOf(
  month: string,
  changes: Readonly<Record<string, PhysicalType | null>> = {},
): Record<string, PhysicalType> {
  const era = ERAS.findLast(({ from }) => from <= month);
  if (era === undefined) throw new Error(`no era for ${month}`);
  const columns = new Map(eraColumns(era).map(({ name, types }) => [name, types[0] ?? 'other']));
  for (const [name, type] of Object.entries(changes)) {
    if (type === null) columns.delete(name);
    else columns.set(name, type);
  }
  return Object.fromEntries(columns);
}

const read = (month: string, changes: Readonly<Record<string, PhysicalType | null>> = {}) =>
  readFileSchema(metadata(columnsOf(month, changes)), { month });

function good(schema: FileSchema | RefusedSchema): FileSchema {
  if ('refusal' in schema) throw new Error(schema.refusal.message);
  return schema;
}

describe('genuine footers', () => {
  it.skipIf(!hasSharedData).each([
    ['2024-04', 3_514_289],
    ['2024-08', 2_979_183],
  ])('%s is what its era says', (month, rows) => {
    const bytes = readFileSync(join(SHARED_DATA, `yellow_${month}.footer`));
    const length = bytes.readUInt32LE(bytes.length - 8);
    const footer = bytes.subarray(bytes.length - 8 - length);
    const schema = good(readFileSchema(parquetMetadata(new Uint8Array(footer).buffer), { month }));
    expect(schema).toMatchObject({ rows, unknown: [], notes: [], drift: [] });
    expect(schema.columns).toHaveLength(19);
  });
});

describe('an era', () => {
  it.each(ERAS.map(({ from }) => from))('of %s has no drift, by month or by its columns', (month) => {
    const schema = good(read(month));
    expect(schema.drift).toEqual([]);
    expect(good(readFileSchema(metadata(columnsOf(month)), { month: '' })).drift).toEqual([]);
    // Everything is read, but for the index that pandas wrote.
    expect(schema.unknown).toEqual([]);
  });

  it('lasts until the next one begins, and the newest for ever', () => {
    expect(good(read('2010-03')).drift).toEqual([]);
    expect(good(read('2010-12')).drift).toEqual([]);
    expect(good(read('2031-07')).drift).toEqual([]);
  });

  it('takes a column without any value as any type', () => {
    expect(good(read('2015-06', { airport_fee: 'null', congestion_surcharge: 'null' })).drift).toEqual([]);
  });
});

describe('drift', () => {
  it.each([
    [
      'a rename, by case too',
      '2022-05',
      { airport_fee: null, Airport_fee: 'double' },
      [{ kind: 'RENAME', column: 'Airport_fee', detail: 'airport_fee since 2018-07' }],
    ],
    [
      'a rename back to an older name',
      '2023-05',
      { tpep_pickup_datetime: null, pickup_datetime: 'text' },
      [
        { kind: 'RENAME', column: 'pickup_datetime', detail: 'tpep_pickup_datetime since 2023-02' },
        {
          kind: 'WIDENING',
          column: 'pickup_datetime',
          detail: 'timestamp_us since 2023-02, text here',
        },
      ],
    ],
    [
      'a widening',
      '2023-05',
      { passenger_count: 'double', tpep_dropoff_datetime: 'timestamp_ns' },
      [
        {
          kind: 'WIDENING',
          column: 'tpep_dropoff_datetime',
          detail: 'timestamp_us since 2023-02, timestamp_ns here',
        },
        { kind: 'WIDENING', column: 'passenger_count', detail: 'int64 since 2023-02, double here' },
      ],
    ],
    [
      'a narrowing',
      '2019-03',
      { VendorID: 'int32', passenger_count: 'int64' },
      [
        { kind: 'NARROWING', column: 'VendorID', detail: 'int64 since 2018-07, int32 here' },
        { kind: 'NARROWING', column: 'passenger_count', detail: 'double since 2018-07, int64 here' },
      ],
    ],
    [
      'new columns, unknown and of later months',
      '2024-11',
      { driver_mood: 'text', cbd_congestion_fee: 'double' },
      [
        { kind: 'NEW_COLUMN', column: 'driver_mood', detail: 'text, not known to us: kept in extra' },
        {
          kind: 'NEW_COLUMN',
          column: 'cbd_congestion_fee',
          detail: 'double, read as cbd_congestion_fee, which files since 2023-02 do not have',
        },
      ],
    ],
    [
      'a lost column',
      '2025-03',
      { cbd_congestion_fee: null },
      [
        {
          kind: 'LOST_COLUMN',
          column: 'cbd_congestion_fee',
          detail: 'double since 2025-01, absent here: cbd_congestion_fee is null',
        },
      ],
    ],
    [
      'a clash of types',
      '2024-01',
      { tip_amount: 'other', store_and_fwd_flag: 'timestamp_us' },
      [
        {
          kind: 'TYPE_CLASH',
          column: 'store_and_fwd_flag',
          detail: 'timestamp_us cannot become store_and_fwd_flag: kept in extra',
        },
        { kind: 'TYPE_CLASH', column: 'tip_amount', detail: 'other cannot become tip_amount: kept in extra' },
      ],
    ],
  ] as const)('%s', (_, month, changes, drift) => {
    const found = good(read(month, changes)).drift;
    expect(found).toHaveLength(drift.length);
    expect(found).toEqual(expect.arrayContaining([...drift]));
  });

  it('keeps the columns that it cannot read', () => {
    const schema = good(read('2024-01', { tip_amount: 'other', driver_mood: 'text' }));
    expect(schema.unknown).toEqual(['tip_amount', 'driver_mood']);
    expect(schema.columns.map(({ canonical }) => canonical)).not.toContain('tip_amount');
    expect(schema.notes).toEqual([
      'tip_amount is FIXED_LEN_BYTE_ARRAY, which cannot be read as tip_amount: kept in extra',
      'columns not known to us, kept in extra: driver_mood',
    ]);
  });

  it('reads the second of two columns that differ by case alone where the first is null', () => {
    const schema = good(read('2024-01', { airport_fee: 'double' }));
    expect(schema.unknown).toEqual([]);
    expect(
      schema.columns.flatMap(({ canonical, source }) => (canonical === 'airport_fee' ? [source] : [])),
    ).toEqual(['airport_fee', 'Airport_fee']);
    expect(schema.drift).toContainEqual({
      kind: 'COALESCED',
      column: 'Airport_fee',
      detail: 'double, read as airport_fee in the rows where airport_fee is null; other values kept in extra',
    });
  });
});

describe('a file is refused', () => {
  it('for a required column that is lost or clashes, and says how it differs otherwise', () => {
    expect(read('2024-01', { trip_distance: null, mood: 'text' })).toMatchObject({
      refusal: { code: 'MISSING_COLUMN' },
      drift: [
        { kind: 'NEW_COLUMN', column: 'mood' },
        { kind: 'LOST_COLUMN', column: 'trip_distance' },
      ],
    });
    expect(read('2024-01', { tpep_pickup_datetime: 'int64' })).toMatchObject({
      refusal: { code: 'TYPE_CLASH' },
      drift: [{ kind: 'TYPE_CLASH', column: 'tpep_pickup_datetime' }],
    });
  });

  it('for being another data set, or empty', () => {
    expect(read('2024-01', { lpep_pickup_datetime: 'timestamp_us' })).toMatchObject({
      refusal: { code: 'WRONG_DATA_SET' },
    });
    expect(readFileSchema(metadata(columnsOf('2024-01'), 0), { month: '2024-01' })).toMatchObject({
      refusal: { code: 'EMPTY' },
    });
  });
});

/** Generated months: the physical schemas of TLC's eras, the distributions of real trips, and the same bytes by seed. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { asyncBufferFromFile, parquetMetadataAsync } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateMonth } from '../../sources/demo/generate-month.ts';
import { startEngineProcess, temporaryFolder, type EngineProcess } from './engine-process.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let engine: EngineProcess;
let duckdb: DuckDBConnection;

beforeAll(async () => {
  folder = await temporaryFolder();
  engine = await startEngineProcess(join(folder.path, 'engine'));
  duckdb = await (await DuckDBInstance.create()).connect();
});
afterAll(async () => {
  duckdb.closeSync();
  await engine.stop();
  await folder.remove();
});

async function generate(month: string, { rows = 5_000, seed = 1, name = month } = {}): Promise<string> {
  const path = join(folder.path, `${name}-${rows}-${seed}.parquet`);
  await generateMonth({ engineUrl: engine.as('reader'), month, rows, seed, path });
  return path;
}

const metadataOf = async (path: string) => parquetMetadataAsync(await asyncBufferFromFile(path));

async function rowsOf(sql: string): Promise<Record<string, unknown>[]> {
  return (await duckdb.runAndReadAll(sql)).getRowObjectsJson();
}

/** `name type`, with the logical type where it says more. */
async function schemaOf(path: string): Promise<string[]> {
  const { schema } = await metadataOf(path);
  return schema.slice(1).map(({ name, type, repetition_type, converted_type, logical_type }) => {
    expect(repetition_type).toBe('OPTIONAL');
    if (logical_type?.type === 'TIMESTAMP') {
      expect(converted_type).toBeUndefined();
      return `${name} ${type} ${logical_type.unit}${logical_type.isAdjustedToUTC ? ' UTC' : ''}`;
    }
    return [name, type, logical_type?.type].filter((part) => part !== undefined).join(' ');
  });
}

const MONEY = [
  'fare_amount',
  'extra',
  'mta_tax',
  'tip_amount',
  'tolls_amount',
  'improvement_surcharge',
  'total_amount',
];
const since2011 = (given: { id: string; unit?: string; count: string; fees: string[] }) => [
  `VendorID ${given.id}`,
  `tpep_pickup_datetime INT64 ${given.unit ?? 'MICROS'}`,
  `tpep_dropoff_datetime INT64 ${given.unit ?? 'MICROS'}`,
  `passenger_count ${given.count}`,
  'trip_distance DOUBLE',
  `RatecodeID ${given.count}`,
  'store_and_fwd_flag BYTE_ARRAY STRING',
  `PULocationID ${given.id}`,
  `DOLocationID ${given.id}`,
  'payment_type INT64',
  ...MONEY.map((name) => `${name} DOUBLE`),
  ...given.fees,
];
const of2010 = (rate: string) => [
  'vendor_id BYTE_ARRAY STRING',
  'pickup_datetime BYTE_ARRAY STRING',
  'dropoff_datetime BYTE_ARRAY STRING',
  'passenger_count INT64',
  'trip_distance DOUBLE',
  'pickup_longitude DOUBLE',
  'pickup_latitude DOUBLE',
  `rate_code ${rate}`,
  'store_and_fwd_flag BYTE_ARRAY STRING',
  'dropoff_longitude DOUBLE',
  'dropoff_latitude DOUBLE',
  'payment_type BYTE_ARRAY STRING',
  'fare_amount DOUBLE',
  'surcharge DOUBLE',
  'mta_tax DOUBLE',
  'tip_amount DOUBLE',
  'tolls_amount DOUBLE',
  'total_amount DOUBLE',
];

const SCHEMAS: Record<string, string[]> = {
  '2009-01': [
    'vendor_name BYTE_ARRAY STRING',
    'Trip_Pickup_DateTime BYTE_ARRAY STRING',
    'Trip_Dropoff_DateTime BYTE_ARRAY STRING',
    'Passenger_Count INT64',
    ...'Trip_Distance Start_Lon Start_Lat Rate_Code store_and_forward End_Lon End_Lat'
      .split(' ')
      .map((n) => `${n} DOUBLE`),
    'Payment_Type BYTE_ARRAY STRING',
    ...'Fare_Amt surcharge mta_tax Tip_Amt Tolls_Amt Total_Amt'.split(' ').map((n) => `${n} DOUBLE`),
  ],
  '2010-02': [...of2010('INT64'), '__index_level_0__ INT64'],
  '2010-05': of2010('BYTE_ARRAY STRING'),
  '2015-06': since2011({
    id: 'INT64',
    count: 'INT64',
    fees: ['congestion_surcharge INT32 NULL', 'airport_fee INT32 NULL'],
  }),
  '2018-07': since2011({
    id: 'INT64',
    count: 'DOUBLE',
    fees: ['congestion_surcharge INT32 NULL', 'airport_fee INT32 NULL'],
  }),
  '2019-04': since2011({
    id: 'INT64',
    count: 'DOUBLE',
    fees: ['congestion_surcharge DOUBLE', 'airport_fee DOUBLE'],
  }),
  '2020-10': since2011({
    id: 'INT64',
    count: 'DOUBLE',
    fees: ['congestion_surcharge DOUBLE', 'airport_fee INT32 NULL'],
  }),
  '2023-01': since2011({
    id: 'INT64',
    count: 'DOUBLE',
    fees: ['congestion_surcharge DOUBLE', 'airport_fee DOUBLE'],
  }),
  '2023-02': since2011({
    id: 'INT32',
    count: 'INT64',
    fees: ['congestion_surcharge DOUBLE', 'Airport_fee DOUBLE'],
  }),
  '2025-01': since2011({
    id: 'INT32',
    unit: 'NANOS',
    count: 'INT64',
    fees: ['congestion_surcharge DOUBLE', 'Airport_fee DOUBLE', 'cbd_congestion_fee DOUBLE'],
  }),
};

const columnsOf = (month: string) => {
  if (month < '2010') return { pickup: 'Trip_Pickup_DateTime', distance: 'Trip_Distance' };
  return { pickup: month < '2011' ? 'pickup_datetime' : 'tpep_pickup_datetime', distance: 'trip_distance' };
};

describe.each(Object.keys(SCHEMAS))('a generated %s', (month) => {
  it('has the physical schema of its time', async () => {
    const path = await generate(month);
    expect(await schemaOf(path)).toEqual(SCHEMAS[month]);
    const { num_rows, row_groups } = await metadataOf(path);
    expect(num_rows).toBe(5_000n);
    expect(row_groups).toHaveLength(1);
    const codec = row_groups[0]?.columns[0]?.meta_data?.codec;
    expect(codec).toBe(month >= '2023-02' ? 'ZSTD' : 'SNAPPY');
  });

  it('has distances as real months have them, and their dirt', async () => {
    const path = await generate(month, { rows: 40_000 });
    const { pickup, distance } = columnsOf(month);
    const [row] = await rowsOf(`
      SELECT quantile_disc(${distance}, 0.5) AS p50, quantile_disc(${distance}, 0.9) AS p90,
        quantile_disc(${distance}, 0.99) AS p99, max(${distance}) AS longest, min(${distance}) AS shortest,
        count_if(${distance} = 0) / count(*) AS zeros, count_if(${distance} < 0)::INT AS negatives,
        count_if(strftime(${pickup}::TIMESTAMP, '%Y-%m') <> '${month}')::INT AS strays,
        count_if(${distance} IS NULL OR ${pickup} IS NULL)::INT AS nulls
      FROM '${path}'`);
    const between = (low: number, high: number) => expect.toSatisfy((n: number) => n >= low && n <= high);
    expect(row).toEqual({
      p50: between(1.3, 2.2),
      p90: between(5, 9),
      p99: between(15, 25),
      longest: between(5_000, 331_000),
      shortest: between(-26, -0.1),
      zeros: between(0.005, 0.03),
      negatives: between(1, 10),
      strays: between(1, 10),
      nulls: 0,
    });
  });
});

describe('a generated month', () => {
  it('is the same bytes by the same seed, and others by another', async () => {
    const sha = async (path: string) =>
      createHash('sha256')
        .update(await readFile(path))
        .digest('hex');
    const first = await sha(await generate('2022-05', { name: 'first' }));
    expect(await sha(await generate('2022-05', { name: 'second' }))).toBe(first);
    expect(await sha(await generate('2022-05', { name: 'third', seed: 2 }))).not.toBe(first);
  });

  it('has busy evenings, quiet early mornings, and late weekends', async () => {
    const path = await generate('2023-05', { rows: 100_000 });
    const hours = await rowsOf(`
      SELECT hour(tpep_pickup_datetime) AS hour, count_if(dayofweek(tpep_pickup_datetime) IN (0, 6)) / 8 AS weekend,
        count_if(dayofweek(tpep_pickup_datetime) NOT IN (0, 6)) / 23 AS weekday
      FROM '${path}' GROUP BY 1 ORDER BY 1`);
    const at = (hour: number, day: 'weekday' | 'weekend') => Number(hours[hour]?.[day]);
    expect(at(18, 'weekday')).toBeGreaterThan(8 * at(4, 'weekday'));
    expect(at(1, 'weekend')).toBeGreaterThan(2 * at(1, 'weekday'));
    expect(at(8, 'weekday')).toBeGreaterThan(1.5 * at(8, 'weekend'));
  });

  it('ends with the rows of the dispatch feed', async () => {
    const path = await generate('2023-05');
    const [row] = await rowsOf(`
      SELECT count(*)::INT AS rows, min(file_row_number)::INT AS first, count_if(passenger_count IS NULL AND
        store_and_fwd_flag IS NULL AND congestion_surcharge IS NULL)::INT AS nulls
      FROM read_parquet('${path}', file_row_number = true) WHERE payment_type = 0`);
    expect(row).toEqual({ rows: 200, first: 4_800, nulls: 200 });
    const [before] = await rowsOf(
      `SELECT count(*)::INT AS rows FROM '${await generate('2018-06')}' WHERE passenger_count IS NULL`,
    );
    expect(before).toEqual({ rows: 0 });
  });

  it('has fares that go with the distance and totals that add up', async () => {
    const [row] = await rowsOf(`
      SELECT corr(fare_amount, trip_distance) AS corr, count_if(abs(total_amount - (fare_amount + extra + mta_tax + tip_amount
        + tolls_amount + improvement_surcharge + coalesce(congestion_surcharge, 0) + coalesce(Airport_fee, 0))) > 0.011)::INT AS off
      FROM '${await generate('2024-08')}' WHERE trip_distance BETWEEN 0 AND 100 AND fare_amount > 0 AND payment_type > 0`);
    expect(row).toEqual({ corr: expect.toSatisfy((corr: number) => corr > 0.95), off: 0 });
  });

  it('leaves nothing behind when the engine is away or refuses', async () => {
    const path = join(folder.path, 'none', 'x.parquet');
    const options = { month: '2024-01', rows: 10, seed: 1, path };
    await expect(generateMonth({ ...options, engineUrl: 'http://127.0.0.1:1' })).rejects.toThrow();
    await expect(
      generateMonth({ ...options, month: 'nonsense', engineUrl: engine.as('reader') }),
    ).rejects.toThrow();
    const aborted = AbortSignal.abort();
    await expect(
      generateMonth({ ...options, engineUrl: engine.as('reader'), signal: aborted }),
    ).rejects.toThrow();
    expect(await readdir(join(folder.path, 'none'))).toEqual([]);
  });
});

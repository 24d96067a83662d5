/** Parquet files made by DuckDB for tests, in the schema of 2022 unless told otherwise. */
import { renameSync } from 'node:fs';
import { DuckDBInstance } from '@duckdb/node-api';

const COLUMNS = {
  VendorID: '1 + i % 2',
  tpep_pickup_datetime: 'start + to_microseconds(((hash(i + seed) % 2592000000)::BIGINT) * 1000)',
  tpep_dropoff_datetime:
    'start + to_microseconds(((hash(i + seed) % 2592000000)::BIGINT) * 1000 + 600000000)',
  passenger_count: '(1 + i % 4)::DOUBLE',
  trip_distance: 'round(exp(((hash(i * 7 + seed) % 1000000)::DOUBLE / 1000000 - 0.3) * 4), 2)',
  RatecodeID: '1.0::DOUBLE',
  store_and_fwd_flag: "'N'",
  PULocationID: '1 + i % 265',
  DOLocationID: '1 + (i * 3) % 265',
  payment_type: '(1 + i % 2)::BIGINT',
  fare_amount: '10.5::DOUBLE',
  extra: '0.5::DOUBLE',
  mta_tax: '0.5::DOUBLE',
  tip_amount: '1.0::DOUBLE',
  tolls_amount: '0.0::DOUBLE',
  improvement_surcharge: '0.3::DOUBLE',
  total_amount: '12.8::DOUBLE',
  congestion_surcharge: '2.5::DOUBLE',
  airport_fee: '0.0::DOUBLE',
};

export interface TripsFile {
  path: string;
  /** `YYYY-MM`: pickups are spread over its first 30 days, to the millisecond. */
  month: string;
  rows: number;
  seed?: number;
  /** Column → SQL over `i` (0 … rows − 1), `seed` and `start`; null leaves a column out. */
  columns?: Readonly<Record<string, string | null>>;
  /** More of them, before all others. */
  first?: Readonly<Record<string, string>>;
}

/** Appears at `path` all at once. */
export async function writeTrips({
  path,
  month,
  rows,
  seed = 1,
  columns = {},
  first = {},
}: TripsFile): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const select = Object.entries({ ...first, ...COLUMNS, ...columns })
    .filter(([, sql]) => sql !== null)
    .map(([name, sql]) => `${sql} AS "${name}"`);
  await connection.run(
    `COPY (SELECT ${select.join(', ')} FROM (SELECT range AS i, ${seed} AS seed, TIMESTAMP '${month}-01' AS start FROM range(${rows})))
     TO '${path}.writing' (FORMAT parquet)`,
  );
  connection.closeSync();
  instance.closeSync();
  renameSync(`${path}.writing`, path);
}

/** Months with all that makes answers hard: strays, ties, nulls, moments on the edge of every unit, distances off every grid. */
import { join } from 'node:path';
import { writeTrips } from './write-trips.ts';

const drawn = (salt: number, below: number): string =>
  `(hash(i * 13 + ${salt} + seed * 7919) % ${below})::BIGINT`;

const COLUMNS: Readonly<Record<string, string>> = {
  VendorID: `CASE ${drawn(1, 9)} WHEN 0 THEN NULL WHEN 1 THEN 6 WHEN 2 THEN 7 ELSE 1 + i % 2 END::INTEGER`,
  payment_type: `CASE WHEN i % 50 = 0 THEN NULL ELSE ${drawn(2, 7)} END`,
  PULocationID: `CASE WHEN i % 60 = 0 THEN NULL ELSE 1 + ${drawn(3, 265)} END`,
  passenger_count: `CASE WHEN i % 20 = 0 THEN NULL ELSE ${drawn(4, 7)} END::DOUBLE`,
  fare_amount: `CASE WHEN i % 70 = 0 THEN NULL ELSE round(${drawn(5, 100_000)} / 700 - 5, 2) END`,
  trip_distance: `CASE
    WHEN i % 17 = 0 THEN 0.0
    WHEN i % 97 = 0 THEN -0.0
    WHEN i % 101 = 0 THEN -round(${drawn(6, 1_000)} / 100, 2)
    WHEN i % 11 = 0 THEN exp(${drawn(7, 1_000_000)} / 200000)
    WHEN i % 103 = 0 THEN ${drawn(8, 40_000_000)} / 100
    WHEN i % 3 = 0 THEN 2.5
    ELSE round(exp((${drawn(9, 1_000_000)} / 1000000 - 0.3) * 4), 2) END::DOUBLE`,
  tpep_pickup_datetime: `CASE
    WHEN i = 0 THEN TIMESTAMP '1950-06-30 23:59:59.999999'
    WHEN i = 1 THEN TIMESTAMP '2008-12-31 23:59:59'
    WHEN i = 2 THEN TIMESTAMP '2098-02-28 00:00:00'
    WHEN i = 3 THEN start - INTERVAL 1 MICROSECOND
    WHEN i < 40 THEN start
    WHEN i % 29 = 0 THEN start + to_hours(${drawn(10, 28 * 24)})
    WHEN i % 31 = 0 THEN start + to_hours(${drawn(10, 28 * 24)}) - INTERVAL 1 MICROSECOND
    ELSE start + to_microseconds(${drawn(11, 28 * 86_400)} * 1000000 + CASE WHEN i % 2 = 0 THEN 0 ELSE ${drawn(12, 1_000_000)} END) END`,
};

/** @returns the path of the file that holds the month */
export async function writeDirtyMonth(
  folder: string,
  { month, rows, seed = 1 }: { month: string; rows: number; seed?: number },
): Promise<string> {
  const path = join(folder, `yellow_tripdata_${month}.parquet`);
  await writeTrips({ path, month, rows, seed, columns: COLUMNS });
  return path;
}

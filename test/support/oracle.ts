/** Answers by DuckDB, straight from the Parquet files: an engine that shares nothing with ours. */
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';

export interface OracleAnswer {
  value: number | null;
  trips: number;
  tripsOver: number;
}

export interface Oracle {
  /** Moments as ISO 8601 without a zone, or undefined for an open end. */
  p90(range: { from?: string | undefined; to?: string | undefined }): Promise<OracleAnswer>;
  percentileCont(p: number): Promise<number>;
  /** Trips strictly longer than so many miles. */
  tripsOver(miles: number): Promise<number>;
  /** `count` pickups drawn at random, and the first and the last one, as ISO 8601 to the microsecond. */
  pickups(count: number): Promise<string[]>;
  newestPickup(): Promise<string>;
  close(): void;
}

const ISO = "strftime(pickup, '%Y-%m-%dT%H:%M:%S.%f')";
const PICKUP_NAMES = ['tpep_pickup_datetime', 'pickup_datetime', 'trip_pickup_datetime'];

/** Reads the pickups and distances of these files into memory; rows without either are left out, as Tripline does. */
export async function createOracle(paths: readonly string[]): Promise<Oracle> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run('CREATE TABLE trips (pickup TIMESTAMP, distance DOUBLE)');
  for (const path of paths) {
    const file = `read_parquet('${path.replaceAll("'", "''")}')`;
    const columns = (await connection.runAndReadAll(`DESCRIBE SELECT * FROM ${file}`))
      .getRows()
      .map((row) => String(row[0]));
    const pickup = columns.find((name) => PICKUP_NAMES.includes(name.toLowerCase()));
    const distance = columns.find((name) => name.toLowerCase() === 'trip_distance');
    await connection.run(
      `INSERT INTO trips SELECT TRY_CAST("${pickup}" AS TIMESTAMP), "${distance}" FROM ${file}
       WHERE TRY_CAST("${pickup}" AS TIMESTAMP) IS NOT NULL AND "${distance}" IS NOT NULL AND isfinite("${distance}")`,
    );
  }
  return {
    async p90({ from, to }) {
      const where = [
        from === undefined ? 'true' : `pickup >= '${from}'`,
        to === undefined ? 'true' : `pickup < '${to}'`,
      ];
      const [row] = await read(
        connection,
        `WITH answer AS (SELECT quantile_disc(distance, 0.9) AS value, count(*) AS trips FROM trips WHERE ${where.join(' AND ')})
         SELECT value, trips, (SELECT count(*) FROM trips WHERE ${where.join(' AND ')} AND distance > answer.value) FROM answer`,
      );
      const [value, trips, over] = row ?? [];
      return { value: value === null ? null : Number(value), trips: Number(trips), tripsOver: Number(over) };
    },
    async percentileCont(p) {
      const [row] = await read(connection, `SELECT quantile_cont(distance, ${p}) FROM trips`);
      return Number(row?.[0]);
    },
    async tripsOver(miles) {
      const [row] = await read(connection, `SELECT count(*) FROM trips WHERE distance > ${miles}`);
      return Number(row?.[0]);
    },
    async pickups(count) {
      const rows = await read(
        connection,
        `SELECT ${ISO} FROM (
           (SELECT pickup FROM trips USING SAMPLE reservoir(${count} ROWS) REPEATABLE (1))
           UNION ALL SELECT min(pickup) FROM trips UNION ALL SELECT max(pickup) FROM trips
         ) ORDER BY pickup`,
      );
      return rows.map((row) => String(row[0]));
    },
    async newestPickup() {
      const [row] = await read(connection, `SELECT ${ISO} FROM (SELECT max(pickup) AS pickup FROM trips)`);
      return String(row?.[0]);
    },
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

async function read(connection: DuckDBConnection, sql: string): Promise<unknown[][]> {
  return (await connection.runAndReadAll(sql)).getRows();
}

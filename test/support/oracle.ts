/** Answers by DuckDB, straight from the Parquet files: an engine that shares nothing with ours. */
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';

export interface OracleAnswer {
  value: number | null;
  trips: number;
  tripsOver: number;
}

/** Of the trips of one key. */
export interface OracleStanding extends OracleAnswer {
  below: number;
  equal: number;
  /** ⌈p·n⌉, from 1. */
  rank: number;
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
  /**
   * Nearest-rank percentiles by rank itself, one for each value of `key` that has trips.
   * @param key SQL over the columns of `trips`, given back as text
   * @param p decimal, at most 9 digits
   */
  percentiles(question: { key?: string; where?: string; p?: string }): Promise<Map<string, OracleStanding>>;
  /** Asks about `trips`: `pickup` and `distance`; with all columns `filename`, `row` (from 0), and those of the files by their own names. */
  rows(sql: string): Promise<unknown[][]>;
  close(): void;
}

const ISO = "strftime(pickup, '%Y-%m-%dT%H:%M:%S.%f')";
const PICKUP_NAMES = ['tpep_pickup_datetime', 'pickup_datetime', 'trip_pickup_datetime'];

const ALL_COLUMNS =
  ', parse_filename(filename) AS filename, file_row_number AS row, * EXCLUDE (filename, file_row_number)';

/** Reads the pickups and distances, or all columns, of these files into memory; rows without either are left out, as Tripline does. */
export async function createOracle(
  paths: readonly string[],
  { allColumns = false }: { allColumns?: boolean } = {},
): Promise<Oracle> {
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
      `CREATE OR REPLACE TABLE trips AS SELECT * FROM trips UNION ALL BY NAME
       SELECT TRY_CAST("${pickup}" AS TIMESTAMP) AS pickup, "${distance}" AS distance ${allColumns ? ALL_COLUMNS : ''}
       FROM read_parquet('${path.replaceAll("'", "''")}', filename = true, file_row_number = true)
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
    async percentiles({ key = "''", where = 'true', p = '0.9' }) {
      const rows = await read(
        connection,
        `WITH asked AS (SELECT (${key})::VARCHAR AS key, distance FROM trips WHERE ${where}),
           numbered AS (
             SELECT *, row_number() OVER (PARTITION BY key ORDER BY distance) AS number,
               ceil(count(*) OVER (PARTITION BY key)::DECIMAL(18, 0) * ${p}::DECIMAL(18, 9)) AS rank FROM asked
           ),
           found AS (SELECT key, rank, distance AS value FROM numbered WHERE number = rank)
         SELECT key, any_value(value) + 0, count(*), count(*) FILTER (distance > value), count(*) FILTER (distance < value),
           count(*) FILTER (distance = value), any_value(rank) FROM asked JOIN found USING (key) GROUP BY key`,
      );
      return new Map(
        rows.map(([key, ...numbers]) => {
          const [value, trips, tripsOver, below, equal, rank] = numbers.map(Number);
          return [String(key), { value, trips, tripsOver, below, equal, rank } as OracleStanding];
        }),
      );
    },
    rows: (sql) => read(connection, sql),
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

async function read(connection: DuckDBConnection, sql: string): Promise<unknown[][]> {
  return (await connection.runAndReadAll(sql)).getRows();
}

/** DuckDB in a process of its own, as a damaged file may end it: reads the pickups and distances that a file holds. */
import { DuckDBInstance, DuckDBListValue } from '@duckdb/node-api';
import { IGNORED_COLUMNS } from '../../warehouse/trip-columns.ts';
import type { ReferenceReading } from './reference-reader.ts';

const PICKUPS = ['tpep_pickup_datetime', 'pickup_datetime', 'trip_pickup_datetime'];
/** As `COMPARED` of run-fuzz.ts; names in lower case. */
const COMPARED: readonly { aliases: readonly string[]; whole: boolean }[] = [
  { aliases: ['passenger_count'], whole: true },
  { aliases: ['pulocationid'], whole: true },
  { aliases: ['fare_amount', 'fare_amt'], whole: false },
  { aliases: ['tip_amount', 'tip_amt'], whole: false },
  { aliases: ['total_amount', 'total_amt'], whole: false },
];
/** [1900-01-01, 2299-12-31) in microseconds: what Tripline takes for a pickup. */
const DOMAIN = 'BETWEEN -2208988800000000 AND 10413705599999999';

async function read(path: string): Promise<ReferenceReading> {
  const instance = await DuckDBInstance.create(':memory:', { memory_limit: '2GB', threads: '1' });
  const connection = await instance.connect();
  try {
    const file = `read_parquet('${path.replaceAll("'", "''")}', file_row_number = true)`;
    const described = await connection.runAndReadAll(`DESCRIBE SELECT * FROM ${file}`);
    const columns = described.getRows().map(([name, type]) => ({ name: String(name), type: String(type) }));
    const pickup = PICKUPS.map((known) => columns.find(({ name }) => name.toLowerCase() === known)).find(
      (found) => found !== undefined,
    );
    const distance = columns.find(({ name }) => name.toLowerCase() === 'trip_distance');
    if (pickup === undefined || distance === undefined)
      return { kind: 'refused', why: 'no pickup or no distance' };
    const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
    // Every column that a load reads.
    await connection.run(
      `CREATE TABLE file AS SELECT COLUMNS(name -> name NOT IN ('${IGNORED_COLUMNS.join("', '")}')) FROM ${file}`,
    );
    const others = COMPARED.map(({ aliases, whole }) => {
      const found = columns.find(({ name }) => aliases.includes(name.toLowerCase()));
      if (found === undefined) return 'NULL::DOUBLE';
      const value = `TRY_CAST(${quoted(found.name)} AS DOUBLE)`;
      // What is no whole number of 32 bits is no count and no code: it is kept in `extra`.
      return whole ? `CASE WHEN ${value} = TRY_CAST(${value} AS INTEGER) THEN ${value} END` : value;
    });
    const text = pickup.type === 'VARCHAR';
    const moment = text
      ? `CASE WHEN regexp_full_match(${quoted(pickup.name)}, '\\d{4}-\\d\\d-\\d\\d[ T]\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?') THEN TRY_CAST(${quoted(pickup.name)} AS TIMESTAMP) END`
      : quoted(pickup.name);
    const rows = await connection.runAndReadAll(
      `SELECT file_row_number, micros, distance, others FROM (
         SELECT file_row_number, epoch_us(${moment}) AS micros, TRY_CAST(${quoted(distance.name)} AS DOUBLE) AS distance, [${others.join(', ')}] AS others FROM file)
       WHERE micros ${DOMAIN} AND isfinite(distance) ORDER BY file_row_number`,
    );
    return {
      kind: 'read',
      trips: rows.getRows().map(([row, micros, miles, compared]) => {
        const values = compared instanceof DuckDBListValue ? compared.items : [];
        return [
          String(row),
          String(micros),
          Number(miles),
          ...values.map((value) => (value === null ? null : Number(value))),
        ].join(' ');
      }),
    };
  } catch (error) {
    return { kind: 'refused', why: error instanceof Error ? error.message : String(error) };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

process.on('message', (path: string) => void read(path).then((reading) => process.send?.(reading)));

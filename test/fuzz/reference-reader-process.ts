/** DuckDB in a process of its own, as a damaged file may end it: reads the trips that a file holds, every column of them. */
import { DuckDBBlobValue, DuckDBInstance, type DuckDBValue } from '@duckdb/node-api';
import { columnKey, IGNORED_COLUMNS, TRIP_COLUMNS, type TripColumn } from '../../warehouse/trip-columns.ts';
import type { ReferenceReading } from './reference-reader.ts';
import { tripText } from './trip-text.ts';

type Kind = 'timestamp' | 'text' | 'number' | 'other';

interface Column {
  /** In the file. */
  name: string;
  /** DuckDB's name for it: another one where two differ in case alone. */
  alias: string;
  kind: Kind;
}

/** [1900-01-01, 2299-12-31) in microseconds: what Tripline takes for a pickup. */
const EARLIEST = -2208988800000000n;
const PAST_LATEST = 10413705600000000n;

function kindOf(type: string): Kind {
  if (type.startsWith('TIMESTAMP')) return 'timestamp';
  // Texts without the annotation that says so.
  if (type === 'VARCHAR' || type === 'BLOB') return 'text';
  return /^(U?(TINY|SMALL|BIG)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL.*)$/.test(type) ? 'number' : 'other';
}

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;

/** As a trip's value is compared: bigint microseconds, number or text; and as it was written. */
function selected({ alias, kind }: Column): string {
  const column = quoted(alias);
  const written = `TRY_CAST(${column} AS VARCHAR)`;
  const moment = `CASE WHEN regexp_full_match(${written}, '\\d{4}-\\d\\d-\\d\\d[ T]\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?') THEN epoch_us(TRY_CAST(${written} AS TIMESTAMP)) END`;
  switch (kind) {
    case 'timestamp':
      return `epoch_us(${column}), ${written}, NULL`;
    case 'number':
      return `TRY_CAST(${column} AS DOUBLE), ${written}, NULL`;
    case 'text':
      return `${column}, ${column}, ${moment}`;
    case 'other':
      return `NULL, ${written}, NULL`;
  }
}

/** @param elements of a schema, each behind its parent: the root first */
function topLevelNames(elements: readonly (readonly DuckDBValue[])[]): string[] {
  const names: string[] = [];
  let index = 1;
  const skip = (): void => {
    const children = Number(elements[index]?.[1] ?? 0);
    index += 1;
    for (let child = 0; child < children; child += 1) skip();
  };
  while (index < elements.length) {
    names.push(text(elements[index]?.[0] ?? null) ?? '');
    skip();
  }
  return names;
}

const text = (value: DuckDBValue): string | null =>
  value === null
    ? null
    : value instanceof DuckDBBlobValue
      ? Buffer.from(value.bytes).toString()
      : String(value);

function textNumber(written: string): number | null {
  const trimmed = written.replace(/^ +| +$/g, '');
  if (/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(trimmed)) return Number(trimmed);
  if (/^[-+]?(inf|infinity)$/i.test(trimmed)) return trimmed.startsWith('-') ? -Infinity : Infinity;
  return /^[-+]?nan$/i.test(trimmed) ? NaN : null;
}

/** @returns undefined when the column holds what cannot be such a value */
function canonical(
  { type, codes, required }: TripColumn,
  kind: Kind,
  [value, , writtenMoment]: readonly [DuckDBValue, string | null, DuckDBValue],
): bigint | number | string | null {
  if (value === null) return null;
  const written = kind === 'text' ? (text(value) ?? '') : '';
  if (type === 'timestamp') {
    const micros = kind === 'text' ? writtenMoment : value;
    const moment = micros === null ? null : BigInt(String(micros));
    const isOne = moment !== null && moment >= EARLIEST && moment < PAST_LATEST;
    return required === true || isOne ? moment : null;
  }
  if (type === 'flag') {
    const flag = kind === 'text' ? written.replace(/^ +| +$/g, '') : String(value);
    if (flag === '') return null;
    return Number(flag) === 0 && /^0(\.0)?$/.test(flag) ? 'N' : /^1(\.0)?$/.test(flag) ? 'Y' : flag;
  }
  const coded = kind === 'text' ? codes?.[written.replace(/^ +| +$/g, '').toUpperCase()] : undefined;
  const number = coded ?? (kind === 'text' ? textNumber(written) : Number(value));
  if (type === 'code' || type === 'count') return number === null || number !== (number | 0) ? null : number;
  return number;
}

/** What a canonical type can be made of. */
const fits = ({ type }: TripColumn, kind: Kind): boolean =>
  kind === 'text' || (type === 'timestamp' ? kind === 'timestamp' : kind === 'number');

async function read(path: string): Promise<ReferenceReading> {
  const instance = await DuckDBInstance.create(':memory:', { memory_limit: '2GB', threads: '1' });
  const connection = await instance.connect();
  try {
    const literal = `'${path.replaceAll("'", "''")}'`;
    // One thread gives the rows in their order: a number of DuckDB's own would clash with a column of its name.
    const file = `read_parquet(${literal})`;
    const described = await connection.runAndReadAll(`DESCRIBE SELECT * FROM ${file}`);
    const named = topLevelNames(
      (await connection.runAndReadAll(`SELECT name, num_children FROM parquet_schema(${literal})`)).getRows(),
    );
    const columns = described
      .getRows()
      .map(([alias, type], index): Column => ({
        alias: String(alias),
        name: named[index] ?? String(alias),
        kind: kindOf(String(type)),
      }))
      .filter(({ name }) => name !== '' && !IGNORED_COLUMNS.includes(name));
    const found = TRIP_COLUMNS.map((trip) => {
      const index = trip.aliases
        .map((alias) => columns.findIndex(({ name }) => columnKey(name) === columnKey(alias)))
        .find((position) => position !== -1);
      const kind = index === undefined ? undefined : columns[index]?.kind;
      return kind !== undefined && fits(trip, kind) ? { trip, index, kind } : { trip };
    });
    if (found.some(({ trip, index }) => trip.required === true && index === undefined))
      return { kind: 'refused', why: 'no pickup or no distance' };
    const rows = await connection.runAndReadAll(`SELECT ${columns.map(selected).join(', ')} FROM ${file}`);
    const trips: string[] = [];
    for (const [row, values] of rows.getRows().entries()) {
      const read = columns.map((_, index) => {
        const [value = null, written = null, moment = null] = values.slice(index * 3);
        return [value, text(written), moment] as const;
      });
      const extra: Record<string, string> = {};
      const keep = (index: number) => {
        const { name } = columns[index] ?? { name: '' };
        const written = read[index]?.[1] ?? null;
        if (written !== null) extra[name] = written;
      };
      const trip = found.map(({ trip: column, index, kind }) => {
        const one = index === undefined ? undefined : read[index];
        if (index === undefined || one === undefined) return null;
        const value = canonical(column, kind, one);
        const blank = kind === 'text' && text(one[0])?.replace(/^ +| +$/g, '') === '';
        if (value === null && column.type !== 'flag' && column.required !== true && !blank) keep(index);
        return value;
      });
      for (const index of columns.keys())
        if (!found.some(({ index: mapped }) => mapped === index)) keep(index);
      const [pickup, , distance] = trip;
      if (typeof pickup !== 'bigint' || pickup < EARLIEST || pickup >= PAST_LATEST) continue;
      if (!Number.isFinite(distance)) continue;
      trips.push(tripText(String(row), trip, extra));
    }
    return { kind: 'read', trips };
  } catch (error) {
    return { kind: 'refused', why: error instanceof Error ? error.message : String(error) };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

process.on('message', (path: string) => void read(path).then((reading) => process.send?.(reading)));

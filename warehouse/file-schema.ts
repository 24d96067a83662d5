/** The schema contract: how the columns of one file, by its Parquet footer, become the canonical columns. */
import type { FileMetaData, SchemaElement } from 'hyparquet';
import type { Refusal } from './refusal.ts';
import { IGNORED_COLUMNS, OTHER_DATA_SETS, TRIP_COLUMNS } from './trip-columns.ts';

/** What a file's column holds, as far as loading it cares. */
export type SourceType = 'timestamp' | 'text' | 'integer' | 'number' | 'other';

export interface MappedColumn {
  /** Name in `trips`. */
  canonical: string;
  /** Name in the file, exactly. */
  source: string;
  sourceType: SourceType;
}

export interface FileSchema {
  /** Rows by the footer. */
  rows: number;
  columns: MappedColumn[];
  /** Top-level columns that we do not know, by their names in the file; kept in `extra`. */
  unknown: string[];
  /** For people: what was noticed. */
  notes: string[];
}

/** Only top-level columns: a nested one is a group with children, skipped as a whole. */
function topLevelColumns(schema: readonly SchemaElement[]): SchemaElement[] {
  const columns: SchemaElement[] = [];
  let index = 1;
  const skip = (): void => {
    const children = schema[index]?.num_children ?? 0;
    index += 1;
    for (let child = 0; child < children; child += 1) skip();
  };
  while (index < schema.length) {
    const column = schema[index];
    if (column !== undefined) columns.push(column);
    skip();
  }
  return columns;
}

function sourceType(column: SchemaElement): SourceType {
  if (column.num_children !== undefined && column.num_children > 0) return 'other';
  if (column.repetition_type === 'REPEATED') return 'other';
  const logical = column.logical_type?.type;
  const converted = column.converted_type;
  if (logical === 'TIMESTAMP' || converted === 'TIMESTAMP_MICROS' || converted === 'TIMESTAMP_MILLIS')
    return 'timestamp';
  if (logical === 'DECIMAL' || converted === 'DECIMAL') return 'number';
  if (logical === 'DATE' || logical === 'TIME' || converted === 'DATE') return 'other';
  if (converted === 'TIME_MILLIS' || converted === 'TIME_MICROS') return 'other';
  switch (column.type) {
    case 'INT32':
    case 'INT64':
      return 'integer';
    case 'FLOAT':
    case 'DOUBLE':
      return 'number';
    case 'BYTE_ARRAY':
      return 'text';
    case 'INT96':
      return 'timestamp';
    default:
      return 'other';
  }
}

/** Which source types can become which canonical type without guessing. */
const ACCEPTED: Readonly<Record<(typeof TRIP_COLUMNS)[number]['type'], readonly SourceType[]>> = {
  timestamp: ['timestamp', 'text'],
  distance: ['number', 'integer', 'text'],
  code: ['integer', 'number', 'text'],
  count: ['integer', 'number', 'text'],
  amount: ['number', 'integer', 'text'],
  degrees: ['number', 'integer', 'text'],
  flag: ['text', 'integer', 'number'],
};

/**
 * Maps a file to the canonical schema.
 * @returns a refusal when the file is not for us: another data set, a required column missing or of a type that
 *   cannot be one, no rows
 */
export function readFileSchema(metadata: FileMetaData): FileSchema | Refusal {
  const columns = topLevelColumns(metadata.schema);
  const byName = new Map(columns.map((column) => [column.name.toLowerCase(), column]));
  for (const { column, dataSet } of OTHER_DATA_SETS) {
    if (byName.has(column)) {
      return {
        code: 'WRONG_DATA_SET',
        message: `these are ${dataSet} (column ${column}), not yellow-taxi trips`,
      };
    }
  }
  const mapped: MappedColumn[] = [];
  const notes: string[] = [];
  const used = new Set<SchemaElement>();
  for (const canonical of TRIP_COLUMNS) {
    const column = canonical.aliases
      .map((alias) => byName.get(alias.toLowerCase()))
      .find((found) => found !== undefined);
    if (column === undefined) {
      if (canonical.required !== true) continue;
      return {
        code: 'MISSING_COLUMN',
        message: `no column ${canonical.aliases.join(' or ')}; the file has ${columns.map(({ name }) => name).join(', ')}`,
      };
    }
    const type = sourceType(column);
    if (!ACCEPTED[canonical.type].includes(type)) {
      const found = `${column.name} is ${column.logical_type?.type ?? column.converted_type ?? column.type ?? 'nested'}`;
      if (canonical.required === true)
        return { code: 'TYPE_CLASH', message: `${found}, which cannot be a ${canonical.type}` };
      notes.push(`${found}, which cannot be a ${canonical.type}: kept in extra`);
      continue;
    }
    used.add(column);
    mapped.push({ canonical: canonical.name, source: column.name, sourceType: type });
  }
  const rows = Number(metadata.num_rows);
  if (rows === 0) return { code: 'EMPTY', message: 'the footer says 0 rows' };
  if (!Number.isSafeInteger(rows) || rows < 0)
    return { code: 'UNREADABLE', message: `the footer says ${metadata.num_rows} rows` };
  const unknown = columns
    .filter((column) => !used.has(column) && !IGNORED_COLUMNS.includes(column.name))
    .map(({ name }) => name);
  if (unknown.length > 0) notes.push(`columns not known to us, kept in extra: ${unknown.join(', ')}`);
  return { rows, columns: mapped, unknown, notes };
}

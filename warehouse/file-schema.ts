/** The schema contract: how the columns of one file, by its Parquet footer, become the canonical columns. */
import type { FileMetaData, SchemaElement } from 'hyparquet';
import { compareWithEra, type Drift, type JudgedColumn } from './drift.ts';
import { eraFor } from './eras.ts';
import { physicalType, type PhysicalType } from './physical-type.ts';
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
  physicalType: PhysicalType;
}

export interface FileSchema {
  /** Rows by the footer. */
  rows: number;
  columns: MappedColumn[];
  /** Top-level columns that we do not know, by their names in the file; kept in `extra`. */
  unknown: string[];
  /** For people: what was noticed. */
  notes: string[];
  /** How it differs from TLC's files of its month. */
  drift: Drift[];
}

/** A file that is not for us; how it differs tells why, where it is of our data set at all. */
export interface RefusedSchema {
  refusal: Refusal;
  drift: Drift[];
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

const SOURCE_TYPES: Readonly<Record<PhysicalType, SourceType>> = {
  null: 'integer',
  int32: 'integer',
  int64: 'integer',
  decimal: 'number',
  float: 'number',
  double: 'number',
  text: 'text',
  timestamp_ms: 'timestamp',
  timestamp_us: 'timestamp',
  timestamp_ns: 'timestamp',
  other: 'other',
};

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
 * @param month `YYYY-MM`, or '' for a file without one in its name
 * @returns a refusal when the file is not for us: another data set, a required column missing or of a type that
 *   cannot be one, no rows
 */
export function readFileSchema(
  metadata: FileMetaData,
  { month }: { month: string },
): FileSchema | RefusedSchema {
  const columns = topLevelColumns(metadata.schema);
  const byName = new Map(columns.map((column) => [column.name.toLowerCase(), column]));
  for (const { column, dataSet } of OTHER_DATA_SETS) {
    if (!byName.has(column)) continue;
    const message = `these are ${dataSet} (column ${column}), not yellow-taxi trips`;
    return { refusal: { code: 'WRONG_DATA_SET', message }, drift: [] };
  }
  const mapped: MappedColumn[] = [];
  const notes: string[] = [];
  const judged = new Map<SchemaElement, { canonical: string; loaded: boolean }>();
  let refusal: Refusal | undefined;
  for (const canonical of TRIP_COLUMNS) {
    const column = canonical.aliases
      .map((alias) => byName.get(alias.toLowerCase()))
      .find((found) => found !== undefined);
    if (column === undefined) {
      if (canonical.required !== true) continue;
      refusal ??= {
        code: 'MISSING_COLUMN',
        message: `no column ${canonical.aliases.join(' or ')}; the file has ${columns.map(({ name }) => name).join(', ')}`,
      };
      continue;
    }
    const type = physicalType(column);
    const loaded = ACCEPTED[canonical.type].includes(SOURCE_TYPES[type]);
    judged.set(column, { canonical: canonical.name, loaded });
    if (loaded) {
      mapped.push({
        canonical: canonical.name,
        source: column.name,
        sourceType: SOURCE_TYPES[type],
        physicalType: type,
      });
      continue;
    }
    const found = `${column.name} is ${column.logical_type?.type ?? column.converted_type ?? column.type ?? 'nested'}`;
    const clash = `${found}, which cannot be read as ${canonical.name}`;
    if (canonical.required === true) refusal ??= { code: 'TYPE_CLASH', message: clash };
    else notes.push(`${clash}: kept in extra`);
  }
  const described = columns.map((column): JudgedColumn => ({
    name: column.name,
    type: physicalType(column),
    canonical: judged.get(column)?.canonical ?? null,
    loaded: judged.get(column)?.loaded ?? false,
  }));
  const drift = compareWithEra(described, eraFor(month, described));
  const rows = Number(metadata.num_rows);
  if (rows === 0) refusal ??= { code: 'EMPTY', message: 'the footer says 0 rows' };
  if (!Number.isSafeInteger(rows) || rows < 0)
    refusal ??= { code: 'UNREADABLE', message: `the footer says ${metadata.num_rows} rows` };
  if (refusal !== undefined) return { refusal, drift };
  const unknown = described
    .filter(({ name, loaded }) => !loaded && !IGNORED_COLUMNS.includes(name))
    .map(({ name }) => name);
  const strangers = described.filter(
    ({ name, canonical }) => canonical === null && !IGNORED_COLUMNS.includes(name),
  );
  if (strangers.length > 0)
    notes.push(`columns not known to us, kept in extra: ${strangers.map(({ name }) => name).join(', ')}`);
  return { rows, columns: mapped, unknown, notes, drift };
}

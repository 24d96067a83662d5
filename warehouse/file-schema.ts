/** The schema contract: how the columns of one file, by its Parquet footer, become the canonical columns. */
import type { FileMetaData, SchemaElement } from 'hyparquet';
import { compareWithEra, type Drift, type JudgedColumn } from './drift.ts';
import { engineType } from './engine-type.ts';
import { eraFor } from './eras.ts';
import { declaredName, ROW_NUMBER } from './file-columns.ts';
import { physicalType, type PhysicalType } from './physical-type.ts';
import type { Refusal } from './refusal.ts';
import { shortList } from './short-list.ts';
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

/** A column that is read: into its canonical column, or into `extra`. */
export interface ReadColumn {
  /** Name in the file, exactly. */
  name: string;
  /** The name by which the engine is asked for it. */
  declared: string;
  /** The engine's type of it; undefined where its inference is to find it. */
  type: string | undefined;
}

export interface FileSchema {
  /** Rows by the footer. */
  rows: number;
  /** All that is read of the file. */
  read: ReadColumn[];
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
        message: `no column ${canonical.aliases.join(' or ')}; the file has ${shortList(columns.map(({ name }) => name))}`,
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
  const { read, left } = columnsToRead(columns, mapped);
  const leftOut = new Set(left.map(({ name }) => name));
  const unknown = described
    .filter(({ name, loaded }) => !loaded && !IGNORED_COLUMNS.includes(name) && !leftOut.has(name))
    .map(({ name }) => name);
  const strangers = described.filter(({ name, canonical }) => canonical === null && unknown.includes(name));
  if (strangers.length > 0)
    notes.push(`columns not known to us, kept in extra: ${shortList(strangers.map(({ name }) => name))}`);
  for (const why of new Set(left.map((column) => column.why))) {
    const names = left.filter((column) => column.why === why).map(({ name }) => JSON.stringify(name));
    notes.push(`columns that are not kept: ${shortList(names)}: ${why}`);
  }
  return { rows, read, columns: mapped, unknown, notes, drift };
}

/** What can be read of a file beside the position of its rows, and the columns that cannot, with the reason. */
function columnsToRead(
  columns: readonly SchemaElement[],
  mapped: readonly MappedColumn[],
): { read: ReadColumn[]; left: { name: string; why: string }[] } {
  const read: ReadColumn[] = [];
  const left: { name: string; why: string }[] = [];
  const names = columns.map(({ name }) => name);
  const needed = new Set(mapped.map(({ source }) => source));
  for (const column of columns) {
    const { name } = column;
    if (IGNORED_COLUMNS.includes(name)) continue;
    const declared = declaredName(name, names);
    if (name === '') left.push({ name, why: 'it has no name, and the engine reads columns by name' });
    else if (declared === undefined)
      left.push({ name, why: 'the engine has a column of this name, and the file has it in two spellings' });
    else read.push({ name, declared, type: engineType(column) });
  }
  if (!names.includes(ROW_NUMBER)) return { read, left };
  // The engine's own column of that name is hidden where the engine infers what the file has, so every column that is read needs a type; and where
  // the file's is read by another spelling, no other two may differ in spelling alone.
  const spellings = read.map(({ name }) => name.toLowerCase());
  const isTwice = new Set(spellings).size < spellings.length;
  return {
    read: read.filter(({ name, declared, type }) => {
      const why =
        name !== declared && isTwice
          ? 'the engine has a column of this name, and other columns of the file differ in the case of letters alone'
          : type === undefined && !needed.has(name)
            ? 'its type is nested or not known to us, beside a column that is named as one of the engine’s own'
            : undefined;
      if (why !== undefined) left.push({ name, why });
      return why === undefined;
    }),
    left,
  };
}

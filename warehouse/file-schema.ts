/** The schema contract: how the columns of one file, by its Parquet footer, become the canonical columns. */
import type { FileMetaData } from 'hyparquet';
import { zonesOf } from './arrow-zones.ts';
import { compareWithEra, type Drift, type JudgedColumn } from './drift.ts';
import { eraFor } from './eras.ts';
import { mapColumns, type MappedColumn } from './map-columns.ts';
import { physicalType } from './physical-type.ts';
import { columnsToRead, type ReadColumn } from './read-columns.ts';
import type { Refusal } from './refusal.ts';
import { schemaNodes } from './schema-nodes.ts';
import { shortList } from './short-list.ts';
import type { TextTimes } from './text-time.ts';
import { columnKey, IGNORED_COLUMNS, OTHER_DATA_SETS } from './trip-columns.ts';

export interface FileSchema {
  /** Rows by the footer. */
  rows: number;
  /** All that is read of the file. */
  read: ReadColumn[];
  columns: MappedColumn[];
  /** Top-level columns that we do not know, by their names in the file; kept in `extra`. */
  unknown: string[];
  /** How moments are written that are texts, as `surveyTextTimes` found; absent where it was not asked. */
  textTimes?: TextTimes;
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
  const columns = schemaNodes(metadata.schema);
  const keys = new Set(columns.map(({ name }) => columnKey(name)));
  for (const { column, dataSet } of OTHER_DATA_SETS) {
    if (!keys.has(columnKey(column))) continue;
    const message = `these are ${dataSet} (column ${column}), not yellow-taxi trips`;
    return { refusal: { code: 'WRONG_DATA_SET', message }, drift: [] };
  }
  const mapping = mapColumns(columns, { zones: zonesOf(metadata.key_value_metadata) });
  const { mapped, judged, notes } = mapping;
  let { refusal } = mapping;
  const described = columns.map((column): JudgedColumn => {
    const { canonical = null, loaded = false, zone, after } = judged.get(column) ?? {};
    return { name: column.name, type: physicalType(column), canonical, loaded, zone, after };
  });
  const drift = compareWithEra(described, eraFor(month, described));
  const rows = Number(metadata.num_rows);
  if (rows === 0) refusal ??= { code: 'EMPTY', message: 'the footer says 0 rows' };
  if (!Number.isSafeInteger(rows) || rows < 0)
    refusal ??= { code: 'UNREADABLE', message: `the footer says ${metadata.num_rows} rows` };
  if (refusal !== undefined) return { refusal, drift };
  const { read, left } = columnsToRead(columns);
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

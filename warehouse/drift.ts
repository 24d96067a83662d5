/** How a file differs from what TLC's files of its month look like. */
import { eraColumns, type Era } from './eras.ts';
import { widthChange, type PhysicalType } from './physical-type.ts';
import { IGNORED_COLUMNS, TRIP_COLUMNS } from './trip-columns.ts';

export const DRIFT_KINDS = [
  /** A column under another of its known names. */
  'RENAME',
  /** A type that holds more than the era's: `int64` → `double`. */
  'WIDENING',
  /** A type that holds less, and held every value of this file. */
  'NARROWING',
  'NEW_COLUMN',
  'LOST_COLUMN',
  /** A type that cannot become the canonical one. */
  'TYPE_CLASH',
] as const;
type DriftKind = (typeof DRIFT_KINDS)[number];

export interface Drift {
  kind: DriftKind;
  /** Its name in the file; of a lost column, in the era. */
  column: string;
  /** For people. */
  detail: string;
}

/** A top-level column of a file, and what became of it. */
export interface JudgedColumn {
  name: string;
  type: PhysicalType;
  /** Its name in `trips`; null for a column that we do not know. */
  canonical: string | null;
  /** It is read into its canonical column; if not, it is kept in `extra`. */
  loaded: boolean;
}

/** Differences that are told of one file: they are kept with it. */
const MOST_TOLD = 100;

export function compareWithEra(columns: readonly JudgedColumn[], era: Era): Drift[] {
  const drift: Drift[] = [];
  const expected = new Map(eraColumns(era).map((column) => [canonicalName(column.name), column]));
  const since = `since ${era.from}`;
  for (const { name, type, canonical, loaded } of columns) {
    const before = canonical === null ? undefined : expected.get(canonical);
    if (canonical === null) {
      if (IGNORED_COLUMNS.includes(name)) continue;
      drift.push({ kind: 'NEW_COLUMN', column: name, detail: `${type}, not known to us: kept in extra` });
    } else if (!loaded) {
      const detail = `${type} cannot become ${canonical}: kept in extra`;
      drift.push({ kind: 'TYPE_CLASH', column: name, detail });
    } else if (before === undefined) {
      const detail = `${type}, read as ${canonical}, which files ${since} do not have`;
      drift.push({ kind: 'NEW_COLUMN', column: name, detail });
    } else {
      if (before.name !== name)
        drift.push({ kind: 'RENAME', column: name, detail: `${before.name} ${since}` });
      const kind = widthChange(before.types, type);
      if (kind !== undefined)
        drift.push({ kind, column: name, detail: `${before.types.join(' or ')} ${since}, ${type} here` });
    }
  }
  const found = new Set(columns.map(({ canonical }) => canonical));
  for (const [canonical, { name, types }] of expected) {
    if (canonical === undefined || found.has(canonical)) continue;
    const detail = `${types.join(' or ')} ${since}, absent here: ${canonical} is null`;
    drift.push({ kind: 'LOST_COLUMN', column: name, detail });
  }
  const untold = drift.length - MOST_TOLD;
  if (untold <= 0) return drift;
  const detail = `and ${untold + 1} more differences, the first of this column`;
  return drift.map((one, index) => (index === MOST_TOLD - 1 ? { ...one, detail } : one)).slice(0, MOST_TOLD);
}

/** The canonical column that has ever had this name. */
function canonicalName(name: string): string | undefined {
  const lower = name.toLowerCase();
  return TRIP_COLUMNS.find(({ aliases }) => aliases.some((alias) => alias.toLowerCase() === lower))?.name;
}

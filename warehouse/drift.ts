/** How a file differs from what TLC's files of its month look like. */
import { isUtc } from './arrow-zones.ts';
import { eraColumns, type Era } from './eras.ts';
import { widthChange, type PhysicalType } from './physical-type.ts';
import { columnKey, IGNORED_COLUMNS, TRIP_COLUMNS } from './trip-columns.ts';

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
  /** A second column for the same values: read where the first is null. */
  'COALESCED',
  /** Moments of which a zone is said: instants, or texts with one. */
  'ZONE',
  /** Moments that are written as text in another shape than TLC's. */
  'TEXT_SHAPE',
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
  /** As of `JudgedAs`. */
  zone?: string | undefined;
  after?: string | undefined;
}

/** Characters of a zone's name that are shown. */
const MOST_OF_ZONE = 64;
/** Differences that are told of one file: they are kept with it. */
const MOST_TOLD = 100;

export function compareWithEra(columns: readonly JudgedColumn[], era: Era): Drift[] {
  const drift: Drift[] = columns.flatMap(zoneDrift);
  const expected = new Map(eraColumns(era).map((column) => [canonicalName(column.name), column]));
  const since = `since ${era.from}`;
  for (const { name, type, canonical, loaded, after } of columns) {
    const before = canonical === null ? undefined : expected.get(canonical);
    if (canonical === null) {
      if (IGNORED_COLUMNS.includes(name)) continue;
      drift.push({ kind: 'NEW_COLUMN', column: name, detail: `${type}, not known to us: kept in extra` });
    } else if (!loaded) {
      const detail = `${type} cannot become ${canonical}: kept in extra`;
      drift.push({ kind: 'TYPE_CLASH', column: name, detail });
    } else if (after !== undefined) {
      const detail = `${type}, read as ${canonical} in the rows where ${after} is null; other values kept in extra`;
      drift.push({ kind: 'COALESCED', column: name, detail });
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

/** How the zone of instants was judged: docs/decisions/0025. */
function zoneDrift({ name, loaded, zone }: JudgedColumn): Drift[] {
  if (!loaded || zone === undefined) return [];
  const said = zone === '' ? 'instants without a zone' : `instants with zone ${zone.slice(0, MOST_OF_ZONE)}`;
  const taken = isUtc(zone)
    ? 'taken for the wall clock, as Spark and pandas write it'
    : "read on New York's clock";
  return [{ kind: 'ZONE', column: name, detail: `${said}, ${taken}` }];
}

/** The canonical column that has ever had this name. */
function canonicalName(name: string): string | undefined {
  const key = columnKey(name);
  return TRIP_COLUMNS.find(({ aliases }) => aliases.some((alias) => columnKey(alias) === key))?.name;
}

/** Which of a file's columns become which canonical columns. */
import { isUtc } from './arrow-zones.ts';
import { engineType } from './engine-type.ts';
import { physicalType, type PhysicalType } from './physical-type.ts';
import type { Refusal } from './refusal.ts';
import type { SchemaNode } from './schema-nodes.ts';
import { shortList } from './short-list.ts';
import { columnKey, TRIP_COLUMNS, type TripColumn } from './trip-columns.ts';

/** What a file's column holds, as far as loading it cares. */
export type SourceType = 'timestamp' | 'text' | 'integer' | 'number' | 'boolean' | 'other';

export interface MappedColumn {
  /** Name in `trips`. Several columns may have the same: the first that is not null in a row is taken. */
  canonical: string;
  /** Name in the file, exactly. */
  source: string;
  sourceType: SourceType;
  physicalType: PhysicalType;
  /** Its moments are instants, to be read on New York's clock. */
  isInstant: boolean;
}

export interface JudgedAs {
  canonical: string;
  loaded: boolean;
  /** What its moments are said to be in: a zone, or '' for instants without one; undefined where nothing is said. */
  zone: string | undefined;
  /** The column of the file that is read before it. */
  after: string | undefined;
}

export interface Mapping {
  mapped: MappedColumn[];
  /** What became of each column that has a name of a canonical one. */
  judged: Map<SchemaNode, JudgedAs>;
  notes: string[];
  refusal: Refusal | undefined;
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
  boolean: 'boolean',
  other: 'other',
};

/** Which source types can become which canonical type without guessing. */
const ACCEPTED: Readonly<Record<TripColumn['type'], readonly SourceType[]>> = {
  timestamp: ['timestamp', 'text'],
  distance: ['number', 'integer', 'text'],
  code: ['integer', 'number', 'text'],
  count: ['integer', 'number', 'text'],
  amount: ['number', 'integer', 'text'],
  degrees: ['number', 'integer', 'text'],
  flag: ['text', 'integer', 'number', 'boolean'],
};

/**
 * @param columns at the top of the file's schema
 * @param zones of its instants, by column
 */
export function mapColumns(
  columns: readonly SchemaNode[],
  { zones }: { zones: ReadonlyMap<string, string> },
): Mapping {
  const mapping: Mapping = { mapped: [], judged: new Map(), notes: [], refusal: undefined };
  const names = columns.map(({ name }) => name);
  const twice = new Set(names.filter((name, index) => names.indexOf(name) !== index));
  for (const canonical of TRIP_COLUMNS) {
    const found = candidates(columns, canonical);
    if (found.length === 0 && canonical.required === true)
      mapping.refusal ??= {
        code: 'MISSING_COLUMN',
        message: `no column ${canonical.aliases.join(' or ')}; the file has ${shortList(names)}`,
      };
    let clash: string | undefined;
    let isLoaded = false;
    for (const column of found) {
      if (twice.has(column.name)) {
        const message = `the file has two columns ${column.name}, and the engine reads columns by name: write it with one of them, or under another name`;
        mapping.refusal ??= { code: 'TYPE_CLASH', message };
      }
      const why = clashOf(column, canonical);
      const zone = zoneOf(column, zones.get(column.name));
      const before = mapping.mapped.find((other) => other.canonical === canonical.name)?.source;
      mapping.judged.set(column, {
        canonical: canonical.name,
        loaded: why === undefined,
        zone,
        after: why === undefined ? before : undefined,
      });
      if (why === undefined) {
        isLoaded = true;
        mapping.mapped.push(mappedColumn(column, canonical, zone));
      } else {
        clash ??= why;
        if (canonical.required !== true || found.length > 1) mapping.notes.push(`${why}: kept in extra`);
      }
    }
    if (clash !== undefined && !isLoaded && canonical.required === true)
      mapping.refusal ??= { code: 'TYPE_CLASH', message: clash };
  }
  return mapping;
}

/** The columns with one of its names: its names of today first, and of one name the spelling that is ours. */
function candidates(columns: readonly SchemaNode[], { aliases }: TripColumn): SchemaNode[] {
  const rank = ({ name }: SchemaNode): number => {
    const exactly = aliases.indexOf(name);
    const like = aliases.findIndex((alias) => columnKey(alias) === columnKey(name));
    return exactly === -1 ? like + 0.5 : exactly;
  };
  return columns
    .filter(({ name }) => aliases.some((alias) => columnKey(alias) === columnKey(name)))
    .toSorted((one, other) => rank(one) - rank(other));
}

function clashOf(column: SchemaNode, canonical: TripColumn): string | undefined {
  const accepted = ACCEPTED[canonical.type].includes(SOURCE_TYPES[physicalType(column)]);
  if (accepted && engineType(column) !== undefined) return undefined;
  const type = column.logical_type?.type ?? column.converted_type ?? column.type ?? 'nested';
  return `${column.name} is ${type}, which cannot be read as ${canonical.name}`;
}

function mappedColumn(column: SchemaNode, canonical: TripColumn, zone: string | undefined): MappedColumn {
  const type = physicalType(column);
  return {
    canonical: canonical.name,
    source: column.name,
    sourceType: SOURCE_TYPES[type],
    physicalType: type,
    isInstant: SOURCE_TYPES[type] === 'timestamp' && zone !== undefined && !isUtc(zone),
  };
}

/** A zone stands for instants alone: what is said of moments without one means something else. */
function zoneOf(column: SchemaNode, zone: string | undefined): string | undefined {
  const logical = column.logical_type;
  if (logical?.type === 'TIMESTAMP') return logical.isAdjustedToUTC ? (zone ?? '') : undefined;
  return SOURCE_TYPES[physicalType(column)] === 'timestamp' ? zone : undefined;
}

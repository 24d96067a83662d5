/** The statements that put one file into the warehouse, built from its schema. Values are bound; the file's names end in `file-columns.ts`. */
import type { LakeObject } from '../lake/lake.ts';
import { fileColumns, type FileColumns } from './file-columns.ts';
import type { FileSchema, MappedColumn, SourceType } from './file-schema.ts';
import { EARLIEST_MICROS, PAST_LATEST_MICROS } from './pickup-domain.ts';
import { literal } from './sql-text.ts';
import { TRIP_COLUMNS, type TripColumn } from './trip-columns.ts';

function timestamp(column: string, sourceType: SourceType): string {
  if (sourceType === 'timestamp') {
    // By way of the integer, so that no server's zone and no scale (ms, µs, ns) matters.
    return `fromUnixTimestamp64Micro(toUnixTimestamp64Micro(${column}), 'UTC')`;
  }
  // The parser rolls 30 February over to March and reads bare numbers as epochs: what it read must print as it was written.
  const parsed = `toDateTime64OrNull(${column}, 6, 'UTC')`;
  return `if(substring(toString(${parsed}), 1, 19) = replaceOne(substring(${column}, 1, 19), 'T', ' '), ${parsed}, NULL)`;
}

function number(column: string, sourceType: SourceType): string {
  return sourceType === 'text' ? `toFloat64OrNull(trimBoth(${column}))` : `toFloat64(${column})`;
}

function code(column: string, sourceType: SourceType, codes: TripColumn['codes']): string {
  if (sourceType !== 'text') return `accurateCastOrNull(${column}, 'Int32')`;
  const digits = `accurateCastOrNull(toFloat64OrNull(trimBoth(${column})), 'Int32')`;
  if (codes === undefined) return digits;
  const texts = Object.keys(codes).map(literal).join(', ');
  const numbers = Object.values(codes)
    .map((value) => `toNullable(toInt32(${value}))`)
    .join(', ');
  return `transform(upper(trimBoth(${column})), [${texts}], [${numbers}], ${digits})`;
}

/** 2009 and 2010 wrote 0 and 1 for N and Y in some months. */
function flag(column: string, sourceType: SourceType): string {
  const text = sourceType === 'text' ? `trimBoth(${column})` : `toString(${column})`;
  return `transform(${text}, ['0', '1', '0.0', '1.0', ''], ['N', 'Y', 'N', 'Y', NULL], ${text})`;
}

type NameOf = FileColumns['of'];

function expression(canonical: TripColumn, mapped: MappedColumn | undefined, nameOf: NameOf): string {
  if (mapped === undefined) return 'NULL';
  const column = nameOf(mapped.source);
  switch (canonical.type) {
    case 'timestamp':
      return timestamp(column, mapped.sourceType);
    case 'code':
    case 'count':
      return code(column, mapped.sourceType, canonical.codes);
    case 'flag':
      return flag(column, mapped.sourceType);
    case 'distance':
    case 'amount':
    case 'degrees':
      return number(column, mapped.sourceType);
  }
}

/**
 * True where a value of a known column became NULL (vendor `DDS`, a fractional count, 31 February); undefined for a column of
 * which that cannot be. A required column's misfits are rejected rows, which keep what was written.
 */
function misfit(canonical: TripColumn, mapped: MappedColumn, nameOf: NameOf): string | undefined {
  if (canonical.required === true || canonical.type === 'flag') return undefined;
  const column = nameOf(mapped.source);
  const lost = `isNull(${expression(canonical, mapped, nameOf)})`;
  if (mapped.sourceType === 'text') return `${lost} AND notEmpty(trimBoth(${column}))`;
  const whole = canonical.type === 'code' || canonical.type === 'count';
  const fits = mapped.physicalType === 'int32' || mapped.physicalType === 'null';
  return whole && !fits ? `${lost} AND isNotNull(${column})` : undefined;
}

/**
 * Unknown columns, and values of known ones that fit no canonical type: nothing is lost. The map is only built for the rows
 * that have something in it (functions in `if` are evaluated for the rows that need them alone).
 */
function extra(schema: FileSchema, nameOf: NameOf): string {
  const kept = schema.unknown.map((name) => ({ name, when: `isNotNull(${nameOf(name)})` }));
  for (const mapped of schema.columns) {
    const canonical = TRIP_COLUMNS.find(({ name }) => name === mapped.canonical);
    const when = canonical === undefined ? undefined : misfit(canonical, mapped, nameOf);
    if (when !== undefined) kept.push({ name: mapped.source, when });
  }
  const none = `CAST(map(), 'Map(LowCardinality(String), String)')`;
  if (kept.length === 0) return none;
  const entries = kept.map(
    ({ name, when }) => `(${literal(name)}, if(${when}, toString(${nameOf(name)}), NULL))`,
  );
  const present = `arrayFilter(entry -> isNotNull(entry.2), [${entries.join(', ')}])`;
  const built = `mapFromArrays(arrayMap(entry -> entry.1, ${present}), arrayMap(entry -> assumeNotNull(entry.2), ${present}))`;
  const any = kept.map(({ when }) => `(${when})`).join(' OR ');
  return `if(${any}, CAST(${built}, 'Map(LowCardinality(String), String)'), ${none})`;
}

/** Names in the statements below. Only `fileColumns` sees names of the file. */
const PICKUP = 'c0';
const DISTANCE = 'c2';

/** What makes a row a trip; its negation rejects it. Never NULL. */
const NO_PICKUP = `isNull(${PICKUP})`;
const PICKUP_OUT_OF_RANGE =
  `(ifNull(toUnixTimestamp64Micro(${PICKUP}), 0) < ${EARLIEST_MICROS}` +
  ` OR ifNull(toUnixTimestamp64Micro(${PICKUP}), 0) >= ${PAST_LATEST_MICROS})`;
const NO_DISTANCE = `isNull(${DISTANCE})`;
const DISTANCE_NOT_FINITE = `NOT isFinite(ifNull(${DISTANCE}, 0))`;
const REJECTED = [NO_PICKUP, PICKUP_OUT_OF_RANGE, NO_DISTANCE, DISTANCE_NOT_FINITE].join(' OR ');

function expressionOf(schema: FileSchema, canonical: TripColumn, nameOf: NameOf): string {
  return expression(canonical, mappedTo(schema, canonical), nameOf);
}

function mappedTo({ columns }: FileSchema, { name }: TripColumn): MappedColumn | undefined {
  return columns.find(({ canonical }) => canonical === name);
}

/** Parameter: load_id. */
export function insertTripsSql(schema: FileSchema, file: LakeObject): string {
  return `INSERT INTO trips (${TRIP_COLUMNS.map(({ name }) => name).join(', ')}, extra, row_number, load_id)
${selectTripsSql(schema, file)}`;
}

/** What is inserted into `trips`. Parameter: load_id. */
export function selectTripsSql(schema: FileSchema, file: LakeObject): string {
  const mapped = schema.columns.map(({ source }) => source);
  const columns = fileColumns(schema.read, file, [...mapped, ...schema.unknown]);
  const outer = TRIP_COLUMNS.map(({ required }, index) =>
    required === true ? `assumeNotNull(c${index})` : `c${index}`,
  );
  const inner = TRIP_COLUMNS.map(
    (canonical, index) => `${expressionOf(schema, canonical, columns.of)} AS c${index}`,
  );
  return `SELECT ${outer.join(', ')}, unknown_columns, file_row, {load_id:UUID}
FROM (
  SELECT ${inner.join(',\n    ')},
    ${extra(schema, columns.of)} AS unknown_columns,
    ${columns.rowNumber} AS file_row
  FROM ${columns.sql}
)
WHERE NOT (${REJECTED})`;
}

/** A file's pickups and distances, as the load reads them and as they are written, with the number of their row. */
function pickupsAndDistances(schema: FileSchema, file: LakeObject): string {
  const [pickup, , distance] = TRIP_COLUMNS;
  if (pickup?.name !== 'tpep_pickup_datetime' || distance?.name !== 'trip_distance')
    throw new Error('column order');
  const sources = [pickup, distance].flatMap((canonical) => mappedTo(schema, canonical)?.source ?? []);
  const columns = fileColumns(schema.read, file, sources);
  const written = (canonical: TripColumn): string => {
    const source = mappedTo(schema, canonical)?.source;
    return `toString(${source === undefined ? 'NULL' : columns.of(source)})`;
  };
  return `(
  SELECT ${expressionOf(schema, pickup, columns.of)} AS ${PICKUP}, ${expressionOf(schema, distance, columns.of)} AS ${DISTANCE},
    ${written(pickup)} AS written_pickup,
    ${written(distance)} AS written_distance,
    ${columns.rowNumber} AS file_row
  FROM ${columns.sql}
)`;
}

/**
 * Of the file itself, what `prove_load` finds of the load: `rows`, `checksum`. Reads two columns. The same expressions and the
 * same rejections as the load, and nothing of what the load wrote.
 */
export function proveFileSql(schema: FileSchema, file: LakeObject): string {
  return `SELECT count() AS rows,
  sum(cityHash64(file_row, assumeNotNull(${PICKUP}), assumeNotNull(${DISTANCE}))) AS checksum
FROM ${pickupsAndDistances(schema, file)}
WHERE NOT (${REJECTED})`;
}

/** Parameters: load_id, source, filename. */
export function insertRejectedRowsSql(schema: FileSchema, file: LakeObject): string {
  return `INSERT INTO rejected_rows (load_id, source, filename, row_number, reason, tpep_pickup_datetime, trip_distance)
SELECT {load_id:UUID}, {source:String}, {filename:String}, file_row,
  multiIf(${NO_PICKUP}, 'no pickup time', ${PICKUP_OUT_OF_RANGE}, 'pickup time before 1900 or after 2299-12-30',
    ${NO_DISTANCE}, 'no distance', 'distance is not a finite number'),
  written_pickup, written_distance
FROM ${pickupsAndDistances(schema, file)}
WHERE ${REJECTED}`;
}

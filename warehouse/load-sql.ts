/** The statements that put one file into the warehouse, built from its schema. Values are bound; the file's names end in `file-columns.ts`. */
import type { LakeObject } from '../lake/lake.ts';
import { canonicalValue, misfit } from './column-values.ts';
import { fileColumns, type FileColumns } from './file-columns.ts';
import type { FileSchema } from './file-schema.ts';
import type { MappedColumn } from './map-columns.ts';
import { EARLIEST_MICROS, PAST_LATEST_MICROS } from './pickup-domain.ts';
import { literal } from './sql-text.ts';
import { ANY_SHAPE } from './text-time.ts';
import { TRIP_COLUMNS, type TripColumn } from './trip-columns.ts';

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

/** A column of the file that becomes a canonical one, in a SELECT from `fileColumns`. */
interface Source {
  mapped: MappedColumn;
  canonical: TripColumn;
  /** Its name there. */
  column: string;
  /** The name of its canonical value. */
  value: string;
}

/** @param names of canonical columns */
function sourcesOf({ columns }: FileSchema, nameOf: FileColumns['of'], names?: readonly string[]): Source[] {
  return columns.flatMap((mapped, index) => {
    const canonical = TRIP_COLUMNS.find(({ name }) => name === mapped.canonical);
    if (canonical === undefined || names?.includes(canonical.name) === false) return [];
    return [{ mapped, canonical, column: nameOf(mapped.source), value: `v${index}` }];
  });
}

const valueOf = (
  { canonical, mapped, column, value }: Source,
  { textTimes: texts = ANY_SHAPE }: FileSchema,
): string => `${canonicalValue(canonical, mapped, { column, texts })} AS ${value}`;

/** Of several columns the first that is not null in a row. */
function chosen(sources: readonly Source[], { name }: TripColumn): string {
  const values = sources.filter(({ canonical }) => canonical.name === name).map(({ value }) => value);
  return values.length > 1 ? `coalesce(${values.join(', ')})` : (values[0] ?? 'NULL');
}

/**
 * What is kept in `extra`: unknown columns, values of known ones that fit no canonical type, and values beside which another column's was chosen: nothing is
 * lost. The map is only built for the rows that have something in it (functions in `if` are evaluated for the rows that need them alone).
 */
function extra(schema: FileSchema, sources: readonly Source[], nameOf: FileColumns['of']): string {
  const kept = schema.unknown.map((name) => ({
    name,
    column: nameOf(name),
    when: `isNotNull(${nameOf(name)})`,
  }));
  for (const source of sources) {
    const { mapped, column } = source;
    const when = keptWhen(source, sources);
    if (when !== undefined) kept.push({ name: mapped.source, column, when });
  }
  const none = `CAST(map(), 'Map(LowCardinality(String), String)')`;
  if (kept.length === 0) return none;
  const entries = kept.map(
    ({ name, column, when }) =>
      `(${literal(name)}, if(${when}, ${isBytes(schema, name) ? bytesAsText(column) : `toString(${column})`}, NULL))`,
  );
  const present = `arrayFilter(entry -> isNotNull(entry.2), [${entries.join(', ')}])`;
  const built = `mapFromArrays(arrayMap(entry -> entry.1, ${present}), arrayMap(entry -> assumeNotNull(entry.2), ${present}))`;
  const any = kept.map(({ when }) => `(${when})`).join(' OR ');
  return `if(${any}, CAST(${built}, 'Map(LowCardinality(String), String)'), ${none})`;
}

function keptWhen(source: Source, sources: readonly Source[]): string | undefined {
  const { canonical, value } = source;
  const others = sources.filter((other) => other.canonical === canonical && other !== source);
  // A required column's misfits are rejected rows, which keep what was written; with another column beside it the row may be none.
  const lost =
    canonical.required === true && others.length === 0 ? undefined : misfit(canonical, source.mapped, source);
  if (others.length === 0) return lost;
  const passedOver = `ifNull(${value} != ${chosen(sources, canonical)}, 0)`;
  return lost === undefined ? passedOver : `ifNull(${lost}, 0) OR ${passedOver}`;
}

const isBytes = ({ read }: FileSchema, name: string): boolean =>
  read.some(
    (column) =>
      column.name === name && !column.isInt96 && /^Nullable\((String|FixedString)/.test(column.type),
  );

/** Bytes that are no text as their hexadecimal digits: a geometry, for one. */
const bytesAsText = (column: string): string =>
  `if(isValidUTF8(${column}), toString(${column}), concat('0x', hex(${column})))`;

/** Parameter: load_id. */
export function insertTripsSql(schema: FileSchema, file: LakeObject): string {
  return `INSERT INTO trips (${TRIP_COLUMNS.map(({ name }) => name).join(', ')}, extra, row_number, load_id)
${selectTripsSql(schema, file)}`;
}

/** What is inserted into `trips`. Parameter: load_id. */
export function selectTripsSql(schema: FileSchema, file: LakeObject): string {
  const mapped = schema.columns.map(({ source }) => source);
  const columns = fileColumns(schema.read, file, [...mapped, ...schema.unknown]);
  const sources = sourcesOf(schema, columns.of);
  const outer = TRIP_COLUMNS.map(({ required }, index) =>
    required === true ? `assumeNotNull(c${index})` : `c${index}`,
  );
  const inner = [
    ...sources.map((source) => valueOf(source, schema)),
    ...TRIP_COLUMNS.map((canonical, index) => `${chosen(sources, canonical)} AS c${index}`),
  ];
  return `SELECT ${outer.join(', ')}, unknown_columns, file_row, {load_id:UUID}
FROM (
  SELECT ${inner.join(',\n    ')},
    ${extra(schema, sources, columns.of)} AS unknown_columns,
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
  const needed = schema.columns.filter(({ canonical }) => [pickup.name, distance.name].includes(canonical));
  const columns = fileColumns(
    schema.read,
    file,
    needed.map(({ source }) => source),
  );
  const sources = sourcesOf({ ...schema, columns: needed }, columns.of);
  const written = (canonical: TripColumn): string => {
    const texts = sources
      .filter((one) => one.canonical === canonical)
      .map(({ column }) => `toString(${column})`);
    return `coalesce(${['NULL', ...texts].join(', ')})`;
  };
  return `(
  SELECT ${[...sources.map((source) => valueOf(source, schema)), `${chosen(sources, pickup)} AS ${PICKUP}`, `${chosen(sources, distance)} AS ${DISTANCE}`].join(', ')},
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

/** ClickHouse's type of a Parquet column, as its own schema inference would choose it. */
import type { SchemaNode } from './schema-nodes.ts';
import { identifier } from './sql-text.ts';

const SCALES = { MILLIS: 3, MICROS: 6, NANOS: 9 } as const;
const MOST_DIGITS = 76;
/** Annotations with which bytes are read as the text that they are. */
const TEXTS: readonly (string | undefined)[] = [undefined, 'STRING', 'ENUM', 'JSON'];
const TEXT_CONVERSIONS: readonly (string | undefined)[] = [undefined, 'UTF8', 'ENUM', 'JSON'];
const FIXED_CONVERSIONS: readonly (string | undefined)[] = [undefined, 'INTERVAL'];

/**
 * @returns undefined for what the engine does not read, or not always: repeated columns that are no list, geometries, BSON, lists written in an
 *   old way and others
 */
export function engineType(column: SchemaNode): string | undefined {
  if (column.repetition_type === 'REPEATED' || isUnknownAnnotation(column)) return undefined;
  if (column.children.length > 0) return groupType(column);
  const plain = plainType(column);
  return plain === undefined ? undefined : `Nullable(${plain})`;
}

/** One of the format's that came later than the parser. */
const isUnknownAnnotation = ({ logical_type: logical }: SchemaNode): boolean =>
  logical !== undefined && logical.type === undefined && Object.keys(logical).length > 0;

/** No group can be null in the engine: a list without a value is an empty one. */
function groupType(column: SchemaNode): string | undefined {
  const { children, logical_type: logical, converted_type: converted } = column;
  const kind = logical?.type ?? converted;
  if (kind === 'LIST') {
    const element = repeatedFields(children, 1)?.[0];
    const type = element === undefined ? undefined : engineType(element);
    return type === undefined ? undefined : `Array(${type})`;
  }
  if (kind === 'MAP' || kind === 'MAP_KEY_VALUE') {
    const [key, value] = repeatedFields(children, 2) ?? [];
    const keyType = key === undefined || key.children.length > 0 ? undefined : plainType(key);
    const valueType = value === undefined ? undefined : engineType(value);
    return keyType === undefined || valueType === undefined ? undefined : `Map(${keyType}, ${valueType})`;
  }
  if (kind !== undefined) return undefined;
  const fields = children.map((child) => ({ name: child.name, type: engineType(child) }));
  const names = new Set(fields.map(({ name }) => name));
  if (names.size < fields.length || names.has('') || fields.some(({ type }) => type === undefined))
    return undefined;
  return `Tuple(${fields.map(({ name, type }) => `${identifier(name)} ${type}`).join(', ')})`;
}

/** The fields of the one repeated group that a list or a map has. */
function repeatedFields([group, ...others]: readonly SchemaNode[], count: number): SchemaNode[] | undefined {
  const isOne = group?.repetition_type === 'REPEATED' && others.length === 0;
  return isOne && group.children.length === count ? group.children : undefined;
}

function plainType(column: SchemaNode): string | undefined {
  const { logical_type: logical, converted_type: converted } = column;
  if (logical?.type === 'TIMESTAMP' || logical?.type === 'TIME') return moment(SCALES[logical.unit]);
  if (converted === 'TIMESTAMP_MILLIS' || converted === 'TIME_MILLIS') return moment(SCALES.MILLIS);
  if (converted === 'TIMESTAMP_MICROS' || converted === 'TIME_MICROS') return moment(SCALES.MICROS);
  if (logical?.type === 'DATE' || converted === 'DATE') return 'Date32';
  if (logical?.type === 'DECIMAL' || converted === 'DECIMAL') return decimal(column);
  switch (column.type) {
    case 'BOOLEAN':
      return 'Bool';
    case 'INT32':
    case 'INT64':
      return integer(column);
    case 'INT96':
      // As its bytes: the engine refuses a whole file for one moment that nanoseconds cannot hold.
      return 'FixedString(12)';
    case 'FLOAT':
      return 'Float32';
    case 'DOUBLE':
      return 'Float64';
    case 'BYTE_ARRAY':
      return TEXTS.includes(logical?.type) && TEXT_CONVERSIONS.includes(converted) ? 'String' : undefined;
    case 'FIXED_LEN_BYTE_ARRAY':
      return fixedLength(column);
    default:
      return undefined;
  }
}

function fixedLength({
  type_length: length = 0,
  logical_type: logical,
  converted_type: converted,
}: SchemaNode): string | undefined {
  if (logical?.type === 'UUID') return length === 16 ? 'UUID' : undefined;
  if (logical?.type === 'FLOAT16') return length === 2 ? 'Float32' : undefined;
  return length > 0 && logical === undefined && FIXED_CONVERSIONS.includes(converted)
    ? `FixedString(${length})`
    : undefined;
}

const moment = (scale: number | undefined): string | undefined =>
  scale === undefined ? undefined : `DateTime64(${scale}, 'UTC')`;

function integer({ type, logical_type: logical, converted_type: converted }: SchemaNode): string | undefined {
  const width = type === 'INT32' ? 32 : 64;
  if (logical?.type === 'INTEGER') return `${logical.isSigned ? '' : 'U'}Int${logical.bitWidth}`;
  if (logical !== undefined && logical.type !== 'NULL') return undefined;
  if (converted === undefined) return `Int${width}`;
  const [, unsigned, bits] = /^(U?)INT_(8|16|32|64)$/.exec(converted) ?? [];
  return bits === undefined ? undefined : `${unsigned}Int${bits}`;
}

function decimal({ precision, scale = 0, logical_type: logical }: SchemaNode): string | undefined {
  const digits = logical?.type === 'DECIMAL' ? logical.precision : precision;
  const behind = logical?.type === 'DECIMAL' ? logical.scale : scale;
  const isOne =
    digits !== undefined && digits >= 1 && digits <= MOST_DIGITS && behind >= 0 && behind <= digits;
  return isOne ? `Decimal(${digits}, ${behind})` : undefined;
}

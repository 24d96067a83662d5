/** ClickHouse's type of a Parquet column, as its own schema inference would choose it. */
import type { SchemaElement } from 'hyparquet';

const TEXTS: readonly (string | undefined)[] = [undefined, 'STRING', 'ENUM'];
const TEXT_CONVERSIONS: readonly (string | undefined)[] = [undefined, 'UTF8', 'ENUM'];
const SCALES = { MILLIS: 3, MICROS: 6, NANOS: 9 } as const;
const MOST_DIGITS = 76;

/**
 * @returns undefined for what we do not name a type for, so that only the engine's inference can read it: nested and repeated columns, times of
 *   day, UUIDs, JSON and others
 */
export function engineType(column: SchemaElement): string | undefined {
  if (column.num_children !== undefined && column.num_children > 0) return undefined;
  if (column.repetition_type === 'REPEATED') return undefined;
  const plain = plainType(column);
  return plain === undefined ? undefined : `Nullable(${plain})`;
}

function plainType(column: SchemaElement): string | undefined {
  const { logical_type: logical, converted_type: converted } = column;
  if (logical?.type === 'TIMESTAMP') return moment(SCALES[logical.unit]);
  if (converted === 'TIMESTAMP_MILLIS') return moment(SCALES.MILLIS);
  if (converted === 'TIMESTAMP_MICROS') return moment(SCALES.MICROS);
  if (logical?.type === 'DATE' || converted === 'DATE') return 'Date32';
  if (logical?.type === 'DECIMAL' || converted === 'DECIMAL') return decimal(column);
  switch (column.type) {
    case 'BOOLEAN':
      return 'Bool';
    case 'INT32':
    case 'INT64':
      return integer(column);
    case 'INT96':
      return moment(SCALES.NANOS);
    case 'FLOAT':
      return 'Float32';
    case 'DOUBLE':
      return 'Float64';
    case 'BYTE_ARRAY':
      return TEXTS.includes(logical?.type) && TEXT_CONVERSIONS.includes(converted) ? 'String' : undefined;
    default:
      return undefined;
  }
}

const moment = (scale: number | undefined): string | undefined =>
  scale === undefined ? undefined : `DateTime64(${scale}, 'UTC')`;

function integer({
  type,
  logical_type: logical,
  converted_type: converted,
}: SchemaElement): string | undefined {
  const width = type === 'INT32' ? 32 : 64;
  if (logical?.type === 'INTEGER') return `${logical.isSigned ? '' : 'U'}Int${logical.bitWidth}`;
  if (logical !== undefined && logical.type !== 'NULL') return undefined;
  if (converted === undefined) return `Int${width}`;
  const [, unsigned, bits] = /^(U?)INT_(8|16|32|64)$/.exec(converted) ?? [];
  return bits === undefined ? undefined : `${unsigned}Int${bits}`;
}

function decimal({ precision, scale = 0, logical_type: logical }: SchemaElement): string | undefined {
  const digits = logical?.type === 'DECIMAL' ? logical.precision : precision;
  const behind = logical?.type === 'DECIMAL' ? logical.scale : scale;
  const isOne =
    digits !== undefined && digits >= 1 && digits <= MOST_DIGITS && behind >= 0 && behind <= digits;
  return isOne ? `Decimal(${digits}, ${behind})` : undefined;
}

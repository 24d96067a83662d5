/** What a Parquet column is written as. https://github.com/apache/parquet-format/blob/master/LogicalTypes.md */
import type { SchemaElement } from 'hyparquet';

export type PhysicalType =
  /** Nothing but nulls, and no type: Arrow's null type, written as an annotated INT32. */
  | 'null'
  | 'int32'
  | 'int64'
  | 'decimal'
  | 'float'
  | 'double'
  | 'text'
  | 'timestamp_ms'
  | 'timestamp_us'
  | 'timestamp_ns'
  | 'boolean'
  /** Dates, times, fixed-length bytes, lists, groups: nothing that a trip has. */
  | 'other';

const TIMESTAMP_UNITS = { MILLIS: 'timestamp_ms', MICROS: 'timestamp_us', NANOS: 'timestamp_ns' } as const;

export function physicalType(column: SchemaElement): PhysicalType {
  if (column.num_children !== undefined && column.num_children > 0) return 'other';
  if (column.repetition_type === 'REPEATED') return 'other';
  const logical = column.logical_type;
  switch (logical?.type) {
    case 'NULL':
      return 'null';
    case 'TIMESTAMP':
      return TIMESTAMP_UNITS[logical.unit] ?? 'other';
    case 'DECIMAL':
      return 'decimal';
    case 'FLOAT16':
      return 'float';
    case undefined:
    case 'STRING':
    case 'ENUM':
    case 'JSON':
    case 'INTEGER':
      break;
    default:
      return 'other';
  }
  switch (column.converted_type) {
    case 'TIMESTAMP_MILLIS':
      return 'timestamp_ms';
    case 'TIMESTAMP_MICROS':
      return 'timestamp_us';
    case 'DECIMAL':
      return 'decimal';
    case 'DATE':
    case 'TIME_MILLIS':
    case 'TIME_MICROS':
      return 'other';
    default:
  }
  switch (column.type) {
    case 'INT32':
      return unsigned(column) ? 'int64' : 'int32';
    case 'INT64':
      return 'int64';
    case 'FLOAT':
      return 'float';
    case 'DOUBLE':
      return 'double';
    case 'BYTE_ARRAY':
      return 'text';
    case 'INT96':
      return 'timestamp_ns';
    case 'BOOLEAN':
      return 'boolean';
    default:
      return 'other';
  }
}

/** 32 bits without a sign need more than 32 bits with one. */
function unsigned({ logical_type: logical, converted_type: converted }: SchemaElement): boolean {
  return (
    converted === 'UINT_32' || (logical?.type === 'INTEGER' && !logical.isSigned && logical.bitWidth === 32)
  );
}

/** Each type can hold what those of the same kind before it hold, and text holds anything that can be written down. */
const WIDTH: Readonly<Record<PhysicalType, number>> = {
  null: 0,
  boolean: 1,
  int32: 1,
  int64: 2,
  decimal: 3,
  float: 4,
  double: 5,
  timestamp_ms: 1,
  timestamp_us: 2,
  timestamp_ns: 3,
  text: 9,
  other: 10,
};

/** Whether a column that was one of `expected` holds more or less as `found`; undefined when nothing changed. */
export function widthChange(
  expected: readonly PhysicalType[],
  found: PhysicalType,
): 'WIDENING' | 'NARROWING' | undefined {
  // A column without a value fits every type.
  if (found === 'null' || expected.includes(found)) return undefined;
  return WIDTH[found] > Math.max(...expected.map((type) => WIDTH[type])) ? 'WIDENING' : 'NARROWING';
}

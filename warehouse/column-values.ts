/** What the values of a file's column are in a canonical column, in SQL. A value that cannot be one is NULL. */
import type { MappedColumn } from './map-columns.ts';
import { isInDomain, microsOfMillis, momentOf, onNewYorksClock } from './moments.ts';
import { literal } from './sql-text.ts';
import { momentOfText, type TextTimes } from './text-time.ts';
import type { TripColumn } from './trip-columns.ts';

/**
 * @param column SQL of the file's column
 * @param texts how the file's moments are written, where they are texts
 */
export function canonicalValue(
  canonical: TripColumn,
  mapped: MappedColumn,
  { column, texts }: { column: string; texts: TextTimes },
): string {
  switch (canonical.type) {
    case 'timestamp':
      return timestamp(canonical, mapped, { column, texts });
    case 'code':
    case 'count':
      return code(column, mapped, canonical.codes);
    case 'flag':
      return flag(column, mapped);
    case 'distance':
    case 'amount':
    case 'degrees':
      return number(column, mapped);
  }
}

/**
 * Of a column that is not required, a moment that is none we can ask for is NULL: a sentinel, as year 1. A required one's row is rejected for what it is.
 */
function timestamp(
  { required }: TripColumn,
  mapped: MappedColumn,
  { column, texts }: { column: string; texts: TextTimes },
): string {
  const moment =
    mapped.sourceType === 'text' ? momentOfText(column, texts) : momentOf(wallClock(column, mapped));
  if (required === true) return moment;
  return `if(${isInDomain(`toUnixTimestamp64Micro(${moment})`)}, ${moment}, NULL)`;
}

/** By way of the integer, so that no server's zone and no scale (ms, µs, ns) matters. */
function wallClock(column: string, { physicalType, isInstant }: MappedColumn): string {
  const micros =
    physicalType === 'timestamp_ms' ? microsOfMillis(column) : `toUnixTimestamp64Micro(${column})`;
  return isInstant ? onNewYorksClock(micros) : micros;
}

/** Also the line's end of a CSV file that was cut at the wrong place. */
const trimmed = (column: string): string => `trimBoth(${column}, ' \\t\\r\\n')`;

/** A decimal by way of its text: the double that is nearest to what was written, as `precise_float_parsing` reads it. */
function number(column: string, { sourceType, physicalType }: MappedColumn): string {
  if (sourceType === 'text') return `toFloat64OrNull(${trimmed(column)})`;
  return physicalType === 'decimal' ? `toFloat64OrNull(toString(${column}))` : `toFloat64(${column})`;
}

function code(column: string, { sourceType }: MappedColumn, codes: TripColumn['codes']): string {
  if (sourceType !== 'text') return `accurateCastOrNull(${column}, 'Int32')`;
  const digits = `accurateCastOrNull(toFloat64OrNull(${trimmed(column)}), 'Int32')`;
  if (codes === undefined) return digits;
  const texts = Object.keys(codes).map(literal).join(', ');
  const numbers = Object.values(codes)
    .map((value) => `toNullable(toInt32(${value}))`)
    .join(', ');
  return `transform(upper(${trimmed(column)}), [${texts}], [${numbers}], ${digits})`;
}

/** 2009 and 2010 wrote 0 and 1 for N and Y in some months; others write booleans. */
function flag(column: string, { sourceType }: MappedColumn): string {
  const text = sourceType === 'text' ? trimmed(column) : `toString(${column})`;
  const known = ['0', '1', '0.0', '1.0', ''].map(literal).join(', ');
  if (sourceType === 'boolean') return `transform(${text}, ['false', 'true'], ['N', 'Y'], ${text})`;
  return `transform(${text}, [${known}], ['N', 'Y', 'N', 'Y', NULL], ${text})`;
}

/**
 * True where a value of a known column became NULL (vendor `DDS`, a fractional count, 31 February); undefined for a column of
 * which that cannot be.
 * @param value SQL of what `canonicalValue` gives
 */
export function misfit(
  canonical: TripColumn,
  mapped: MappedColumn,
  { column, value }: { column: string; value: string },
): string | undefined {
  if (canonical.type === 'flag') return undefined;
  const lost = `isNull(${value})`;
  if (mapped.sourceType === 'text') return `${lost} AND notEmpty(${trimmed(column)})`;
  const whole = canonical.type === 'code' || canonical.type === 'count';
  const fits = mapped.physicalType === 'int32' || mapped.physicalType === 'null';
  const mayBeLost = canonical.type === 'timestamp' || (whole && !fits);
  return mayBeLost ? `${lost} AND isNotNull(${column})` : undefined;
}

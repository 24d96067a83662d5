/** Wall-clock moments without a zone, as microseconds since 1970-01-01T00:00:00 on that same clock. */

const PATTERN = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?)?$/;
const MICROS_PER_MILLI = 1000n;

/** Says in its message what would be right. */
export class LocalDateTimeError extends Error {
  override name = 'LocalDateTimeError';
}

/**
 * Parses ISO 8601 without a zone: `2024-01-31`, `2024-01-31T08:30`, `2024-01-31T08:30:00.000001`, and SQL's form with a space for the T.
 * @returns microseconds since 1970
 * @throws LocalDateTimeError for a zone, an impossible date or time, or anything else
 */
export function parseLocalDateTime(text: string): bigint {
  const shown = JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
  const match = PATTERN.exec(text);
  if (match === null) {
    if (/^\d{4}-\d{2}-\d{2}[T ].*(?:[Zz]|[+-]\d{2}:?\d{2})$/.test(text)) {
      throw new LocalDateTimeError(
        `${shown} has a zone: write New York's wall-clock time without Z or an offset, as in 2024-01-31T08:30:00`,
      );
    }
    if (/\.\d{7,}$/.test(text)) {
      throw new LocalDateTimeError(
        `${shown} is finer than a microsecond: write at most 6 digits after the point`,
      );
    }
    throw new LocalDateTimeError(`${shown} is not a local date and time: write it as in 2024-01-31T08:30:00`);
  }
  const [, year, month, day, hour = '00', minute = '00', second = '00', fraction = ''] = match;
  const date = new Date(`${year}-${month}-${day}T00:00:00.000Z`);
  // Date rolls 30 February over to March.
  if (Number.isNaN(date.getTime()) || date.getUTCDate() !== Number(day)) {
    throw new LocalDateTimeError(`${shown} is no date of the calendar`);
  }
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) {
    throw new LocalDateTimeError(`${shown} is no time of a day: hours go to 23, minutes and seconds to 59`);
  }
  const seconds = BigInt(Number(hour) * 3600 + Number(minute) * 60 + Number(second));
  return BigInt(date.getTime()) * MICROS_PER_MILLI + seconds * 1_000_000n + BigInt(fraction.padEnd(6, '0'));
}

/** ISO 8601 without a zone; a fraction of zero is left out. The inverse of `parseLocalDateTime`. */
export function formatLocalDateTime(micros: bigint): string {
  return formatForWarehouse(micros)
    .replace(' ', 'T')
    .replace(/\.000000$/, '');
}

/** ClickHouse's notation, `YYYY-MM-DD hh:mm:ss.ffffff`; for years 0 to 9999. */
export function formatForWarehouse(micros: bigint): string {
  const fraction = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const date = new Date(Number((micros - fraction) / MICROS_PER_MILLI));
  return `${date.toISOString().slice(0, 19).replace('T', ' ')}.${fraction.toString().padStart(6, '0')}`;
}

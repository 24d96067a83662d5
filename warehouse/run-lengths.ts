/** The RLE and bit-packing hybrid of levels and dictionary indices. https://parquet.apache.org/docs/file-format/data-pages/encodings/ */

export interface Runs {
  /** How many of the values are 1; only counted where the width is 1. */
  ones: number;
  /** A run holds no value at all. */
  empty: boolean;
  /** Behind the last run that was needed. */
  end: number;
}

/**
 * Goes from run to run until `values` are counted; the last run may hold more (a packed one holds a multiple of eight).
 * @param width bits of a value
 * @returns undefined when the bytes [start, end) are no such runs, or end before
 */
export function countRuns(
  bytes: Uint8Array,
  { start, end, width, values }: { start: number; end: number; width: number; values: number },
): Runs | undefined {
  let at = start;
  let counted = 0;
  let ones = 0;
  let empty = false;
  while (counted < values) {
    let header = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = at < end ? bytes[at] : undefined;
      if (byte === undefined || factor > 2 ** 28) return undefined;
      at += 1;
      header += (byte & 0x7f) * factor;
      if (byte < 0x80) break;
    }
    const count = Math.floor(header / 2);
    empty ||= count === 0;
    const packed = header % 2 === 1;
    const size = packed ? count * width : Math.ceil(width / 8);
    if (at + size > end) return undefined;
    const length = packed ? count * 8 : count;
    if (width === 1)
      ones += packed
        ? bitsSet(bytes, at, Math.min(length, values - counted))
        : onesOf(bytes[at], Math.min(length, values - counted));
    at += size;
    counted += length;
  }
  return { ones, empty, end: at };
}

const onesOf = (value: number | undefined, length: number): number => (value === 1 ? length : 0);

function bitsSet(bytes: Uint8Array, start: number, bits: number): number {
  let ones = 0;
  for (let bit = 0; bit < bits; bit += 1) ones += ((bytes[start + (bit >> 3)] ?? 0) >> (bit & 7)) & 1;
  return ones;
}

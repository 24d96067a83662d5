/** Whether the bytes of a page can be so many values. Only where the values lie is looked at, not what they are. */
import type { ParquetType } from 'hyparquet';
import { countRuns } from './run-lengths.ts';

/**
 * - `exact`: the values end where the page ends
 * - `loose`: bytes are left over, or mean nothing, or the encoding is none that is known here
 * - `short`: the bytes are no such values, or too few
 */
export type Fit = 'exact' | 'loose' | 'short';

interface Kept {
  /** The format's number for it. */
  encoding: number;
  type: ParquetType;
  values: number;
}

const PLAIN = 0;
const DICTIONARY = [2, 8];
/** Their first bytes would be the length of levels that are longer than a page. */
const DELTAS = [5, 6, 7];
const BYTE_STREAM_SPLIT = 9;
/** Bytes of a value that is not preceded by its length. */
const WIDTHS: Readonly<Partial<Record<ParquetType, number>>> = {
  INT32: 4,
  INT64: 8,
  INT96: 12,
  FLOAT: 4,
  DOUBLE: 8,
};

const fitOf = (end: number, bytes: number): Fit =>
  end > bytes ? 'short' : end === bytes ? 'exact' : 'loose';

/** How many bytes such values are, where that depends on nothing else. */
export function exactBytes({ encoding, type, values }: Kept): number | undefined {
  const width = WIDTHS[type];
  const plain = encoding === PLAIN || encoding === BYTE_STREAM_SPLIT;
  return plain && width !== undefined ? values * width : undefined;
}

/**
 * @param plain a page of the format's first version, decompressed
 * @param levels whether levels of definition, and their length, come before the values
 */
export function fitOfPage(plain: Uint8Array, { levels, values, ...kept }: Kept & { levels: boolean }): Fit {
  if (!levels) return fitOfValues(plain, { ...kept, values });
  if (plain.length < 4) return 'short';
  const end = 4 + new DataView(plain.buffer, plain.byteOffset).getUint32(0, true);
  const runs = end > plain.length ? undefined : countRuns(plain, { start: 4, end, width: 1, values });
  if (runs === undefined) return 'short';
  const fit = fitOfValues(plain.subarray(end), { ...kept, values: runs.ones });
  if (fit === 'short' || runs.end !== end || runs.empty) return fit === 'short' ? fit : 'loose';
  return DELTAS.includes(kept.encoding) ? 'exact' : fit;
}

/** @param plain the page behind its levels */
export function fitOfValues(plain: Uint8Array, kept: Kept): Fit {
  const { encoding, type, values } = kept;
  const exact = exactBytes(kept);
  if (exact !== undefined) return fitOf(exact, plain.length);
  if (encoding === PLAIN && type === 'BYTE_ARRAY') return fitOfTexts(plain, values);
  if (!DICTIONARY.includes(encoding)) return 'loose';
  const [width] = plain;
  // Without a value no width need be there; of the only value in a dictionary, no bit.
  if (values === 0 || width === 0) return plain.length <= 1 ? 'exact' : 'loose';
  if (width === undefined || width > 32) return 'short';
  const runs = countRuns(plain, { start: 1, end: plain.length, width, values });
  if (runs === undefined) return 'short';
  return runs.empty ? 'loose' : fitOf(runs.end, plain.length);
}

function fitOfTexts(plain: Uint8Array, values: number): Fit {
  const view = new DataView(plain.buffer, plain.byteOffset, plain.length);
  let at = 0;
  for (let value = 0; value < values; value += 1) {
    if (at + 4 > plain.length) return 'short';
    at += 4 + view.getUint32(at, true);
  }
  return fitOf(at, plain.length);
}

/** Small bytes that stand for many: compressed pages, and encodings that repeat by themselves. */
import { brotliCompressSync, constants, crc32, deflateRawSync } from 'node:zlib';
import { varint, zigzag } from './thrift.ts';

const PIECE = 1 << 24;

/** A gzip member of so many zeros. A thousandth of it. */
export function gzipOfZeros(pieces: number): Buffer {
  const zeros = Buffer.alloc(PIECE);
  const one = deflateRawSync(zeros, { finishFlush: constants.Z_FULL_FLUSH });
  let sum = 0;
  for (let n = 0; n < pieces; n += 1) sum = crc32(zeros, sum);
  const tail = Buffer.alloc(8);
  tail.writeUInt32LE(sum);
  tail.writeUInt32LE((pieces * PIECE) >>> 0, 4);
  return Buffer.concat([
    Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]),
    ...Array.from({ length: pieces }, () => one),
    Buffer.from([3, 0]),
    tail,
  ]);
}

const ZSTD_BLOCK = 1 << 17;

/** A zstd frame of one byte, again and again: a 30,000th of it. @param bytes a multiple of 128 KiB */
export function zstdOf(byte: number, bytes: number): Buffer {
  const blocks = bytes / ZSTD_BLOCK;
  const body = Buffer.alloc(4 * blocks);
  for (let n = 0; n < blocks; n += 1) {
    // Last or not, a run, of its size.
    body.writeUIntLE((ZSTD_BLOCK << 3) | 2 | (n === blocks - 1 ? 1 : 0), 4 * n, 3);
    body[4 * n + 3] = byte;
  }
  // A window of 128 KiB, no size, no checksum.
  return Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0x38]), body]);
}

export const brotliOfZeros = (bytes: number): Buffer =>
  brotliCompressSync(Buffer.alloc(bytes), { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } });

/** An LZ4 block of zeros: a 255th of it. */
export function lz4OfZeros(bytes: number): Buffer {
  const match = bytes - 1 - 5 - 4;
  const rest = match - 15;
  return Buffer.concat([
    // One literal, and a match one byte back, as long as it takes.
    Buffer.from([0x1f, 0, 1, 0]),
    Buffer.alloc(Math.floor(rest / 255), 255),
    Buffer.from([rest % 255]),
    // The last five bytes are literals.
    Buffer.from([0x50, 0, 0, 0, 0, 0]),
  ]);
}

/** Indices of a dictionary in a data page: one of them, so many times. */
export const runOf = (count: number | bigint): Buffer =>
  Buffer.concat([Buffer.from([1]), varint(BigInt(count) << 1n), Buffer.from([0])]);

/** DELTA_BINARY_PACKED: a first value and the same step, so many times, in blocks of any size whose deltas have no bits. */
export const deltasOf = (count: number | bigint, first: bigint, blockSize: bigint = 1n << 30n): Buffer => {
  const blocks = BigInt(count) / blockSize + 1n;
  const block = Buffer.concat([zigzag(1), Buffer.from([0, 0, 0, 0])]);
  return Buffer.concat([
    varint(blockSize),
    varint(4),
    varint(count),
    zigzag(first),
    ...Array.from({ length: Number(blocks > 1_000n ? 1_000n : blocks) }, () => block),
  ]);
};

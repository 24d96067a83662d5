/** A byte range of one file version; `[chunkStart, chunkEnd)`. */
export interface Chunk {
  filename: string;
  chunkId: number;
  /** Bytes: chunkEnd − chunkStart. */
  chunkSize: number;
  /** The file's address, for people. */
  url: string;
  chunkStart: number;
  chunkEnd: number;
}

/** S3 takes no more parts of a file. */
const MOST_CHUNKS = 10_000;

/**
 * Cuts a file into chunks of `chunkBytes`, or larger ones where they would be too many. A last piece of less than half of that joins the one before it, so that
 * the tail chunk holds the footer in one request; S3 parts must not be small either.
 * @returns at least one chunk, in order, covering [0, sizeBytes)
 */
export function planChunks({
  filename,
  url,
  sizeBytes,
  chunkBytes,
}: {
  filename: string;
  url: string;
  sizeBytes: number;
  chunkBytes: number;
}): Chunk[] {
  chunkBytes = Math.max(chunkBytes, Math.ceil(sizeBytes / MOST_CHUNKS));
  const whole = Math.floor(sizeBytes / chunkBytes);
  const rest = sizeBytes - whole * chunkBytes;
  const count = Math.max(1, whole + (rest >= chunkBytes / 2 && rest > 0 ? 1 : 0));
  return Array.from({ length: count }, (_, chunkId) => {
    const chunkStart = chunkId * chunkBytes;
    const chunkEnd = chunkId === count - 1 ? sizeBytes : chunkStart + chunkBytes;
    return { filename, chunkId, chunkSize: chunkEnd - chunkStart, url, chunkStart, chunkEnd };
  });
}

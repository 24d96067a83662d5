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

/** Holds the footer of every file that TLC has published, many times over. */
const TAIL_BYTES = 256 * 1024;

/**
 * Cuts a file into a small tail, which is fetched alone first as it holds the footer, and equal pieces of at least `chunkBytes` before it (S3 takes small
 * parts only at the end). A file of less than both is one piece.
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
  const bodyBytes = sizeBytes - Math.min(TAIL_BYTES, chunkBytes);
  const pieces = Math.min(Math.floor(bodyBytes / chunkBytes), MOST_CHUNKS - 1);
  const starts = [0];
  for (let piece = 1; piece <= pieces; piece += 1) starts.push(Math.floor((bodyBytes * piece) / pieces));
  return starts.map((chunkStart, chunkId) => {
    const chunkEnd = starts[chunkId + 1] ?? sizeBytes;
    return { filename, chunkId, chunkSize: chunkEnd - chunkStart, url, chunkStart, chunkEnd };
  });
}

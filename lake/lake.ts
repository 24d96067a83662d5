/** Raw files we hold, whole and verified, kept so that no byte is fetched from the source twice. */
export interface Lake {
  /** Bytes that one chunk may have at most. */
  largestChunkBytes: number;
  /** Where a file version lies: a name of our own making, safe as a path and the same everywhere. */
  key(of: { source: string; filename: string; version: string }): string;
  /** Bytes of the assembled file; undefined when we do not hold it whole. */
  sizeOf(key: string): Promise<number | undefined>;
  /**
   * Makes ready for a file that comes in so many chunks.
   * @returns what its chunks and its assembly must be given (a multipart upload's id); undefined where nothing is needed
   */
  begin(file: { key: string; chunks: number }): Promise<string | undefined>;
  /**
   * Writes a chunk; idempotent, and safe beside other chunks of the same file.
   * @returns bytes written
   * @throws LakeLostError when what `begin` made ready is gone
   */
  writeChunk(chunk: ChunkToWrite): Promise<number>;
  /**
   * Makes a file whole once all of its chunks are written; idempotent.
   * @throws LakeLostError when the chunks are not `sizeBytes` together
   */
  assemble(file: { key: string; uploadId: string | undefined; sizeBytes: number }): Promise<void>;
  /**
   * Bytes [start, end) of a file, fewer where it ends earlier. Of a file that is not whole yet, only chunks that were written
   * `readable` can be read.
   * @throws LakeLostError when they are gone
   */
  read(of: { key: string; range: { start: number; end: number } }): Promise<Uint8Array>;
  /** How a SELECT reads the assembled file. */
  tableFunction(key: string): Promise<LakeObject>;
  /** Forgets a file that was whole; idempotent. */
  remove(key: string): Promise<void>;
  /** Of every file that it holds whole. */
  keys(): Promise<string[]>;
  /** Files that were begun and never made whole. */
  partials(): Promise<PartialFile[]>;
  /** Forgets one; idempotent. */
  discard(partial: PartialFile): Promise<void>;
}

export interface ChunkToWrite {
  key: string;
  /** As `begin` returned it. */
  uploadId: string | undefined;
  /** From 0 on, in the file's order. */
  chunkId: number;
  /** Offset of its first byte in the file. */
  start: number;
  sizeBytes: number;
  /** Bytes of the whole file. */
  fileBytes: number;
  /** It will be read before the file is whole. */
  readable: boolean;
  bytes: AsyncIterable<Uint8Array>;
  /** Called with the bytes written so far. */
  onBytes?: (written: number) => void;
}

export interface PartialFile {
  key: string;
  /** When it was last written to, as far as the lake can tell; milliseconds since 1970. */
  touchedAtMs: number;
  /** The lake's own. */
  handle: string;
}

/** Something that a SELECT can read FROM, with the values that it binds. */
export interface LakeObject {
  sql: string;
  params: Record<string, string>;
}

/** Chunks that were written are not there any more: the file must be begun anew. */
export class LakeLostError extends Error {
  override name = 'LakeLostError';
}

/** Raw files we hold, whole and verified, kept so that no byte is fetched from the source twice. */
export interface Lake {
  /** Where a file version lies: a name of our own making, safe as a path and the same everywhere. */
  key(of: { source: string; filename: string; version: string }): string;
  /** Bytes of the assembled file; undefined when we do not hold it whole. */
  sizeOf(key: string): Promise<number | undefined>;
  /**
   * Writes a chunk at its offset; idempotent, and safe beside other chunks of the same file.
   * @returns bytes written
   */
  writeChunk(chunk: {
    key: string;
    /** Offset of its first byte in the file. */
    start: number;
    bytes: AsyncIterable<Uint8Array>;
    /** Called with the bytes written so far. */
    onBytes?: (written: number) => void;
  }): Promise<number>;
  /**
   * Makes a file whole once all of its chunks are written; idempotent.
   * @throws Error when the size is not `sizeBytes`
   */
  assemble(file: { key: string; sizeBytes: number }): Promise<void>;
  /** Forgets a file, whole or partial. */
  remove(key: string): Promise<void>;
  /** Bytes [start, end) of a file that may still be partial; fewer where it ends earlier. */
  read(of: { key: string; range: { start: number; end: number } }): Promise<Uint8Array>;
  /** How a SELECT reads the assembled file. */
  tableFunction(key: string): LakeObject;
}

/** Something that a SELECT can read FROM, with the values that it binds. */
export interface LakeObject {
  sql: string;
  params: Record<string, string>;
}

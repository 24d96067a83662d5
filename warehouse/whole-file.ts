/** A file that lies in the lake whole. */
export interface WholeFile {
  sizeBytes: number;
  /** Bytes [start, end). */
  read: (start: number, end: number) => Promise<Uint8Array>;
}

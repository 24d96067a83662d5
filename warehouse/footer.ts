/** A Parquet file's footer: metadata, its length in 4 bytes, and `PAR1`. https://parquet.apache.org/docs/file-format/ */
import { parquetMetadata, type FileMetaData } from 'hyparquet';
import { footerFlaw } from './footer-sanity.ts';
import { readFileSchema, type FileSchema } from './file-schema.ts';
import type { Drift } from './drift.ts';
import type { Refusal } from './refusal.ts';

export type Footer =
  | { kind: 'good'; schema: FileSchema; metadata: FileMetaData }
  | { kind: 'refused'; refusal: Refusal; drift: Drift[] }
  /** The footer begins at byte `start`, before what was fetched. */
  | { kind: 'needMore'; start: number };

const MAGIC = 'PAR1';
/** Magic at both ends, and the length. */
const SMALLEST_FILE = 12;
/** Bytes; TLC's are 10 kB. It is held and parsed in memory, so what a file claims must have an end. */
const LARGEST_FOOTER = 64 << 20;

const refused = (code: Refusal['code'], message: string): Footer => ({
  kind: 'refused',
  refusal: { code, message },
  drift: [],
});

/**
 * Reads and judges the footer.
 * @param read bytes [start, end) of the file
 * @param month of the file, `YYYY-MM`, or '': what its columns are compared with
 * @param fetchedFrom bytes before this offset are not there yet; 0 when the file is whole
 */
export async function readFooter({
  sizeBytes,
  month,
  read,
  fetchedFrom = 0,
}: {
  sizeBytes: number;
  month: string;
  read: (start: number, end: number) => Promise<Uint8Array>;
  fetchedFrom?: number;
}): Promise<Footer> {
  if (sizeBytes < SMALLEST_FILE)
    return refused('NOT_PARQUET', `${sizeBytes} bytes are too few for a Parquet file`);
  if (fetchedFrom === 0) {
    const head = ascii(await read(0, 4));
    if (head !== MAGIC)
      return refused('NOT_PARQUET', `the file begins with ${JSON.stringify(head)}, not ${MAGIC}`);
  }
  const tail = await read(sizeBytes - 8, sizeBytes);
  if (ascii(tail.subarray(4)) !== MAGIC) {
    return fetchedFrom === 0
      ? refused('TRUNCATED', `the file begins like Parquet but does not end with ${MAGIC}: it was cut off`)
      : refused(
          'TRUNCATED',
          `the file does not end with ${MAGIC}: it was cut off, or is no Parquet (only its end was fetched)`,
        );
  }
  const metadataBytes = new DataView(tail.buffer, tail.byteOffset, 4).getUint32(0, true);
  const start = sizeBytes - 8 - metadataBytes;
  if (start < 4)
    return refused('UNREADABLE', `the footer claims ${metadataBytes} bytes of a file of ${sizeBytes}`);
  if (metadataBytes > LARGEST_FOOTER)
    return refused('UNREADABLE', `the footer claims ${metadataBytes} bytes, more than ${LARGEST_FOOTER}`);
  if (start < fetchedFrom) return { kind: 'needMore', start };
  const footer = (await read(start, sizeBytes)).slice().buffer;
  try {
    const metadata = parquetMetadata(footer);
    const schema = readFileSchema(metadata, { month });
    if ('refusal' in schema) return { kind: 'refused', ...schema };
    const flaw = footerFlaw(metadata);
    if (flaw === undefined) return { kind: 'good', schema, metadata };
    const message = `the footer contradicts the format or itself: ${flaw}`;
    return { kind: 'refused', refusal: { code: 'UNREADABLE', message }, drift: schema.drift };
  } catch (error) {
    // Both throw whatever comes to them over what is no footer: columns without names, for one.
    return refused(
      'UNREADABLE',
      `the footer cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function ascii(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

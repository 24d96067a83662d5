/** A Parquet file's footer: metadata, its length in 4 bytes, and `PAR1`. https://parquet.apache.org/docs/file-format/ */
import { parquetMetadata, type FileMetaData } from 'hyparquet';
import { visibleText } from '../config/visible-text.ts';
import { footerFlaw } from './footer-sanity.ts';
import { FOOTER_LIMITS } from './footer-limits.ts';
import { footerShapeRefusal } from './footer-shape.ts';
import { chunksExcess, chunksFlaw } from './chunk-sanity.ts';
import { schemaTreeFlaw } from './schema-tree.ts';
import { readFileSchema, type FileSchema } from './file-schema.ts';
import { thriftLeaves } from './thrift-leaves.ts';
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
      return refused(
        'NOT_PARQUET',
        `the file begins with ${visibleText(JSON.stringify(head))}, not ${MAGIC}`,
      );
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
  if (metadataBytes > FOOTER_LIMITS.footerBytes)
    return refused(
      'TOO_LARGE',
      `a footer of ${metadataBytes} bytes, more than the ${FOOTER_LIMITS.footerBytes} that a file may have: write it with fewer row groups`,
    );
  if (start < fetchedFrom) return { kind: 'needMore', start };
  const bytes = await read(start, sizeBytes);
  const shapeless = footerShapeRefusal(bytes.subarray(0, metadataBytes));
  if (shapeless !== undefined) return { kind: 'refused', refusal: shapeless, drift: [] };
  const footer = bytes.slice().buffer;
  try {
    // What is geographic in it would be parsed as JSON.
    const metadata = parquetMetadata(footer, { geoparquet: false });
    keepByteOrderMarks(metadata, bytes.subarray(0, metadataBytes));
    const wrongTree = schemaTreeFlaw(metadata.schema);
    if (wrongTree !== undefined) return refused('UNREADABLE', contradiction(wrongTree));
    const schema = readFileSchema(metadata, { month });
    if ('refusal' in schema) return { kind: 'refused', ...schema };
    const flaw = footerFlaw(metadata) ?? chunksFlaw(metadata, { sizeBytes, footerStart: start });
    if (flaw !== undefined)
      return {
        kind: 'refused',
        refusal: { code: 'UNREADABLE', message: contradiction(flaw) },
        drift: schema.drift,
      };
    const excess = chunksExcess(metadata);
    if (excess !== undefined)
      return { kind: 'refused', refusal: { code: 'TOO_LARGE', message: excess }, drift: schema.drift };
    return { kind: 'good', schema, metadata };
  } catch (error) {
    // Both throw whatever comes to them over what is no footer: columns without names, for one.
    return refused(
      'UNREADABLE',
      `the footer cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

const BYTE_ORDER_MARK = '\ufeff';
/** The name of an element of the schema. */
const NAME_PATH = /^2\[(\d+)\]\.4$/;

/** The parser drops the mark with which a CSV file's first name may have begun; the engine finds no column without it. */
function keepByteOrderMarks({ schema }: FileMetaData, bytes: Uint8Array): void {
  const footer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (!footer.includes(BYTE_ORDER_MARK)) return;
  for (const { path, kind, start, end } of thriftLeaves(bytes, 0).leaves) {
    const element = schema[Number(NAME_PATH.exec(path)?.[1])];
    if (element === undefined || kind !== 'bytes') continue;
    const name = footer.toString('utf8', start, end);
    if (name.includes(BYTE_ORDER_MARK)) element.name = name.slice(name.indexOf(BYTE_ORDER_MARK));
  }
}

const contradiction = (flaw: string): string => `the footer contradicts the format or itself: ${flaw}`;

function ascii(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

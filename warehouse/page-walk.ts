/**
 * Whether the pages of a file are as many values as its footer says, and not more than a machine can hold. Only their headers are read. The engine allocates
 * by what the footer and the headers claim, before it finds that the bytes are no such values.
 */
import type { ColumnMetaData, CompressionCodec, FileMetaData } from 'hyparquet';
import { chunkStart } from './chunk-sanity.ts';
import { PAGE_LIMITS } from './footer-limits.ts';
import { readPageHeader, type PageHeader } from './page-header.ts';
import type { Refusal } from './refusal.ts';
import type { WholeFile } from './whole-file.ts';

/** Bytes that are read where a header is expected: it holds the least and the largest value, too. Small pages come many at once. */
const WINDOW_BYTES = 64 << 10;
/** Of one file, some seconds' worth where the lake is on S3. What comes after that is bounded by the engine's memory alone. */
const MOST_READS = 5_000;
/** Chunks that are read at the same time. */
const AT_ONCE = 8;
/** Some old writers leave the dictionary's header out of a chunk's size: https://issues.apache.org/jira/browse/PARQUET-816 */
const UNCOUNTED_BYTES = 100;

/**
 * How many times as many bytes a codec can make of some, at the most. Deflate: 258 bytes of two bits. Snappy: 64 bytes of three. LZ4: 255 of one.
 * Zstandard and Brotli have no such number.
 */
const EXPANSION: Readonly<Partial<Record<CompressionCodec, number>>> = {
  UNCOMPRESSED: 1,
  GZIP: 1_032,
  SNAPPY: 22,
  LZ4: 255,
  LZ4_RAW: 255,
};
/** Bytes: headers and tables of a codec, for pages of a few bytes. */
const EXPANSION_FROM = 64;

export interface WalkedPages {
  /** Why the file is not for the engine; undefined when nothing is wrong, and where it is for the engine to say (pages that cannot be found or read: it stops at them). */
  refusal: Refusal | undefined;
  /**
   * Columns at the top with pages that the engine does not read: nothing but nulls, said to be compressed, and no byte behind the levels, as Spark writes them.
   * True where the column has no value in the whole file.
   */
  unread: ReadonlyMap<string, boolean>;
}

export async function walkPages({ row_groups: groups }: FileMetaData, file: WholeFile): Promise<WalkedPages> {
  const budget = { reads: MOST_READS };
  const chunks = groups.flatMap(({ columns }, group) =>
    columns.flatMap(({ meta_data: chunk }) => (chunk === undefined ? [] : [{ group, chunk }])),
  );
  let refusal: Refusal | undefined;
  const unread = new Set<string>();
  const withValues = new Set<string>();
  const rest = chunks.values();
  const lane = async (): Promise<void> => {
    for (const { group, chunk } of rest) {
      if (refusal !== undefined || budget.reads <= 0) return;
      try {
        const { hollow, allNull } = await walk(chunk, { file, budget });
        const [name, ...nested] = chunk.path_in_schema;
        if (name === undefined || nested.length > 0) continue;
        if (hollow) unread.add(name);
        if (!allNull) withValues.add(name);
      } catch (error) {
        if (!(error instanceof PageFlaw)) throw error;
        const where = `column ${chunk.path_in_schema.join('.').slice(0, 256)} of row group ${group}`;
        refusal ??= { code: error.code, message: `${where} ${error.message}` };
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return { refusal, unread: new Map([...unread].map((name) => [name, !withValues.has(name)])) };
}

class PageFlaw extends Error {
  readonly code: Refusal['code'];
  constructor(code: Refusal['code'], message: string) {
    super(message);
    this.code = code;
  }
}

const contradiction = (message: string) => new PageFlaw('UNREADABLE', message);

async function walk(
  chunk: ColumnMetaData,
  { file, budget }: { file: WholeFile; budget: { reads: number } },
): Promise<{ hollow: boolean; allNull: boolean }> {
  const expected = Number(chunk.num_values);
  const claimedEnd = chunkStart(chunk) + Number(chunk.total_compressed_size);
  const end = Math.min(file.sizeBytes, claimedEnd + UNCOUNTED_BYTES);
  const headerAt = headerReader(file, { end, budget });
  let counted = 0;
  let dictionaries = 0;
  let dataPages = 0;
  let nulls = 0;
  let hollow = false;
  const found = () => {
    const byStatistics = chunk.statistics?.null_count === chunk.num_values;
    return { hollow, allNull: byStatistics || (counted === expected && nulls === expected) };
  };
  for (let at = chunkStart(chunk); counted < expected;) {
    if (at >= claimedEnd) throw contradiction(`has pages of ${counted} values, the footer says ${expected}`);
    const header = await headerAt(at);
    if (header === undefined) return found();
    const next = at + header.headerBytes + header.storedBytes;
    if (header.storedBytes < 0 || header.plainBytes < 0 || header.values < 0 || next > end) return found();
    checkPage(header, chunk.codec);
    if (header.kind === 'dictionary') {
      if (dataPages > 0 || dictionaries > 0)
        throw contradiction('has a dictionary that is not its first page');
      dictionaries += 1;
    } else if (header.kind !== 'other') {
      dataPages += 1;
      counted += header.values;
      nulls += header.nulls;
      hollow ||= isHollow(header, chunk.codec);
    }
    if (counted > expected)
      throw contradiction(`has pages of ${counted} values and more, the footer says ${expected}`);
    at = next;
  }
  return found();
}

function isHollow(header: PageHeader, codec: CompressionCodec): boolean {
  const levels = header.repetitionBytes + header.definitionBytes;
  const isEmpty = header.kind === 'data2' && header.values > 0 && header.storedBytes === levels;
  return isEmpty && header.compressed && codec !== 'UNCOMPRESSED';
}

function checkPage(header: PageHeader, codec: CompressionCodec): void {
  const { kind, storedBytes, plainBytes, values } = header;
  const more = (what: string, limit: number) =>
    new PageFlaw('TOO_LARGE', `has a ${what}, more than the ${limit} that it may have`);
  if (kind === 'dictionary') {
    if (plainBytes > PAGE_LIMITS.dictionaryBytes)
      throw more(`dictionary of ${plainBytes} bytes`, PAGE_LIMITS.dictionaryBytes);
    if (values > PAGE_LIMITS.dictionaryValues)
      throw more(`dictionary of ${values} values`, PAGE_LIMITS.dictionaryValues);
  } else if (plainBytes > PAGE_LIMITS.plainBytes)
    throw more(`page of ${plainBytes} bytes`, PAGE_LIMITS.plainBytes);
  const levels = header.repetitionBytes + header.definitionBytes;
  if (kind === 'data2') {
    if (
      header.repetitionBytes < 0 ||
      header.definitionBytes < 0 ||
      levels > Math.min(storedBytes, plainBytes)
    )
      throw contradiction(`has a page of ${storedBytes} bytes with levels of ${levels}`);
  }
  const compressed = kind !== 'data2' || header.compressed;
  const times = compressed ? EXPANSION[codec] : 1;
  if (times !== undefined && plainBytes > (storedBytes - levels) * times + levels + EXPANSION_FROM)
    throw contradiction(
      `has a page of ${storedBytes} bytes that claims to become ${plainBytes}, which ${compressed ? codec : 'UNCOMPRESSED'} cannot do`,
    );
}

/** Reads headers in ascending order, through a window over the file. Undefined where there is none, or nothing may be read any more. */
function headerReader(
  { read }: WholeFile,
  { end, budget }: { end: number; budget: { reads: number } },
): (at: number) => Promise<PageHeader | undefined> {
  let window: { start: number; bytes: Uint8Array } | undefined;
  const headerIn = (bytes: Uint8Array): PageHeader | undefined => {
    try {
      return readPageHeader(bytes);
    } catch (error) {
      if (error instanceof RangeError) return undefined;
      throw error;
    }
  };
  return async (at) => {
    if (at >= end) return undefined;
    if (window !== undefined && at < window.start + window.bytes.length) {
      const found = headerIn(window.bytes.subarray(at - window.start));
      if (found !== undefined) return found;
    }
    if (budget.reads <= 0) return undefined;
    budget.reads -= 1;
    window = { start: at, bytes: await read(at, Math.min(end, at + WINDOW_BYTES)) };
    return headerIn(window.bytes);
  };
}

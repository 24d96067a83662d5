/**
 * Whether the pages of a file are made as its footer says. Whether a column may hold nulls is written in the footer alone, and decides
 * whether levels come before its values: where that is wrong, levels are read as values, and nothing in the engine notices. So the
 * first data page of every column is taken apart here; the values themselves are the engine's.
 */
import type { ColumnMetaData, FileMetaData, SchemaElement } from 'hyparquet';
import { chunkStart } from './chunk-sanity.ts';
import { decompressPage } from './decompress-page.ts';
import { readPageHeader, type PageHeader } from './page-header.ts';
import { exactBytes, fitOfPage, fitOfValues } from './page-fit.ts';
import { countRuns } from './run-lengths.ts';
import type { WholeFile } from './whole-file.ts';

/** Bytes; a header holds the least and the largest value, too. */
const LARGEST_HEADER = 64 << 10;
/** Bytes of a page; the usual is one MB. What is larger is believed. */
const LARGEST_PAGE = 16 << 20;

interface FirstPage {
  column: SchemaElement;
  chunk: ColumnMetaData;
  header: PageHeader;
  /** Of its body. */
  start: number;
}

/**
 * @returns what is wrong, for people; undefined when nothing is, and where it is for the engine to say (what it has no name for, an
 *   unknown codec, a page that cannot be found)
 */
export async function firstPagesFlaw(
  { schema, row_groups: [group] }: FileMetaData,
  file: WholeFile,
): Promise<string | undefined> {
  const leaves = schema.slice(1).filter(({ num_children: children }) => !children);
  const pages = await Promise.all(
    (group?.columns ?? []).map(async ({ meta_data: chunk }, index) => {
      const column = leaves[index];
      if (chunk === undefined || column === undefined) return undefined;
      const flat = chunk.path_in_schema.length === 1 && column.repetition_type !== 'REPEATED';
      return flat ? firstDataPage({ column, chunk }, file) : undefined;
    }),
  );
  // One after the other: so few are in memory.
  for (const page of pages) {
    const flaw = page && (await pageFlaw(page, file));
    if (page !== undefined && flaw !== undefined)
      return `the first page of column ${page.column.name} ${flaw}`;
  }
  return undefined;
}

/** Undefined where there is none to be found. */
async function firstDataPage(
  { column, chunk }: Pick<FirstPage, 'column' | 'chunk'>,
  { sizeBytes, read }: WholeFile,
): Promise<FirstPage | undefined> {
  let at = chunkStart(chunk);
  const end = at + Number(chunk.total_compressed_size);
  if (end > sizeBytes) return undefined;
  try {
    while (at >= 0 && at < end) {
      const header = readPageHeader(await read(at, Math.min(end, at + LARGEST_HEADER)));
      const start = at + header.headerBytes;
      const { storedBytes, plainBytes, values } = header;
      if (storedBytes < 0 || plainBytes < 0 || values < 0 || start + storedBytes > end) return undefined;
      if (header.kind === 'data' || header.kind === 'data2') return { column, chunk, header, start };
      at = start + storedBytes;
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return undefined;
}

async function pageFlaw(
  { column, chunk, header, start }: FirstPage,
  { read }: WholeFile,
): Promise<string | undefined> {
  const { storedBytes, plainBytes, values } = header;
  if (plainBytes > LARGEST_PAGE || storedBytes > LARGEST_PAGE || storedBytes === 0) return undefined;
  const optional = column.repetition_type === 'OPTIONAL';
  const kept = { encoding: header.encoding, type: chunk.type };
  const exact = exactBytes({ ...kept, values });
  if (header.kind === 'data' && !optional && exact === plainBytes) return undefined;
  const stored = await read(start, start + storedBytes);
  if (stored.length !== storedBytes) return undefined;
  if (header.kind === 'data2') return secondVersionFlaw(stored, { chunk, header, optional });
  const plain = decompressPage(stored, { codec: chunk.codec, plainBytes });
  if (plain === undefined) return undefined;
  const fits = (levels: boolean) => fitOfPage(plain, { ...kept, values, levels });
  const fit = fits(optional);
  if (fit === 'short')
    return `does not hold ${values} values ${optional ? 'with' : 'without'} levels of definition`;
  // Some writers leave bytes over. But what does not fit as it should, and fits exactly otherwise, is otherwise.
  if (fit === 'loose' && fits(!optional) === 'exact')
    return `is that of a column ${optional ? 'without' : 'with'} nulls`;
  return undefined;
}

/** The second version's levels are not compressed, and their size is in the header. */
function secondVersionFlaw(
  stored: Uint8Array,
  { chunk, header, optional }: { chunk: ColumnMetaData; header: PageHeader; optional: boolean },
): string | undefined {
  const { values, plainBytes, repetitionBytes, definitionBytes, encoding } = header;
  if (repetitionBytes !== 0) return 'has levels of repetition, the column none';
  if (!optional && definitionBytes !== 0) return 'has levels of definition, the column none';
  const levels = countRuns(stored, { start: 0, end: definitionBytes, width: 1, values });
  if (optional && levels === undefined) return `has not the levels of ${values} values`;
  const plain = decompressPage(stored.subarray(definitionBytes), {
    codec: header.compressed ? chunk.codec : 'UNCOMPRESSED',
    plainBytes: plainBytes - definitionBytes,
  });
  if (plain === undefined) return undefined;
  const defined = optional ? (levels?.ones ?? 0) : values;
  const fit = fitOfValues(plain, { encoding, type: chunk.type, values: defined });
  return fit === 'short' ? `does not hold ${defined} values` : undefined;
}

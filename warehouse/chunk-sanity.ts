/** Whether the column chunks lie where they can, and claim what they can be, by the footer alone. */
import type { ColumnChunk, ColumnMetaData, FileMetaData, SchemaElement } from 'hyparquet';
import { FOOTER_LIMITS } from './footer-limits.ts';

interface Extent {
  start: number;
  end: number;
  where: string;
}

/**
 * Where a chunk begins: with its dictionary, if it has one. Some writers give 0 where they have none, and some the first data page's.
 */
export function chunkStart({
  dictionary_page_offset: dictionary,
  data_page_offset: data,
}: ColumnMetaData): number {
  return Number(dictionary === undefined || dictionary <= 0n || dictionary > data ? data : dictionary);
}

/**
 * @param footerStart where the footer begins: chunks lie before it
 * @returns what is wrong, for people; undefined when nothing is
 */
export function chunksFlaw(
  { schema, row_groups: groups }: FileMetaData,
  { sizeBytes, footerStart }: { sizeBytes: number; footerStart: number },
): string | undefined {
  const leaves = schema.slice(1).filter(({ num_children: children }) => !children);
  for (const leaf of leaves) {
    const flaw = columnFlaw(leaf);
    if (flaw !== undefined) return flaw;
  }
  const extents: Extent[] = [];
  for (const [group, { columns, num_rows: rows }] of groups.entries()) {
    if (rows < 0n) return `row group ${group} has ${rows} rows`;
    for (const [index, column] of columns.entries()) {
      const where = `column ${leaves[index]?.name} of row group ${group}`;
      const flaw = chunkFlaw(column, sizeBytes);
      if (flaw !== undefined) return `${where} ${flaw}`;
      const { meta_data: chunk } = column;
      if (chunk === undefined || chunk.total_compressed_size === 0n) continue;
      const start = chunkStart(chunk);
      const end = start + Number(chunk.total_compressed_size);
      if (start < 4 || end > footerStart)
        return `${where} lies at bytes ${start} to ${end}, the data at 4 to ${footerStart}`;
      extents.push({ start, end, where });
    }
  }
  return overlap(extents);
}

function columnFlaw({
  name,
  type,
  type_length: length,
  precision,
  scale,
}: SchemaElement): string | undefined {
  if (type === 'FIXED_LEN_BYTE_ARRAY' && (length ?? -1) < 0)
    return `column ${name} has values of ${length} bytes each`;
  if (precision !== undefined && (precision < 0 || (scale ?? 0) > precision))
    return `column ${name} is a decimal of ${precision} digits, ${scale} of them behind the point`;
  return undefined;
}

function chunkFlaw(column: ColumnChunk, sizeBytes: number): string | undefined {
  if (column.file_path) return `lies in another file, ${JSON.stringify(column.file_path).slice(0, 100)}`;
  if (column.crypto_metadata !== undefined || column.encrypted_column_metadata !== undefined)
    return 'is encrypted';
  const { meta_data: chunk } = column;
  if (chunk === undefined) return undefined;
  for (const [what, value] of [
    ['values', chunk.num_values],
    ['bytes', chunk.total_compressed_size],
    ['bytes when decompressed', chunk.total_uncompressed_size],
    ['nulls', chunk.statistics?.null_count ?? 0n],
  ] as const)
    if (value < 0n) return `has ${value} ${what}`;
  for (const [what, offset, length] of [
    ['the page index', column.offset_index_offset, column.offset_index_length],
    ['the page index', column.column_index_offset, column.column_index_length],
    ['the Bloom filter', chunk.bloom_filter_offset, chunk.bloom_filter_length],
  ] as const) {
    // A Bloom filter may be without a length.
    if (offset === undefined) continue;
    const start = Number(offset);
    const bytes = length ?? 0;
    if (start < 0 || bytes < 0 || start + bytes > sizeBytes)
      return `has ${what} at bytes ${start} to ${start + bytes} of ${sizeBytes}`;
  }
  return undefined;
}

/** Chunks in each other make much of few bytes. */
function overlap(extents: Extent[]): string | undefined {
  extents.sort((one, other) => one.start - other.start);
  for (const [index, { start, where }] of extents.entries()) {
    const before = extents[index - 1];
    if (before !== undefined && start < before.end)
      return `${where} begins at byte ${start}, within ${before.where}`;
  }
  return undefined;
}

/** @returns what is more than a file may have, for people; undefined when nothing is */
export function chunksExcess({
  schema,
  row_groups: groups,
  num_rows: rows,
}: FileMetaData): string | undefined {
  const more = (what: string, limit: number) => `${what}, more than the ${limit} that a file may have`;
  if (rows > BigInt(FOOTER_LIMITS.rows)) return more(`${rows} rows`, FOOTER_LIMITS.rows);
  for (const { name, type_length: length = 0, precision = 0 } of schema) {
    if (length > FOOTER_LIMITS.fixedLengthBytes)
      return more(`column ${name} with values of ${length} bytes each`, FOOTER_LIMITS.fixedLengthBytes);
    if (precision > FOOTER_LIMITS.decimalDigits)
      return more(`column ${name} of ${precision} digits`, FOOTER_LIMITS.decimalDigits);
  }
  let plainBytes = 0;
  for (const [group, { columns }] of groups.entries()) {
    for (const { meta_data: chunk, offset_index_length: offsets, column_index_length: index } of columns) {
      if (chunk === undefined) continue;
      const where = `column ${chunk.path_in_schema.join('.').slice(0, 256)} of row group ${group}`;
      if (chunk.num_values > BigInt(FOOTER_LIMITS.rows))
        return more(`${where} with ${chunk.num_values} values`, FOOTER_LIMITS.rows);
      const indexBytes = Math.max(offsets ?? 0, index ?? 0, chunk.bloom_filter_length ?? 0);
      if (indexBytes > FOOTER_LIMITS.indexBytes)
        return more(`${where} with an index of ${indexBytes} bytes`, FOOTER_LIMITS.indexBytes);
      plainBytes += Number(chunk.total_uncompressed_size);
    }
  }
  return plainBytes > FOOTER_LIMITS.plainBytes
    ? more(`${plainBytes} bytes when decompressed`, FOOTER_LIMITS.plainBytes)
    : undefined;
}

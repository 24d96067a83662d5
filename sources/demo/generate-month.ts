/** Writes a generated month as a Parquet file in the physical schema that TLC used for it. */
import { createWriteStream } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { rewriteFooterAsArrow } from './as-arrow-writes.ts';
import { eraOf } from './era.ts';
import { tripSql, type MonthOptions } from './trip-sql.ts';

/** The engine refused the statement, or what it sent is not a whole Parquet file. */
export class GenerateError extends Error {
  override name = 'GenerateError';
}

/**
 * `rows` trips of `month` at `path`, made by any ClickHouse at `engineUrl` (HTTP interface) and written by us, so that the
 * engine may be on another machine. The file appears whole: it is written beside `path` and renamed. The same month, rows
 * and seed give the same bytes by the same version of the engine.
 * @throws GenerateError, or what fetch and the file system throw; nothing is left behind then
 */
export async function generateMonth(
  options: MonthOptions & { engineUrl: string; path: string; signal?: AbortSignal },
): Promise<void> {
  const { month, engineUrl, path, signal } = options;
  const partial = `${path}.${process.pid}.partial`;
  await mkdir(dirname(path), { recursive: true });
  try {
    const response = await select({ ...options, engineUrl: new URL(engineUrl), signal });
    await pipeline(response, createWriteStream(partial), { signal });
    await requireWhole(partial);
    const { columns } = eraOf(month);
    await rewriteFooterAsArrow({
      path: partial,
      timestamps: columns.map(({ name }) => name).filter((name) => name.startsWith('tpep_')),
      nulls: columns.filter(({ arrowNull }) => arrowNull).map(({ name }) => name),
    });
    await rename(partial, path);
  } finally {
    await rm(partial, { force: true });
  }
}

async function select(
  options: MonthOptions & { engineUrl: URL; signal: AbortSignal | undefined },
): Promise<Readable> {
  const { month, rows, seed, engineUrl, signal } = options;
  const { compression, rowGroupRows } = eraOf(month);
  const query = new URLSearchParams({
    param_seed: String(seed),
    param_month: month,
    query_id: `demo:${month}:${crypto.randomUUID()}`,
    log_comment: 'demo source: generate month',
    // One thread: the order of rows, and so the bytes, never varies.
    max_threads: '1',
    max_block_size: '65536',
    output_format_parquet_compression_method: compression,
    output_format_parquet_row_group_size: String(rowGroupRows),
    output_format_parquet_row_group_size_bytes: String(2 ** 31),
    output_format_parquet_parallel_encoding: '0',
    output_format_parquet_string_as_string: '1',
    output_format_parquet_write_page_index: '0',
    output_format_parquet_write_bloom_filter: '0',
    output_format_parquet_write_checksums: '0',
  });
  const headers: Record<string, string> = { 'content-type': 'text/plain; charset=utf-8' };
  if (engineUrl.username !== '') {
    const credentials = `${decodeURIComponent(engineUrl.username)}:${decodeURIComponent(engineUrl.password)}`;
    headers['authorization'] = `Basic ${Buffer.from(credentials).toString('base64')}`;
  }
  const url = `${engineUrl.protocol}//${engineUrl.host}${engineUrl.pathname}?${query}`;
  const body = tripSql({ month, rows, seed });
  const response = await fetch(url, { method: 'POST', headers, body, ...(signal && { signal }) });
  if (!response.ok || response.body === null) {
    throw new GenerateError(
      `the engine could not make ${month}: HTTP ${response.status} ${await response.text()}`,
    );
  }
  return Readable.from(response.body);
}

/** An exception after the first byte ends up as text behind a part of the file. */
async function requireWhole(path: string): Promise<void> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const ends = Buffer.alloc(8);
    await file.read(ends, 0, 4, 0);
    await file.read(ends, 4, 4, Math.max(size - 4, 0));
    if (ends.toString('latin1') !== 'PAR1PAR1') throw new GenerateError(`the engine did not finish ${path}`);
  } finally {
    await file.close();
  }
}

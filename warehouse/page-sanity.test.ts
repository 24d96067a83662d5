/** Genuine files of every codec pass; a footer that is wrong about which columns may be null does not. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { parquetMetadata, type FileMetaData } from 'hyparquet';
import { afterAll, expect, it } from 'vitest';
import { hasSharedData, SHARED_DATA } from '../test/support/shared-data.ts';
import { firstPagesFlaw } from './page-sanity.ts';

const folder = mkdtempSync(join(tmpdir(), 'tripline-pages-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Few and many values, runs and none, some nulls and nothing but nulls. */
const COLUMNS = `TIMESTAMP '2022-01-01' + to_seconds(i) AS pickup, (i % 700) / 100::DOUBLE AS distance,
  CASE WHEN hash(i) % 3 > 0 THEN hash(i)::DOUBLE END AS gaps, CASE WHEN i > 40000 THEN i % 5 END AS late,
  'N' AS flag, i::VARCHAR AS text, NULL::INT AS nothing`;

async function write(name: string, options: string): Promise<Buffer> {
  const path = join(folder, `${name}.parquet`);
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(
    `COPY (SELECT ${COLUMNS} FROM (SELECT range AS i FROM range(50000))) TO '${path}' (FORMAT parquet, ${options})`,
  );
  connection.closeSync();
  instance.closeSync();
  return readFileSync(path);
}

const metadataOf = (bytes: Buffer): FileMetaData => parquetMetadata(new Uint8Array(bytes).buffer);

const flawOf = (bytes: Buffer, metadata: FileMetaData): Promise<string | undefined> =>
  firstPagesFlaw(metadata, {
    sizeBytes: bytes.length,
    read(start, end) {
      if (start >= end || end > bytes.length) throw new Error(`bytes ${start} to ${end} of ${bytes.length}`);
      return Promise.resolve(new Uint8Array(bytes.subarray(start, end)));
    },
  });

/** @returns the columns whose levels may be left out or made up without a word */
async function unnoticed(bytes: Buffer): Promise<string[]> {
  const names: string[] = [];
  for (const index of metadataOf(bytes).schema.keys()) {
    const metadata = metadataOf(bytes);
    const column = metadata.schema[index];
    if (index === 0 || column === undefined) continue;
    column.repetition_type = column.repetition_type === 'REQUIRED' ? 'OPTIONAL' : 'REQUIRED';
    if ((await flawOf(bytes, metadata)) === undefined) names.push(column.name);
  }
  return names;
}

const CODECS = ['uncompressed', 'snappy', 'gzip', 'zstd'];

it.each(CODECS.flatMap((codec) => ['V1', 'V2'].map((version) => ({ codec, version }))))(
  'levels are where the footer says: $codec, $version',
  async ({ codec, version }) => {
    const bytes = await write(`${codec}-${version}`, `COMPRESSION ${codec}, PARQUET_VERSION ${version}`);
    expect(await flawOf(bytes, metadataOf(bytes))).toBeUndefined();
    expect(await unnoticed(bytes)).toEqual([]);
  },
);

it('leaves a codec that it does not know to the engine', async () => {
  const bytes = await write('lz4', 'COMPRESSION lz4');
  expect(await flawOf(bytes, metadataOf(bytes))).toBeUndefined();
});

it('leaves what is no page to the engine', async () => {
  const bytes = await write('overwritten', 'COMPRESSION snappy');
  const metadata = metadataOf(bytes);
  expect(await flawOf(bytes.fill(0xff), metadata)).toBeUndefined();
});

it('leaves a page that lies outside of the file to the engine', async () => {
  const bytes = await write('outside', 'COMPRESSION snappy');
  for (const offset of [-1n, 0n, BigInt(bytes.length), 2n ** 62n, -(2n ** 63n)]) {
    const metadata = metadataOf(bytes);
    for (const { meta_data: chunk } of metadata.row_groups[0]?.columns ?? []) {
      if (chunk === undefined) continue;
      chunk.data_page_offset = offset;
      delete chunk.dictionary_page_offset;
    }
    expect(await flawOf(bytes, metadata)).toBeUndefined();
  }
});

it.skipIf(!hasSharedData)('levels are where the footer says in real files', async () => {
  for (const name of ['yellow_2022-01_sample100k.parquet', 'green_tripdata_2024-01.parquet']) {
    const bytes = readFileSync(join(SHARED_DATA, name));
    expect(await flawOf(bytes, metadataOf(bytes))).toBeUndefined();
    expect(await unnoticed(bytes)).toEqual([]);
  }
});

/** Files that claim what they are not are refused before anything is allocated for it; genuine ones are not. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, describe, expect, it } from 'vitest';
import { BOMBS } from '../test/support/bombs.ts';
import {
  DOUBLE,
  integers,
  makeParquet,
  INT64,
  tripColumns,
  type MadePage,
} from '../test/support/make-parquet.ts';
import { hasSharedData, SHARED_DATA } from '../test/support/shared-data.ts';
import { judgeFile } from './judge-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'tripline-judge-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** @returns the judgement, and the most bytes that were read at once */
async function judge(bytes: Uint8Array) {
  let largestRead = 0;
  const judged = await judgeFile(
    {
      sizeBytes: bytes.length,
      read(start, end) {
        if (start < 0 || start >= end || end > bytes.length)
          throw new Error(`bytes ${start} to ${end} of ${bytes.length}`);
        largestRead = Math.max(largestRead, end - start);
        return Promise.resolve(new Uint8Array(bytes.subarray(start, end)));
      },
    },
    { month: '2024-01' },
  );
  return { judged, largestRead };
}

/** Snappy's form of up to 60 bytes that are not compressed. */
const snappyLiteral = (bytes: Uint8Array): Uint8Array =>
  Buffer.concat([Uint8Array.of(bytes.length, (bytes.length - 1) << 2), bytes]);

it.each(BOMBS)('refuses: $name', async ({ make, refused: { code, because } }) => {
  const bytes = make();
  const { judged, largestRead } = await judge(bytes);
  expect(judged).toMatchObject({ refusal: { code, message: expect.stringMatching(because) } });
  expect('refusal' in judged && judged.refusal.message.length).toBeLessThan(1_000);
  expect(largestRead).toBeLessThanOrEqual(17 << 20);
});

describe('takes what is as it says', () => {
  it('the file that the others are made from', async () => {
    const more = { name: 'more', type: INT64, pages: [integers(10, 5n)] };
    const { judged } = await judge(makeParquet({ rows: 10, columns: [...tripColumns(10), more] }));
    expect(judged).toMatchObject({ schema: { rows: 10, unknown: ['more'] } });
  });

  it.each([
    'COMPRESSION snappy',
    'COMPRESSION zstd, ROW_GROUP_SIZE 2048',
    'COMPRESSION gzip, PARQUET_VERSION V2',
    'COMPRESSION lz4_raw',
    'COMPRESSION uncompressed',
  ])('constants, nulls, texts, lists and structs: %s', async (options) => {
    const path = join(folder, 'genuine.parquet');
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    await connection.run(
      `COPY (SELECT 1 AS VendorID, TIMESTAMP '2024-01-01' + to_seconds(i) AS tpep_pickup_datetime,
         TIMESTAMP '2024-01-01' AS tpep_dropoff_datetime, (i % 3000) / 100::DOUBLE AS trip_distance, NULL::INT AS nothing,
         i::VARCHAR AS text, repeat('x', 1000) AS constant_text, range(i % 5) AS list, {'a': i, 'b': {'c': 'd'}} AS struct,
         i::DECIMAL(38, 10) AS decimal FROM (SELECT range AS i FROM range(100000))) TO '${path}' (FORMAT parquet, ${options})`,
    );
    connection.closeSync();
    instance.closeSync();
    expect((await judge(readFileSync(path))).judged).toMatchObject({ schema: { rows: 100_000 } });
  });

  /** Nothing but nulls, said to be compressed, without a byte of data: as Spark writes it with pages of version 2. */
  const hollow = (rows: number): MadePage => ({
    kind: 'data2',
    body: Uint8Array.of(rows * 2, 0),
    values: rows,
    definitionBytes: 2,
    nulls: rows,
  });
  const SNAPPY = 1;
  const OPTIONAL = 1;

  it('a column of empty pages, which is not read', async () => {
    const nulls = { type: DOUBLE, codec: SNAPPY, repetition: OPTIONAL, pages: [hollow(10)] };
    const columns = [...tripColumns(10), { name: 'airport_fee', ...nulls }, { name: 'mood', ...nulls }];
    const { judged } = await judge(makeParquet({ rows: 10, columns }));
    if ('refusal' in judged) throw new Error(judged.refusal.message);
    expect(judged.notes).toEqual([]);
    expect(judged.schema.read.map(({ name }) => name)).toEqual(tripColumns(10).map(({ name }) => name));
    expect(judged.schema.unknown).toEqual([]);
  });

  it('but not one of empty pages among others', async () => {
    const page: MadePage = {
      kind: 'data2',
      body: Buffer.concat([Uint8Array.of(10, 1), snappyLiteral(new Uint8Array(40))]),
      values: 5,
      plainBytes: 42,
      definitionBytes: 2,
    };
    const some = { type: DOUBLE, codec: SNAPPY, repetition: OPTIONAL, pages: [page, hollow(5)] };
    const known = [...tripColumns(10), { name: 'airport_fee', ...some }];
    expect((await judge(makeParquet({ rows: 10, columns: known }))).judged).toMatchObject({
      refusal: {
        code: 'UNREADABLE',
        message: expect.stringMatching(/^column airport_fee has pages of nulls/),
      },
    });
    const unknown = [...tripColumns(10), { name: 'mood', ...some }];
    expect((await judge(makeParquet({ rows: 10, columns: unknown }))).judged).toMatchObject({
      schema: { unknown: [] },
      notes: ['columns that are not kept: mood: empty pages that are said to be compressed'],
    });
  });

  it.skipIf(!hasSharedData)('a real month', async () => {
    const bytes = readFileSync(join(SHARED_DATA, 'yellow_2022-01_sample100k.parquet'));
    expect((await judge(bytes)).judged).toMatchObject({ schema: { rows: 100_000 } });
  });
});

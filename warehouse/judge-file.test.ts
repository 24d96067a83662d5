/** Files that claim what they are not are refused before anything is allocated for it; genuine ones are not. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, describe, expect, it } from 'vitest';
import { BOMBS } from '../test/support/bombs.ts';
import { integers, makeParquet, INT64, tripColumns } from '../test/support/make-parquet.ts';
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

  it.skipIf(!hasSharedData)('a real month', async () => {
    const bytes = readFileSync(join(SHARED_DATA, 'yellow_2022-01_sample100k.parquet'));
    expect((await judge(bytes)).judged).toMatchObject({ schema: { rows: 100_000 } });
  });
});

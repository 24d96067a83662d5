import { expect, it } from 'vitest';
import { seededRandom } from '../test/support/random.ts';
import { planChunks } from './chunks.ts';

const plan = (sizeBytes: number, chunkBytes: number) =>
  planChunks({ filename: 'f.parquet', url: 'http://host/f.parquet', sizeBytes, chunkBytes });

it('covers every file without gap or overlap, a small tail after pieces of one to two times the size asked for', () => {
  const random = seededRandom(7);
  for (let round = 0; round < 2_000; round += 1) {
    const chunkBytes = 2 + Math.floor(random() * 1_000);
    const sizeBytes = 1 + Math.floor(random() * 20 * chunkBytes);
    const chunks = plan(sizeBytes, chunkBytes);
    expect(chunks[0]?.chunkStart).toBe(0);
    expect(chunks.at(-1)?.chunkEnd).toBe(sizeBytes);
    chunks.forEach((chunk, index) => {
      expect(chunk.chunkId).toBe(index);
      expect(chunk.chunkSize).toBe(chunk.chunkEnd - chunk.chunkStart);
      expect(chunk.chunkStart).toBe(chunks[index - 1]?.chunkEnd ?? 0);
      expect(chunk.chunkSize).toBeLessThan(2 * chunkBytes);
      if (index < chunks.length - 1) expect(chunk.chunkSize).toBeGreaterThanOrEqual(chunkBytes);
    });
  }
});

it('keeps the tail small, so that the footer is there soon', () => {
  const sizes = plan(56_000_000, 8 << 20).map(({ chunkSize }) => chunkSize);
  expect(sizes).toEqual([9_289_642, 9_289_643, 9_289_643, 9_289_642, 9_289_643, 9_289_643, 262_144]);
  expect(plan(8 << 20, 8 << 20)).toHaveLength(1);
});

it('never plans more chunks than S3 takes parts', () => {
  const chunks = plan(100_003, 3);
  expect(chunks.length).toBeLessThanOrEqual(10_000);
  expect(chunks.at(-1)?.chunkEnd).toBe(100_003);
});

import { expect, it } from 'vitest';
import { ignoredKind, IgnoredTally } from './ignored-files.ts';

it.each([
  ['yellow_tripdata_2024-01.parquet', undefined],
  ['yellow_tripdata_2024-01.PARQUET', undefined],
  ['yellow_tripdata_2024-01.parquet.gz', 'COMPRESSED'],
  ['yellow_tripdata_2024-01.csv', 'OTHER_FORMAT'],
  ['yellow_tripdata_2024-01.csv.gz', 'OTHER_FORMAT'],
  ['yellow\n2024-01.parquet', 'UNUSABLE_NAME'],
  ['.yellow_2024-01.parquet', 'UNUSABLE_NAME'],
  [`${'x'.repeat(250)}.parquet`, 'UNUSABLE_NAME'],
  ['README.md', undefined],
  ['_SUCCESS', undefined],
])('%j: %s', (name, kind) => {
  expect(ignoredKind(name)).toBe(kind);
});

it('tells each kind once, with how many there are', () => {
  const tally = new IgnoredTally();
  for (const name of ['a.csv', 'b.csv', 'x\u202e.parquet.zst', 'c.parquet']) tally.see(name);
  tally.see('2024', { isFolder: true });
  tally.see('.git', { isFolder: true });
  expect(tally.all().map(({ kind, files, example }) => [kind, files, example])).toEqual([
    ['OTHER_FORMAT', 2, 'a.csv'],
    ['COMPRESSED', 1, 'x\\u202e.parquet.zst'],
    ['FOLDER', 1, '2024'],
  ]);
});

import { expect, test } from 'vitest';
import { loadingNotes } from './welcome.ts';

test('tells why the first answers are of no trips', () => {
  expect(loadingNotes({ known: 0, published: 0 })).toEqual([
    'The source has shown no Parquet file yet (yellow_tripdata_2024-01.parquet is such a name): answers say "loading": true until one is published.',
  ]);
  expect(loadingNotes({ known: 3, published: 0 })).toEqual([
    'No file is published yet: answers say "loading": true until one is published.',
  ]);
  expect(loadingNotes({ known: 3, published: 1 })).toEqual([]);
});

import { expect, it } from 'vitest';
import { ANY_BUT_OTHERS, filePattern } from './file-pattern.ts';

it.each([
  ['yellow_tripdata_2024-01.parquet', true],
  ['2024-01.parquet', true],
  ['greenwich_2024-01.parquet', true],
  ['my_green_tripdata_2024-01.parquet', true],
  ['green_tripdata_2024-01.parquet', false],
  ['FHV_tripdata_2024-01.parquet', false],
  ['fhvhv_tripdata_2024-01.parquet', false],
  ['hvfhv-2024-01.parquet', false],
])('without FILE_PATTERN, %s is ours: %s', (name, isOurs) => {
  expect(ANY_BUT_OTHERS.mistakeIn(name) === undefined).toBe(isOurs);
});

it.each([
  ['fhvhv_*', 'fhvhv_tripdata_2024-01.parquet', true],
  ['fhvhv_*', 'yellow_tripdata_2024-01.parquet', false],
  ['*-0?.PARQUET', 'x-01.parquet', true],
  ['a.b*', 'aXb', false],
  ['a(*', 'a(b', true],
  ['*'.repeat(40), 'x'.repeat(200), true],
])('%s means %s: %s', (text, name, isMeant) => {
  expect(filePattern(text).mistakeIn(name) === undefined).toBe(isMeant);
});

import { expect, it } from 'vitest';
import { mistakeInBackfill } from './backfill-request.ts';
import { mistakeInRetry, mistakeInFile } from './control-requests.ts';

it.each([undefined, null, {}, { filenames: null }, { filenames: ['a.parquet'] }])('retries %j', (request) => {
  expect(mistakeInRetry(request)).toBeUndefined();
});

it.each<[unknown, RegExp]>([
  [5, /expected \{"filenames"/],
  ['a.parquet', /expected \{"filenames"/],
  [['a.parquet'], /expected \{"filenames"/],
  [{ filename: 'a.parquet' }, /unknown field "filename"/],
  [{ filenames: 'a.parquet' }, /must be a list/],
  [{ filenames: [] }, /is empty/],
  [{ filenames: ['a.parquet', 7] }, /a filename is a text; got 7/],
  [{ filenames: [undefined] }, /a filename is a text/],
  [{ filenames: [''] }, /1 to 1000 characters/],
  [{ filenames: Array.from({ length: 501 }, () => 'a') }, /at most 500/],
])('does not retry %j', (request, mistake) => {
  expect(mistakeInRetry(request)).toMatch(mistake);
});

it.each<[unknown, RegExp]>([
  [undefined, /expected \{"filename"/],
  [null, /expected \{"filename"/],
  [{}, /expected \{"filename"/],
  ['a.parquet', /expected \{"filename"/],
  [{ filename: null }, /a filename is a text; got null/],
  [{ filename: ['a.parquet'] }, /a filename is a text/],
  [{ filename: '' }, /1 to 1000 characters/],
  [{ filename: 'x'.repeat(1_001) }, /1 to 1000 characters/],
  [{ filename: 'a.parquet', to: 3 }, /unknown field "to"/],
])('does not roll back %j', (request, mistake) => {
  expect(mistakeInFile(request)).toMatch(mistake);
});

it('rolls back a named file', () => {
  expect(mistakeInFile({ filename: 'a.parquet' })).toBeUndefined();
});

it.each([1, '', 'x'.repeat(101)])('wants no backfill with the id %j', (id) => {
  expect(mistakeInBackfill({ from: '2023-01', to: '2023-02', id })).toMatch(/"id" must be/);
});

import { expect, it } from 'vitest';
import { madeSnapshot } from '../../test/support/made-snapshot.ts';
import { DAY_MICROS } from '../percentile/pickup-range.ts';
import { areCurrent, newestVersion, Reads } from './reads.ts';

const JANUARY = 2023 * 12;
/** 1 January 2023, in days since 1970. */
const FIRST = 19_358;
const january = { file: 'yellow_tripdata_2023-01.parquet', days: [FIRST, FIRST + 30], dataThrough: 'a' };
const february = { file: 'yellow_tripdata_2023-02.parquet', days: [FIRST + 31], dataThrough: 'b' };
const before = madeSnapshot(january);
const spanOf = (firstDay: number, days: number) => ({
  from: BigInt(firstDay) * DAY_MICROS,
  to: BigInt(firstDay + days) * DAY_MICROS,
});

function readsOf(note: (reads: Reads) => void): Reads['noted'] {
  const reads = new Reads();
  note(reads);
  return reads.noted;
}

it.each([
  ['the days of its span, by a new file', february, spanOf(FIRST + 30, 2), false],
  ['the days of its span, by another version', { ...january, days: [FIRST + 1] }, spanOf(FIRST, 1), false],
  ['days that had no trips', february, spanOf(FIRST + 31, 1), false],
  ['days beside it', february, spanOf(FIRST, 31), true],
  ['days within it that it does not reach', { ...january, days: [FIRST + 30] }, spanOf(FIRST + 1, 3), true],
])('an answer changes with %s: %#', (_, publication, span, isCurrent) => {
  const reads = readsOf((noting) => noting.span(before, span));
  expect(areCurrent(reads, before)).toBe(true);
  expect(areCurrent(reads, madeSnapshot(january, publication))).toBe(isCurrent);
});

it('an answer that tells how far the data goes changes with that alone', () => {
  const reads = readsOf((noting) => noting.dataThrough(before.dataThrough));
  expect(areCurrent(reads, madeSnapshot(january, { ...february, dataThrough: 'a' }))).toBe(true);
  expect(areCurrent(reads, madeSnapshot(january, february))).toBe(false);
});

it('an answer that tells which months are there changes with those of its range', () => {
  const reads = readsOf((noting) => noting.publishedMonths(before, { first: JANUARY, last: JANUARY + 1 }));
  const march = { file: 'yellow_tripdata_2023-03.parquet', days: [FIRST] };
  expect(areCurrent(reads, madeSnapshot(january, january))).toBe(true);
  expect(areCurrent(reads, madeSnapshot(january, march))).toBe(true);
  expect(areCurrent(reads, madeSnapshot(january, { ...february, days: [] }))).toBe(false);
});

it('an answer that nothing is loaded yet changes with the first publication, wherever that is', () => {
  const reads = readsOf((noting) => noting.loading(true));
  expect(areCurrent(reads, madeSnapshot())).toBe(true);
  expect(areCurrent(reads, before)).toBe(false);
  expect(readsOf((noting) => noting.loading(false))).toEqual([]);
});

it('an answer of before hangs on nothing', () => {
  expect(areCurrent([], madeSnapshot(january, february))).toBe(true);
  expect(newestVersion([])).toBe(0);
});

it('the newest of several spans is the data version', () => {
  const snapshot = madeSnapshot(january, february);
  const reads = readsOf((noting) => {
    noting.span(snapshot, spanOf(FIRST + 31, 1));
    noting.dataThrough('b');
    noting.span(snapshot, spanOf(FIRST, 1));
  });
  expect(newestVersion(reads)).toBe(2);
  // As it is kept in Redis.
  expect(areCurrent(JSON.parse(JSON.stringify(reads)) as typeof reads, snapshot)).toBe(true);
});

import { describe, expect, it } from 'vitest';
import { publicationOf as madePublication } from '../test/support/made-snapshot.ts';
import { LoadLog, type Snapshot } from './load-log.ts';
import { formatLocalDateTime, parseLocalDateTime } from './percentile/local-date-time.ts';
import { bucketsOf, publicationOf, type Bucket } from './series.ts';

function snapshotOf(months: readonly string[]): Snapshot {
  const log = new LoadLog();
  log.append(
    months.map((month, index) =>
      madePublication({
        sequence: index + 1,
        source: 'yellow',
        filename: `yellow_tripdata_${month}.parquet`,
        loadId: String(index),
        version: '1',
        rows: 1,
        rejected: 0,
        days: new Map(),
        dataThrough: null,
        publishedAt: '',
      }),
    ),
  );
  return log.snapshot();
}

const rangeOf = (from?: string, to?: string) => ({
  from: from === undefined ? undefined : parseLocalDateTime(from),
  to: to === undefined ? undefined : parseLocalDateTime(to),
});

/** `from to`, with a mark where the range cut the unit. */
const shown = (snapshot: Snapshot, range: ReturnType<typeof rangeOf>, unit: Bucket['unit']): string[] =>
  bucketsOf(snapshot, range, unit).buckets.map(
    ({ span, isWhole }) =>
      `${formatLocalDateTime(span.from)} ${formatLocalDateTime(span.to)}${isWhole ? '' : ' cut'}`,
  );

const NONE = snapshotOf([]);

describe('bucketsOf', () => {
  it('begins weeks on Monday, also before 1970', () => {
    expect(shown(NONE, rangeOf('2024-01-01', '2024-01-16'), 'WEEK')).toEqual([
      '2024-01-01T00:00:00 2024-01-08T00:00:00',
      '2024-01-08T00:00:00 2024-01-15T00:00:00',
      '2024-01-15T00:00:00 2024-01-16T00:00:00 cut',
    ]);
    expect(shown(NONE, rangeOf('1969-12-28', '1970-01-05'), 'WEEK')).toEqual([
      '1969-12-28T00:00:00 1969-12-29T00:00:00 cut',
      '1969-12-29T00:00:00 1970-01-05T00:00:00',
    ]);
  });

  it('knows the lengths of months and years', () => {
    expect(shown(NONE, rangeOf('2024-01-31T12:00', '2024-03-01T00:00:00.000001'), 'MONTH')).toEqual([
      '2024-01-31T12:00:00 2024-02-01T00:00:00 cut',
      '2024-02-01T00:00:00 2024-03-01T00:00:00',
      '2024-03-01T00:00:00 2024-03-01T00:00:00.000001 cut',
    ]);
    expect(shown(NONE, rangeOf('2023-12-31', '2025-01-01'), 'YEAR')).toEqual([
      '2023-12-31T00:00:00 2024-01-01T00:00:00 cut',
      '2024-01-01T00:00:00 2025-01-01T00:00:00',
    ]);
  });

  it('ends where the calendar does', () => {
    expect(shown(NONE, rangeOf('1000-01-01', '1901-01-01'), 'YEAR')).toEqual([
      '1900-01-01T00:00:00 1901-01-01T00:00:00',
    ]);
    expect(shown(NONE, rangeOf('2299-12-30', '9999-01-01'), 'DAY')).toEqual([
      '2299-12-30T00:00:00 2299-12-31T00:00:00',
    ]);
    expect(shown(NONE, rangeOf('1000-01-01', '1001-01-01'), 'DAY')).toEqual([]);
  });

  it('closes open ends with the months of the files', () => {
    const snapshot = snapshotOf(['2023-05', '2022-11', '2023-01']);
    expect(shown(snapshot, rangeOf(), 'YEAR')).toEqual([
      '2022-11-01T00:00:00 2023-01-01T00:00:00 cut',
      '2023-01-01T00:00:00 2023-06-01T00:00:00 cut',
    ]);
    expect(shown(snapshot, rangeOf('2023-06-01'), 'DAY')).toEqual([]);
    expect(shown(NONE, rangeOf('2023-06-01'), 'DAY')).toEqual([]);
  });

  it('makes 10,000 at most, whole or cut', () => {
    // 10,000 hours are 416 days and 16 hours.
    expect(bucketsOf(NONE, rangeOf('2023-01-01', '2024-02-21T16:00'), 'HOUR').buckets).toHaveLength(10_000);
    for (const [from, to] of [
      ['2023-01-01', '2024-02-21T16:00:00.000001'],
      ['2023-01-01T00:30', '2024-02-21T16:30'],
      ['1900-01-01', '2299-01-01'],
    ] as const)
      expect(() => bucketsOf(NONE, rangeOf(from, to), 'HOUR')).toThrow(/^more than 10000 points/);
  });
});

describe('publicationOf', () => {
  it('asks for a file of every month that is touched', () => {
    const isPublished = publicationOf(snapshotOf(['2023-11', '2023-12', '2024-02']));
    const ask = (from: string, to: string) =>
      isPublished({ from: parseLocalDateTime(from), to: parseLocalDateTime(to) });
    expect(ask('2023-11-01', '2024-01-01')).toBe(true);
    expect(ask('2023-11-01', '2024-01-01T00:00:00.000001')).toBe(false);
    expect(ask('2023-10-31T23:59:59.999999', '2023-11-02')).toBe(false);
    expect(ask('2023-12-31', '2024-02-01')).toBe(false);
    expect(ask('2024-02-29', '2024-03-01')).toBe(true);
  });
});

/** Every question about percentiles against DuckDB on the same files: levels, series, groups, bins and filters. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseLevel } from '../../gateway/ladder/level.ts';
import { writeDirtyMonth } from '../support/dirty-trips.ts';
import { createOracle, type Oracle, type OracleStanding } from '../support/oracle.ts';
import { startTripline, type Tripline } from '../support/tripline.ts';

const folder = mkdtempSync(join(tmpdir(), 'tripline-questions-'));
/** 2024-01 is missing. */
const MONTHS = ['2023-11', '2023-12', '2024-02'];
let tripline: Tripline;
let oracle: Oracle;

beforeAll(async () => {
  const paths = await Promise.all(
    MONTHS.map((month, index) => writeDirtyMonth(folder, { month, rows: 20_000, seed: index })),
  );
  [oracle, tripline] = await Promise.all([
    createOracle(paths, { allColumns: true }),
    startTripline({ sourceUrl: `file://${folder}` }),
  ]);
  await tripline.settled(MONTHS.length);
});

afterAll(async () => {
  await tripline?.stop();
  oracle?.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Range {
  from?: string;
  to?: string;
}

interface Standing {
  value: number | null;
  trips: number;
  tripsOver: number;
}

async function ask<Data>(query: string, variables: Record<string, unknown> = {}): Promise<Data> {
  const { data, errors } = await tripline.graphql<Data>(query, variables);
  expect(errors).toBeUndefined();
  return data!;
}

async function refusal(query: string, variables: Record<string, unknown> = {}): Promise<string> {
  const { errors } = await tripline.graphql(query, variables);
  expect(errors).toHaveLength(1);
  return `${errors![0]!.extensions?.code} ${errors![0]!.message}`;
}

const within = ({ from, to }: Range): string =>
  [
    'true',
    ...(from === undefined ? [] : [`pickup >= '${from}'`]),
    ...(to === undefined ? [] : [`pickup < '${to}'`]),
  ].join(' AND ');
const NONE: Standing = { value: null, trips: 0, tripsOver: 0 };
const standingOf = (found: OracleStanding | undefined): Standing =>
  found === undefined ? NONE : { value: found.value, trips: found.trips, tripsOver: found.tripsOver };

const RAGGED = { from: '2023-11-03T05:17:23.000001', to: '2024-02-20T22:59:59.999999' };
const RANGES: Range[] = [
  {},
  RAGGED,
  { from: '2023-12-01' },
  { to: '2024-01-31T23:59:59.999999' },
  { from: '2023-12-05T10:15:00.5', to: '2023-12-05T10:45:00.25' },
  { from: '2023-12-31T23:00:00', to: '2024-02-01T00:00:00.000001' },
  { to: '1951-01-01' },
  { from: '2500-01-01' },
];

describe('percentiles', () => {
  const LEVELS = [0.9, 0.07, 0.5, 0.29, 0.000001, 0.999999, 0.9];

  it.each(RANGES)('stand at their ranks: %o', async (pickup) => {
    const { percentiles } = await ask<{ percentiles: Record<string, unknown>[] }>(
      `query ($at: [Float!]!, $pickup: PickupRange) {
        percentiles(at: $at, pickup: $pickup) { p value trips tripsOver dataVersion certificate { below equal above rank } }
      }`,
      { at: LEVELS, pickup },
    );
    const [{ dataVersion } = {}] = percentiles;
    for (const [index, p] of LEVELS.entries()) {
      const found = (await oracle.percentiles({ where: within(pickup), p: p.toFixed(9) })).get('');
      const { below = 0, equal = 0, tripsOver: above = 0, rank = 0 } = found ?? {};
      expect(percentiles[index]).toEqual({
        p,
        ...standingOf(found),
        dataVersion,
        certificate: found === undefined ? null : { below, equal, above, rank },
      });
      if (found === undefined) continue;
      expect(below < rank && rank <= below + equal).toBe(true);
      expect(below + equal + above).toBe(found.trips);
    }
  });

  it.each(RANGES.slice(0, 6))('interpolate as DuckDB does: %o', async (pickup) => {
    const at = [0.07, 0.123456789, 0.5, 0.9, 0.99];
    const { percentiles } = await ask<{
      percentiles: (Standing & { certificate: Record<'below' | 'equal' | 'above' | 'rank', number> })[];
    }>(
      `query ($at: [Float!]!, $pickup: PickupRange) {
        percentiles(at: $at, pickup: $pickup, interpolate: true) { value trips tripsOver certificate { below equal above rank } }
      }`,
      { at, pickup },
    );
    for (const [index, p] of at.entries()) {
      const { value, trips, tripsOver, certificate } = percentiles[index]!;
      const [expected] = await oracle.rows(
        `SELECT quantile_cont(distance, ${p}), count(*) FILTER (distance < ${value}), count(*) FILTER (distance = ${value}),
           count(*) FILTER (distance > ${value}) FROM trips WHERE ${within(pickup)}`,
      );
      const [cont, below, equal, above] = expected!.map(Number);
      expect(Math.abs(value! - cont!)).toBeLessThanOrEqual(Math.abs(cont!) * 1e-12);
      const { numerator, denominator } = parseLevel(p);
      const rank = 1 + Number((BigInt(trips - 1) * numerator) / denominator);
      expect({ tripsOver, certificate }).toEqual({
        tripsOver: above,
        certificate: { below, equal, above, rank },
      });
    }
  });

  it.each([
    ['no level', [], /^BAD_USER_INPUT at has 0 levels/],
    ['too many levels', Array.from({ length: 101 }, () => 0.5), /^BAD_USER_INPUT at has 101 levels/],
    ['a level that is none', [0.5, 1], /^BAD_USER_INPUT p is 1: it must lie strictly between 0 and 1/],
  ])('refuse %s', async (_, at, message) => {
    expect(await refusal('query ($at: [Float!]!) { percentiles(at: $at) { p } }', { at })).toMatch(message);
  });
});

describe('p90Series', () => {
  interface Point extends Standing {
    from: string;
    to: string;
    complete: boolean;
  }
  const askSeries = async (bucket: string, pickup: Range, p = 0.9) =>
    (
      await ask<{ p90Series: { points: Point[] } }>(
        `query ($bucket: SeriesBucket!, $pickup: PickupRange, $p: Float) {
          p90Series(bucket: $bucket, pickup: $pickup, p: $p) { points { from to value trips tripsOver complete } }
        }`,
        { bucket, pickup, p },
      )
    ).p90Series.points;

  async function expected(bucket: string, { from, to }: Required<Range>, p: string): Promise<Point[]> {
    const iso = (sql: string) => `regexp_replace(strftime(${sql}, '%Y-%m-%dT%H:%M:%S.%f'), '[.]000000$', '')`;
    const units = await oracle.rows(
      `SELECT unit::VARCHAR, ${iso('greatest(unit, first)')}, ${iso('least(past, last)')},
         unit >= first AND past <= last AND list_has_all(['${MONTHS.join("','")}'],
           [strftime(month, '%Y-%m') FOR month IN generate_series(date_trunc('month', unit), past - INTERVAL 1 MICROSECOND, INTERVAL 1 MONTH)])
       FROM (SELECT *, unit + INTERVAL 1 ${bucket} AS past FROM (
         SELECT first, last, unnest(generate_series(date_trunc('${bucket}', first), last - INTERVAL 1 MICROSECOND, INTERVAL 1 ${bucket})) AS unit
         FROM (SELECT TIMESTAMP '${from}' AS first, TIMESTAMP '${to}' AS last)))
       ORDER BY unit`,
    );
    const found = await oracle.percentiles({
      key: `date_trunc('${bucket}', pickup)::TIMESTAMP`,
      where: within({ from, to }),
      p,
    });
    return units.map(([unit, first, past, complete]) => ({
      from: String(first),
      to: String(past),
      ...standingOf(found.get(String(unit))),
      complete: complete === true,
    }));
  }

  it.each([
    ['HOUR', { from: '2023-12-30T05:17:23.000001', to: '2024-01-02T10:30:00' }, 0.9],
    ['HOUR', { from: '2023-11-06', to: '2023-11-13' }, 0.5],
    ['HOUR', { from: '2023-11-06T10:15:00', to: '2023-11-06T10:15:00.000001' }, 0.5],
    ['DAY', RAGGED, 0.9],
    ['WEEK', RAGGED, 0.29],
    ['WEEK', { from: '2023-10-30', to: '2024-01-01' }, 0.9],
    ['MONTH', RAGGED, 0.9],
    ['MONTH', { from: '2008-12-01', to: '2024-03-01' }, 0.07],
    ['YEAR', { from: '1949-07-01', to: '2099-01-01' }, 0.9],
  ])('%s of %o at %d', async (bucket, pickup, p) => {
    const points = await askSeries(bucket, pickup, p);
    expect(points).toEqual(await expected(bucket, pickup, p.toFixed(9)));
    const all = (await oracle.percentiles({ where: within(pickup) })).get('')?.trips ?? 0;
    expect(points.reduce((sum, { trips }) => sum + trips, 0)).toBe(all);
  });

  it('knows when a unit is complete', async () => {
    const points = await askSeries('MONTH', { from: '2023-11-01', to: '2024-02-29' });
    expect(points.map(({ complete }) => complete)).toEqual([true, true, false, false]);
  });

  it('begins and ends an open range where the months of the files do', async () => {
    const ends = async (pickup: Range) => {
      const points = await askSeries('DAY', pickup);
      expect(points).toEqual(
        await expected('DAY', { from: points[0]!.from, to: points.at(-1)!.to }, '0.900000000'),
      );
      return [points[0]!.from, points.at(-1)!.to];
    };
    expect(await ends({})).toEqual(['2023-11-01T00:00:00', '2024-03-01T00:00:00']);
    expect(await ends({ from: '2024-02-10T12:00:00' })).toEqual([
      '2024-02-10T12:00:00',
      '2024-03-01T00:00:00',
    ]);
    expect(await ends({ to: '2023-11-02T00:30:00' })).toEqual(['2023-11-01T00:00:00', '2023-11-02T00:30:00']);
    expect(await askSeries('DAY', { to: '2020-01-01' })).toEqual([]);
    expect(await askSeries('DAY', { from: '2025-01-01' })).toEqual([]);
  });

  it('interpolates', async () => {
    const { p90Series } = await ask<{ p90Series: { points: { value: number }[]; dataVersion: number } }>(
      '{ p90Series(bucket: MONTH, interpolate: true, p: 0.123) { points { value } dataVersion } }',
    );
    const values = await oracle.rows(
      `SELECT quantile_cont(distance, 0.123) FROM trips WHERE pickup >= '2023-11-01' AND pickup < '2024-03-01' GROUP BY date_trunc('month', pickup) ORDER BY date_trunc('month', pickup)`,
    );
    expect(p90Series.points.map(({ value }) => value.toPrecision(12))).toEqual(
      values.map(([value]) => Number(value).toPrecision(12)),
    );
    expect(p90Series.dataVersion).toBe(MONTHS.length);
  });

  it('gives at most 10,000 points', async () => {
    const hours = (to: string) => ({ bucket: 'HOUR', pickup: { from: '2023-01-01', to } });
    const query =
      'query ($bucket: SeriesBucket!, $pickup: PickupRange) { p90Series(bucket: $bucket, pickup: $pickup) { points { trips } } }';
    // 10,000 hours are 416 days and 16 hours.
    const { p90Series } = await ask<{ p90Series: { points: { trips: number }[] } }>(
      query,
      hours('2024-02-21T16:00:00'),
    );
    expect(p90Series.points).toHaveLength(10_000);
    expect(await refusal(query, hours('2024-02-21T16:00:00.000001'))).toMatch(
      /^BAD_USER_INPUT more than 10000 points/,
    );
    expect(await refusal(query, { bucket: 'DAY', pickup: { from: '1901-01-01', to: '2299-01-01' } })).toMatch(
      /^BAD_USER_INPUT/,
    );
  });
});

describe('p90By', () => {
  const DIMENSIONS: [dimension: string, key: string, first: number, last: number][] = [
    ['HOUR_OF_DAY', 'hour(pickup)', 0, 23],
    ['DAY_OF_WEEK', 'isodow(pickup)', 1, 7],
    ['HOUR_OF_WEEK', '(isodow(pickup) - 1) * 24 + hour(pickup)', 0, 167],
    ['MONTH_OF_YEAR', 'month(pickup)', 1, 12],
  ];

  it.each(DIMENSIONS)('%s', async (dimension, key, first, last) => {
    for (const pickup of RANGES) {
      const { p90By } = await ask<{ p90By: { groups: (Standing & { key: number })[]; dataVersion: number } }>(
        `query ($dimension: Dimension!, $pickup: PickupRange) {
          p90By(dimension: $dimension, pickup: $pickup, p: 0.29) { groups { key value trips tripsOver } dataVersion }
        }`,
        { dimension, pickup },
      );
      const found = await oracle.percentiles({ key, where: within(pickup), p: '0.29' });
      const keys = Array.from({ length: last - first + 1 }, (_, index) => first + index);
      expect({ pickup, groups: p90By.groups }).toEqual({
        pickup,
        groups: keys.map((each) => ({ key: each, ...standingOf(found.get(String(each))) })),
      });
    }
  });
});

describe('distribution', () => {
  it.each(RANGES)('counts each trip in one bin: %o', async (pickup) => {
    const bins = [-1, 0, 0.5, 1.000000001, 2.5, 2.51, 10, 59.99, 60, 1_000];
    const { distribution } = await ask<{
      distribution: { bins: { from: number | null; to: number | null; trips: number }[]; trips: number };
    }>(
      'query ($pickup: PickupRange, $bins: [Float!]!) { distribution(pickup: $pickup, bins: $bins) { bins { from to trips } trips } }',
      { pickup, bins },
    );
    const edges = [null, ...bins, null];
    const expected = [];
    for (let index = 0; index + 1 < edges.length; index += 1) {
      const [from, to] = [edges[index]!, edges[index + 1]!];
      const [row] = await oracle.rows(
        `SELECT count(*) FROM trips WHERE ${within(pickup)} AND distance >= ${from ?? "'-inf'"}::DOUBLE AND distance < ${to ?? "'inf'"}::DOUBLE`,
      );
      expected.push({ from, to, trips: Number(row![0]) });
    }
    expect(distribution.bins).toEqual(expected);
    expect(distribution.trips).toBe(expected.reduce((sum, { trips }) => sum + trips, 0));
  });

  it('has bins of its own', async () => {
    const { distribution } = await ask<{ distribution: { bins: unknown[]; trips: number } }>(
      '{ distribution { bins { from to trips } trips } }',
    );
    expect(distribution.bins).toHaveLength(14);
    expect(distribution.trips).toBe(60_000);
  });

  it.each([
    ['no edge', [], /^BAD_USER_INPUT bins has 0 edges/],
    ['equal edges', [1, 1], /^BAD_USER_INPUT bins must be ascending/],
    ['descending edges', [2, 1], /^BAD_USER_INPUT bins must be ascending/],
    ['too many edges', Array.from({ length: 1_001 }, (_, index) => index), /^BAD_USER_INPUT bins has 1001/],
  ])('refuses %s', async (_, bins, message) => {
    const query = 'query ($bins: [Float!]!) { distribution(bins: $bins) { trips } }';
    expect(await refusal(query, { bins })).toMatch(message);
  });
});

describe('filter', () => {
  const FILTERS: [filter: Record<string, unknown>, condition: string][] = [
    [{ vendorId: [1] }, 'VendorID = 1'],
    [{ vendorId: [6, 7, 99, -1] }, 'VendorID IN (6, 7, 99)'],
    [{ paymentType: [0, 2] }, 'payment_type IN (0, 2)'],
    [{ pickupZone: [132, 138, 161] }, 'PULocationID IN (132, 138, 161)'],
    [{ dropoffZone: [1, 4, 7] }, 'DOLocationID IN (1, 4, 7)'],
    [{ passengerCount: { min: 2 } }, 'passenger_count >= 2'],
    [{ passengerCount: { min: 1.5, max: 4 } }, 'passenger_count BETWEEN 1.5 AND 4'],
    [{ fareAmount: { max: 12.34 } }, 'fare_amount <= 12.34'],
    [{ fareAmount: { min: -3.07, max: 99.99 } }, 'fare_amount BETWEEN -3.07 AND 99.99'],
    [{ tripDistance: { min: 0.01 } }, 'distance >= 0.01'],
    [{ tripDistance: { min: 2.5, max: 2.5 } }, 'distance = 2.5'],
    [{}, 'true'],
    [{ vendorId: null, fareAmount: { min: null } }, 'true'],
    [
      { vendorId: [1, 2], paymentType: [1], passengerCount: { min: 1 }, tripDistance: { max: 30 } },
      'VendorID IN (1, 2) AND payment_type = 1 AND passenger_count >= 1 AND distance <= 30',
    ],
    [{ vendorId: [99] }, 'false'],
  ];
  const QUERY = `query ($pickup: PickupRange, $filter: TripFilter) {
    p90(pickup: $pickup, filter: $filter) { value trips tripsOver certificate { below equal above rank } }
  }`;

  it.each(FILTERS)('%o', async (filter, condition) => {
    for (const pickup of [{}, RAGGED]) {
      const { p90 } = await ask<{ p90: Standing }>(QUERY, { pickup, filter });
      const found = (await oracle.percentiles({ where: `${within(pickup)} AND ${condition}` })).get('');
      expect(p90).toMatchObject(standingOf(found));
    }
  });

  it('takes bounds as the doubles that they are', async () => {
    const distances = await oracle.rows(
      'SELECT DISTINCT distance FROM trips WHERE distance <> round(distance, 2) ORDER BY hash(distance) LIMIT 40',
    );
    for (const [distance] of distances) {
      const { p90 } = await ask<{ p90: Standing }>(QUERY, {
        filter: { tripDistance: { min: distance, max: distance } },
      });
      expect(p90).toMatchObject(
        standingOf((await oracle.percentiles({ where: `distance = ${String(distance)}::DOUBLE` })).get('')),
      );
    }
  });

  it('answers several levels and interpolates', async () => {
    const { percentiles } = await ask<{ percentiles: { value: number }[] }>(
      '{ percentiles(at: [0.25, 0.75], interpolate: true, filter: { vendorId: [2] }) { value } }',
    );
    const [row] = await oracle.rows(
      'SELECT quantile_cont(distance, 0.25), quantile_cont(distance, 0.75) FROM trips WHERE VendorID = 2',
    );
    expect(percentiles.map(({ value }) => value.toPrecision(12))).toEqual(
      row!.map((value) => Number(value).toPrecision(12)),
    );
  });

  it.each([
    ['an empty list', { vendorId: [] }, /^BAD_USER_INPUT filter.vendorId is empty/],
    ['an empty list beside others', { vendorId: [1], pickupZone: [] }, /^BAD_USER_INPUT filter.pickupZone/],
    [
      'bounds in the wrong order',
      { fareAmount: { min: 2, max: 1 } },
      /^BAD_USER_INPUT .*2 is more than max 1/,
    ],
    [
      'too many values',
      { dropoffZone: Array.from({ length: 1_001 }, () => 1) },
      /^BAD_USER_INPUT .*1001 values/,
    ],
  ])('refuses %s', async (_, filter, message) => {
    expect(await refusal(QUERY, { filter })).toMatch(message);
  });
});

describe('explain', () => {
  interface Explain {
    buckets: Record<'years' | 'months' | 'days' | 'hours', number>;
    pagesHit: number;
    pagesMissed: number;
    tripsRead: number;
    statements: number;
    milliseconds: number;
  }
  const explain = async (pickup: Range, filter?: object) =>
    (
      await ask<{ p90: { explain: Explain } }>(
        `query ($pickup: PickupRange, $filter: TripFilter) { p90(pickup: $pickup, filter: $filter) {
          explain { buckets { years months days hours } pagesHit pagesMissed tripsRead statements milliseconds }
        } }`,
        { pickup, filter },
      )
    ).p90.explain;

  it('reads what it has not yet, once', async () => {
    // Hours that no other test asks about.
    const pickup = { from: '2023-11-28T01:30:00', to: '2023-12-02T03:15:00' };
    const cold = await explain(pickup);
    expect(cold.pagesMissed).toBeGreaterThan(0);
    expect(cold.statements).toBeGreaterThan(0);
    const warm = await explain(pickup);
    expect(warm).toMatchObject({
      pagesMissed: 0,
      statements: 0,
      pagesHit: cold.pagesHit + cold.pagesMissed,
      tripsRead: cold.tripsRead,
      // 29 and 30 November, 1 December; 2:00 to midnight, and midnight to 3:00.
      buckets: { years: 0, months: 0, days: 3, hours: 25 },
    });
    const [row] = await oracle.rows(
      `SELECT count(*) FROM trips WHERE (pickup >= '2023-11-28 01:30:00' AND pickup < '2023-11-28 02:00:00')
         OR (pickup >= '2023-12-02 03:00:00' AND pickup < '2023-12-02 03:15:00')`,
    );
    expect(warm.tripsRead).toBe(Number(row![0]));
    expect(warm.milliseconds).toBeGreaterThanOrEqual(0);
  });

  it('adds up years and months where it can', async () => {
    expect((await explain({})).buckets).toEqual({ years: 5, months: 0, days: 0, hours: 0 });
    expect((await explain({ from: '2023-11-01', to: '2024-03-01' })).buckets).toEqual({
      years: 0,
      months: 4,
      days: 0,
      hours: 0,
    });
  });

  it('says what a filter may read', async () => {
    const { tripsRead, statements } = await explain(
      { from: '2023-11-10T12:00:00', to: '2023-11-11T12:00:00' },
      { vendorId: [1] },
    );
    const [row] = await oracle.rows(
      "SELECT count(*) FROM trips WHERE pickup >= '2023-11-10' AND pickup < '2023-11-12'",
    );
    expect([tripsRead, statements]).toEqual([Number(row![0]), 2]);
  });
});

/** Arguments that are of the wrong type, at the end of what can be, or somebody else's. */
import type { Dice } from './dice.ts';
import { asGet, asPost, escaped, type Family, type World } from './world.ts';

const MOMENTS: readonly unknown[] = [
  '0000-01-01',
  '0001-01-01T00:00:00.000001',
  '1899-12-31T23:59:59.999999',
  '1900-01-01',
  '1969-12-31T23:59:59.999999',
  '2024-02-30',
  '2024-01-15T12:00:00.123456',
  '2299-12-31T23:59:59.999999',
  '9999-12-31T23:59:59.999999',
  '10000-01-01',
  '-0001-01-01',
  '2024-01-01T00:00:00Z',
  '2024-01-01T24:00:00',
  "2024-01-01' OR 1=1 --",
  '2024-01-01T00:00:00\0',
  '\u0662\u0660\u0662\u0664-01-01',
  20_240_101,
  1e15,
  null,
  true,
  [],
  {},
  ['2024-01-01'],
];
const LEVELS: readonly unknown[] = [
  0,
  1,
  -1,
  1e-320,
  5e-324,
  1e-30,
  1e-31,
  0.999_999_999_999_999_9,
  0.1 + 0.2,
  1e308,
  -0,
  0.5,
  '0.5',
  null,
  [0.5],
  {},
  true,
];
const COUNTS: readonly unknown[] = [
  0,
  1,
  2,
  3,
  -1,
  1.5,
  2 ** 31,
  2 ** 32,
  2 ** 53 - 1,
  2 ** 53,
  1e300,
  '1',
  null,
  [],
  {},
];
const NUMBERS: readonly unknown[] = [0, -0, 1, -1e308, 1e308, 5e-324, '1', null, [1], {}];

const number = (dice: Dice): unknown => dice.pick(NUMBERS);
const list = (dice: Dice, of: () => unknown): unknown[] =>
  Array.from({ length: dice.below(dice.pick([3, 30, 1_100])) }, of);

function filter(dice: Dice): unknown {
  return dice.pick([
    () => null,
    () => [],
    () => ({ vendorId: list(dice, () => dice.below(1e9)) }),
    () => ({ vendorId: list(dice, () => number(dice)) }),
    () => ({
      [dice.pick(['fareAmount', 'tripDistance', 'passengerCount'])]: { min: number(dice), max: number(dice) },
    }),
    () => ({ [dice.text(10)]: 1 }),
    () =>
      Object.fromEntries(
        list(dice, () => [`f${dice.below(1e6)}`, 'x'.repeat(dice.below(200))]) as [string, string][],
      ),
  ])();
}

const QUERY = {
  range:
    'query Q($from: LocalDateTime, $to: LocalDateTime, $asOf: Count) { p90(pickup: { from: $from, to: $to }, asOf: $asOf) { value trips dataVersion certificate { rank } } }',
  level:
    'query Q($p: Float!, $i: Boolean) { percentile(p: $p, interpolate: $i) { p value certificate { rank } } }',
  levels: 'query Q($at: [Float!]!) { percentiles(at: $at) { p value } }',
  bins: 'query Q($bins: [Float!]!) { distribution(bins: $bins) { bins { from to trips } } }',
  series:
    'query Q($from: LocalDateTime, $to: LocalDateTime, $bucket: SeriesBucket!) { p90Series(pickup: { from: $from, to: $to }, bucket: $bucket) { points { from to value } } }',
  filter: 'query Q($filter: TripFilter) { p90(filter: $filter) { trips } }',
  over: 'query Q($first: Int, $after: String, $order: TripOrder, $from: LocalDateTime) { tripsOverP90(first: $first, after: $after, orderBy: $order, pickup: { from: $from }) { totalCount nodes { pickup dropoff tripDistance filename } pageInfo { endCursor } } }',
  files:
    'query Q($first: Int, $after: String, $stage: FileStage) { files(first: $first, after: $after, stage: $stage) { nodes { filename live { proof { checksum } } } } }',
} as const;

const variables: Family = (dice) =>
  dice.pick([
    () =>
      asPost({
        query: QUERY.range,
        variables: {
          from: dice.pick(MOMENTS),
          to: dice.pick(MOMENTS),
          asOf: dice.once(2) ? dice.pick(COUNTS) : null,
        },
      }),
    () =>
      asPost({
        query: QUERY.level,
        variables: { p: dice.pick(LEVELS), i: dice.pick([true, false, null, 1, 'true']) },
      }),
    () => asPost({ query: QUERY.levels, variables: { at: list(dice, () => dice.pick(LEVELS)) } }),
    () =>
      asPost({
        query: QUERY.levels,
        variables: {
          at: Array.from({ length: 95 + dice.below(10) }, () => Math.max(1e-9, dice.below(1e6) / 1e6)),
        },
      }),
    () => asPost({ query: QUERY.bins, variables: { bins: list(dice, () => number(dice)) } }),
    () =>
      asPost({
        query: QUERY.bins,
        variables: { bins: Array.from({ length: 990 + dice.below(20) }, (_, index) => index / 7) },
      }),
    () =>
      asPost({
        query: QUERY.series,
        variables: {
          from: dice.pick(MOMENTS),
          to: dice.pick(MOMENTS),
          bucket: dice.pick(['HOUR', 'DAY', 'WEEK', 'MONTH', 'YEAR', 'hour', 1, null]),
        },
      }),
    () => asPost({ query: QUERY.filter, variables: { filter: filter(dice) } }),
    () =>
      asPost({
        query: QUERY.files,
        variables: { first: dice.pick(COUNTS), stage: dice.pick([null, 'PUBLISHED', 'published', 1]) },
      }),
    () => asPost({ query: QUERY.range, variables: { [dice.text(8)]: dice.text(dice.below(60_000)) } }),
    () =>
      asPost({ query: QUERY.filter, variables: { filter: { vendorId: 'x'.repeat(dice.below(60_000)) } } }),
    () =>
      asPost({
        query: QUERY.range,
        variables: { asOf: dice.text(dice.below(30_000)), from: dice.text(dice.below(30_000)) },
      }),
    () => asGet({ query: QUERY.level, variables: JSON.stringify({ p: dice.pick(LEVELS) }) }),
  ])();

function forgedCursor(dice: Dice, { cursors }: World): string {
  const { trips } = cursors;
  const real = JSON.parse(Buffer.from(trips, 'base64url').toString()) as unknown[];
  const forge = (at: number, value: unknown): string =>
    Buffer.from(JSON.stringify(real.with(at, value))).toString('base64url');
  return dice.pick([
    () => trips,
    () => cursors.files,
    () => trips.slice(0, dice.below(trips.length)),
    () => `${trips}${dice.text(5)}`,
    () => forge(1, dice.pick(['', ' ', "' OR 1=1", real[1]])),
    () => forge(2, dice.pick(COUNTS)),
    () => forge(3, dice.pick([1e308, -1e308, 5e-324, -0, 1e21, 0.1, null, '1'])),
    () =>
      forge(
        4,
        dice.pick([
          '999999999999999999',
          '-999999999999999999',
          '1'.repeat(19),
          '0',
          'x',
          '-0',
          '00',
          '1 OR 1=1',
          5,
        ]),
      ),
    () =>
      forge(
        5,
        dice.pick([
          '00000000-0000-0000-0000-000000000000',
          'ffffffff-ffff-ffff-ffff-ffffffffffff',
          '../../etc/passwd',
          "'",
          null,
        ]),
      ),
    () => forge(6, dice.pick([0, 2 ** 53 - 1, -1, 1e300, '1', null])),
    () => Buffer.from(JSON.stringify([...real, ...real])).toString('base64url'),
    () => Buffer.from(`${'['.repeat(9_000)}${']'.repeat(9_000)}`).toString('base64url'),
    () => Buffer.from(`file:../../../etc/passwd\0${dice.text(5)}`).toString('base64url'),
    () => '../../../../etc/passwd',
    () => dice.text(dice.below(2_000)),
    () => 'A'.repeat(dice.below(50_000)),
    () => '',
  ])();
}

const cursors: Family = (dice, world) => {
  const after = forgedCursor(dice, world);
  if (dice.once(3)) return asPost({ query: QUERY.files, variables: { after } });
  const order = dice.pick([undefined, undefined, 'PICKUP_ASC', 'DISTANCE_ASC', 'PICKUP_DESC']);
  if (dice.once(4))
    return {
      path: `/api/trips-over-p90?format=json&after=${escaped(after).slice(0, 30_000)}`,
    };
  return asPost({
    query: QUERY.over,
    variables: { after, order, first: dice.pick([1, 2, 500, 501, 0, -1]) },
  });
};

const PATHS = [
  '/api/p90',
  '/api/percentile',
  '/api/percentiles',
  '/api/series',
  '/api/trips-over-p90',
  '/api/files',
];
const NAMES = [
  'from',
  'to',
  'p',
  'at',
  'bucket',
  'format',
  'asOf',
  'interpolate',
  'first',
  'after',
  'orderBy',
  'stage',
  'query',
  '__proto__',
  'constructor',
];

const restParameters: Family = (dice) => {
  const text = (): string => {
    const value = dice.pick([
      ...MOMENTS,
      ...LEVELS,
      ...COUNTS,
      'HOUR',
      'DAY',
      'csv',
      'parquet',
      'json',
      'FORMAT Null',
      '0x1F',
      'NaN',
      '1e999',
      '1'.repeat(400),
      dice.text(10),
    ]);
    return escaped(String(value));
  };
  const count = dice.below(dice.once(10) ? 1_500 : 5);
  const parameters = Array.from({ length: count }, () => `${dice.pick(NAMES)}=${text()}`);
  return { path: `${dice.pick(PATHS)}?${parameters.join('&')}`.slice(0, 31_000) };
};

/** Nothing is wrong with any of these but that one client asks for all of them. */
const floods: Family = (dice) => {
  const level = (1 + dice.below(1e9)) / 1e9;
  const day = String(1 + dice.below(27)).padStart(2, '0');
  return dice.pick([
    () =>
      asPost({
        query: `{ p90By(dimension: ${dice.pick(['HOUR_OF_DAY', 'HOUR_OF_WEEK'])}, p: ${level}) { groups { value } } }`,
      }),
    () => asPost({ query: `{ p90(filter: { tripDistance: { min: ${level} } }) { trips } }` }),
    () => asPost({ query: `{ tripsOverP90(p: ${level}, first: 500) { nodes { pickup } } }` }),
    () => asPost({ query: `{ p90Series(bucket: HOUR, p: ${level}) { points { value trips } } }` }),
    () =>
      asPost({ query: '{ p90Series(bucket: DAY) { points { value } } p90 { explain { milliseconds } } }' }, [
        ['accept', 'text/event-stream'],
      ]),
    () => ({
      path: `/api/trips-over-p90?from=2024-01-${day}&p=${level}&format=${dice.pick(['csv', 'parquet', 'jsonl'])}`,
    }),
  ])();
};

export const FLOOD_FAMILIES = { floods } satisfies Record<string, Family>;

export const VALUE_FAMILIES = { variables, cursors, restParameters } satisfies Record<string, Family>;

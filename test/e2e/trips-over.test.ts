/** The trips over a percentile, page by page and in whole files. What becomes of listings when files are replaced: `test/gateway/listings.test.ts`. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeDirtyMonth } from '../support/dirty-trips.ts';
import { createOracle, type Oracle } from '../support/oracle.ts';
import { startTripline, type Tripline } from '../support/tripline.ts';

const folder = mkdtempSync(join(tmpdir(), 'tripline-trips-over-'));
const downloads = mkdtempSync(join(tmpdir(), 'tripline-downloads-'));
const MONTHS = ['2023-11', '2023-12'];
let paths: string[];
let tripline: Tripline;
let oracle: Oracle;

beforeAll(async () => {
  paths = await Promise.all(
    MONTHS.map((month, index) => writeDirtyMonth(folder, { month, rows: 10_000, seed: index })),
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
  for (const each of [folder, downloads]) rmSync(each, { recursive: true, force: true });
});

interface Trip {
  pickup: string;
  tripDistance: number;
  filename: string;
  rowNumber: number;
}

interface Listing {
  nodes: Trip[];
  edges: { cursor: string; node: Trip }[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
  totalCount: number;
  percentile: { value: number; tripsOver: number; dataVersion: number };
}

const QUERY = `query ($pickup: PickupRange, $p: Float, $first: Int, $after: String, $orderBy: TripOrder, $asOf: Count) {
  tripsOverP90(pickup: $pickup, p: $p, first: $first, after: $after, orderBy: $orderBy, asOf: $asOf) {
    nodes { pickup tripDistance filename rowNumber }
    edges { cursor node { rowNumber } }
    pageInfo { hasNextPage endCursor }
    totalCount
    percentile { value tripsOver dataVersion }
  }
}`;

async function list(variables: Record<string, unknown>): Promise<Listing> {
  const { data, errors } = await tripline.graphql<{ tripsOverP90: Listing }>(QUERY, variables);
  expect(errors).toBeUndefined();
  return data!.tripsOverP90;
}

async function refusal(query: string, variables: Record<string, unknown> = {}): Promise<string> {
  const { errors } = await tripline.graphql(query, variables);
  expect(errors).toHaveLength(1);
  return `${errors![0]!.extensions?.code} ${errors![0]!.message}`;
}

/** All pages from the first one, or from behind that cursor. */
async function walk(variables: Record<string, unknown>, after: string | null = null): Promise<Trip[]> {
  const trips: Trip[] = [];
  for (let more = true; more;) {
    const page = await list({ ...variables, after });
    expect(page.edges.map(({ node }) => node.rowNumber)).toEqual(
      page.nodes.map(({ rowNumber }) => rowNumber),
    );
    expect(page.pageInfo.endCursor).toBe(page.edges.at(-1)?.cursor ?? null);
    trips.push(...page.nodes);
    more = page.pageInfo.hasNextPage;
    after = page.pageInfo.endCursor;
  }
  return trips;
}

const placeOf = ({ filename, rowNumber }: Trip): string => `${filename} ${rowNumber}`;
const PICKUP_RANGE = { from: '2023-11-05T07:08:09.000001', to: '2023-12-20T21:22:23.999999' };
const RANGE_SQL = `pickup >= '${PICKUP_RANGE.from}' AND pickup < '${PICKUP_RANGE.to}'`;

/** What is longer than the percentile, by DuckDB: `filename row`, ascending. */
async function expectedPlaces(where: string, p = '0.9', asked = oracle): Promise<string[]> {
  const value = (await asked.percentiles({ where, p })).get('')!.value;
  const rows = await asked.rows(
    `SELECT filename || ' ' || row FROM trips WHERE ${where} AND distance > ${value}::DOUBLE`,
  );
  return rows.map(([place]) => String(place)).sort();
}

describe('a listing', () => {
  it.each([
    ['DISTANCE_DESC', (trip: Trip) => -trip.tripDistance],
    ['DISTANCE_ASC', (trip: Trip) => trip.tripDistance],
    ['PICKUP_DESC', (trip: Trip) => trip.pickup, 'descending'],
    ['PICKUP_ASC', (trip: Trip) => trip.pickup],
  ] as const)('%s holds every trip once', async (orderBy, key, direction?: 'descending') => {
    for (const [pickup, where, first] of [
      [{}, 'true', 400],
      [PICKUP_RANGE, RANGE_SQL, 333],
    ] as const) {
      const trips = await walk({ pickup, orderBy, first });
      expect(trips.map(placeOf).sort()).toEqual(await expectedPlaces(where));
      // Fractions of zero are not written: the same length for all, so that text sorts as time does.
      const keys = trips.map((trip) => {
        const found = key(trip);
        return typeof found === 'string' ? found.padEnd(26, found.length === 19 ? '.000000' : '0') : found;
      });
      if (direction === 'descending') keys.reverse();
      expect(keys.every((each, index) => index === 0 || keys[index - 1]! <= each)).toBe(true);
    }
  });

  it('goes on through ties, page by page of one', async () => {
    // Thousands of trips of 2.5 miles, many at the same moment.
    const variables = {
      p: 0.001,
      orderBy: 'DISTANCE_ASC',
      pickup: { from: '2023-11-01', to: '2023-11-01T00:00:00.000001' },
    };
    const trips = await walk({ ...variables, first: 1 });
    expect(trips.length).toBeGreaterThan(20);
    expect(trips).toEqual(await walk({ ...variables, first: 500 }));
    expect(new Set(trips.map(placeOf)).size).toBe(trips.length);
  });

  it('says how many there are, and over what', async () => {
    const { totalCount, percentile, nodes, pageInfo } = await list({
      p: 0.99,
      first: 3,
      pickup: PICKUP_RANGE,
    });
    const expected = (await oracle.percentiles({ where: RANGE_SQL, p: '0.99' })).get('')!;
    expect({ totalCount, value: percentile.value, tripsOver: percentile.tripsOver }).toEqual({
      totalCount: expected.tripsOver,
      value: expected.value,
      tripsOver: expected.tripsOver,
    });
    expect([nodes.length, pageInfo.hasNextPage]).toEqual([3, true]);
  });

  it('is empty where nothing is', async () => {
    expect(await list({ pickup: { to: '1920-01-01' } })).toMatchObject({
      nodes: [],
      pageInfo: { hasNextPage: false, endCursor: null },
      totalCount: 0,
      percentile: { value: null },
    });
  });

  it('shows trips as they are in their files', async () => {
    const { data } = await tripline.graphql<{ tripsOverP90: { nodes: Record<string, unknown>[] } }>(
      `{ tripsOverP90(first: 200, orderBy: PICKUP_ASC) { nodes {
        pickup dropoff tripDistance vendorId passengerCount storeAndFwdFlag pickupZone dropoffZone paymentType
        fareAmount extraAmount totalAmount airportFee cbdCongestionFee filename rowNumber
      } } }`,
    );
    const iso = (column: string) =>
      `regexp_replace(strftime(${column}, '%Y-%m-%dT%H:%M:%S.%f'), '[.]000000$', '')`;
    for (const node of data!.tripsOverP90.nodes) {
      const [row] = await oracle.rows(
        `SELECT ${iso('pickup')}, ${iso('tpep_dropoff_datetime')}, distance, VendorID, passenger_count, store_and_fwd_flag, PULocationID,
           DOLocationID, payment_type, fare_amount, extra, total_amount, airport_fee, NULL, filename, row
         FROM trips WHERE filename = '${String(node['filename'])}' AND row = ${Number(node['rowNumber'])}`,
      );
      const plain = row!.map((value) => (typeof value === 'bigint' ? Number(value) : value));
      expect(Object.values(node)).toEqual(plain);
    }
  });

  it.each([
    ['first: 0', /must lie between 1 and 500/],
    ['first: 501', /must lie between 1 and 500/],
    ['p: 1', /strictly between 0 and 1/],
    ['asOf: 99999', /asOf is 99999, and the newest data version is 2/],
    ['after: "nonsense"', /no cursor of this list/],
    ['after: ""', /no cursor of this list/],
  ])('refuses %s', async (argument, message) => {
    const answer = await refusal(`{ tripsOverP90(${argument}) { totalCount } }`);
    expect(answer).toMatch(/^BAD_USER_INPUT /);
    expect(answer).toMatch(message);
  });
});

describe('a cursor', () => {
  const encode = (content: unknown): string => Buffer.from(JSON.stringify(content)).toString('base64url');
  const decode = (cursor: string): unknown[] =>
    JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[];

  it('is of one question alone', async () => {
    const { pageInfo } = await list({ pickup: PICKUP_RANGE, first: 1 });
    const after = pageInfo.endCursor;
    for (const other of [
      {},
      { pickup: { ...PICKUP_RANGE, to: '2023-12-20' } },
      { pickup: { from: PICKUP_RANGE.from } },
      { pickup: PICKUP_RANGE, p: 0.91 },
      { pickup: PICKUP_RANGE, orderBy: 'DISTANCE_ASC' },
      { pickup: PICKUP_RANGE, orderBy: 'PICKUP_DESC' },
    ])
      expect(await refusal(QUERY, { ...other, after })).toMatch(/^BAD_USER_INPUT .*another question/);
    // Spelled otherwise, the question is the same.
    const same = { to: PICKUP_RANGE.to, from: PICKUP_RANGE.from };
    expect(
      (await list({ pickup: same, p: 0.9, orderBy: 'DISTANCE_DESC', after, first: 1 })).nodes,
    ).toHaveLength(1);
  });

  it('is refused when it was tampered with', async () => {
    const { pageInfo } = await list({ first: 1 });
    const content = decode(pageInfo.endCursor!);
    const forged = [
      ...['', "'; DROP TABLE trips; --", null, [], {}, 'NaN'].flatMap((value) =>
        content.map((_, index) => content.with(index, value)),
      ),
      content.slice(1),
      [...content, 1],
      content.with(2, -1),
      content.with(2, 1e300),
      content.with(2, 99_999),
      content.with(4, '9'.repeat(30)),
      content.with(5, "00000000-0000-0000-0000-00000000000'"),
      content.with(6, -1),
      content.with(6, 0.5),
      {},
      null,
    ];
    for (const each of forged)
      expect(await refusal(QUERY, { after: encode(each) })).toMatch(/^BAD_USER_INPUT /);
    for (const after of ['%', "' OR 1=1 --", '🚕', 'x'.repeat(10_000), `${pageInfo.endCursor}x`])
      expect(await refusal(QUERY, { after })).toMatch(/^BAD_USER_INPUT /);
    // A place where no trip is, is a place.
    const nowhere = encode([...content.slice(0, 3), 1e308, '-999999999999999999', content[5], 0]);
    expect((await list({ after: nowhere, first: 1 })).nodes).toHaveLength(1);
    expect((await list({ first: 1 })).totalCount).toBeGreaterThan(0);
  });
});

describe('GET /api/trips-over-p90', () => {
  const download = async (query: string) => {
    const response = await fetch(`${tripline.url}/api/trips-over-p90?${query}`);
    return { response, bytes: Buffer.from(await response.arrayBuffer()) };
  };
  const COMPARED = `epoch_us(tpep_pickup_datetime), trip_distance, VendorID, PULocationID, payment_type, passenger_count, fare_amount`;
  const range = new URLSearchParams(PICKUP_RANGE).toString();
  const expectedRows = async () => {
    const { value } = (await oracle.percentiles({ where: RANGE_SQL })).get('')!;
    return oracle.rows(
      `SELECT row, ${COMPARED} FROM trips WHERE ${RANGE_SQL} AND distance > ${value}::DOUBLE ORDER BY ALL`,
    );
  };

  it.each([
    ['csv', 'text/csv; charset=utf-8', `read_csv('%', nullstr = '\\N')`],
    ['parquet', 'application/vnd.apache.parquet', `read_parquet('%')`],
    ['jsonl', 'application/jsonl', `read_json('%', format = 'newline_delimited')`],
  ])('gives them all as %s', async (format, type, reader) => {
    const { response, bytes } = await download(`${range}&format=${format}`);
    const expected = await expectedRows();
    expect([response.status, response.headers.get('content-type')]).toEqual([200, type]);
    expect(response.headers.get('x-trips')).toBe(String(expected.length));
    expect(response.headers.get('x-data-version')).toBe('2');
    expect(response.headers.get('content-disposition')).toBe(
      `attachment; filename="trips-over-p90.${format}"`,
    );
    const path = join(downloads, `trips.${format}`);
    writeFileSync(path, bytes);
    const rows = await oracle.rows(
      `SELECT row_number, ${COMPARED} FROM ${reader.replace('%', path)} ORDER BY ALL`,
    );
    const numbers = (all: unknown[][]) =>
      all.map((row) => row.map((value) => (value === null ? null : Number(value))));
    expect(numbers(rows)).toEqual(numbers(expected));
  });

  it('gives them all as an Arrow stream', async () => {
    const { response, bytes } = await download(`${range}&format=arrow`);
    expect(response.headers.get('content-type')).toBe('application/vnd.apache.arrow.stream');
    // A continuation and a schema first, an end of stream last; pyarrow, where it is installed, reads what is between.
    expect(bytes.readUInt32LE(0)).toBe(0xffffffff);
    expect(bytes.subarray(-8)).toEqual(Buffer.from('ffffffff00000000', 'hex'));
    const trips = Number(response.headers.get('x-trips'));
    expect(trips).toBe((await expectedRows()).length);
    expect(bytes.length).toBeGreaterThan(trips * 50);
    const path = join(downloads, 'trips.arrows');
    writeFileSync(path, bytes);
    const read = `
import json, sys
try:
    import pyarrow.ipc as ipc, pyarrow.compute as compute
except ImportError:
    sys.exit(0)
table = ipc.open_stream(sys.argv[1]).read_all()
print(json.dumps([table.num_rows, sorted(table["row_number"].to_pylist()), sorted(table["trip_distance"].to_pylist())]))`;
    let printed = '';
    try {
      printed = execFileSync('python3', ['-c', read, path], { encoding: 'utf8', maxBuffer: 2 ** 26 });
    } catch {
      // No Python here.
    }
    if (printed === '') return;
    const ascending = (values: unknown[]) => values.map(Number).sort((a, b) => a - b);
    const expected = await expectedRows();
    expect(JSON.parse(printed)).toEqual([
      trips,
      ascending(expected.map(([row]) => row)),
      ascending(expected.map(([, , distance]) => distance)),
    ]);
  });

  it('is CSV by default, at any level, and empty where nothing is', async () => {
    const { response, bytes } = await download('p=0.5');
    const expected = (await oracle.percentiles({ p: '0.5' })).get('')!.tripsOver;
    expect(response.headers.get('x-trips')).toBe(String(expected));
    expect(bytes.toString().trimEnd().split('\n')).toHaveLength(expected + 1);
    const nothing = await download('to=1920-01-01');
    expect([nothing.response.status, nothing.response.headers.get('x-trips')]).toEqual([200, '0']);
    expect(nothing.response.headers.get('x-loading')).toBe('false');
    expect(nothing.bytes.toString()).toMatch(/^"tpep_pickup_datetime",[^\n]*\n$/);
  });

  it('answers HEAD without the trips', async () => {
    const response = await fetch(`${tripline.url}/api/trips-over-p90?${range}`, { method: 'HEAD' });
    expect([response.status, await response.text()]).toEqual([200, '']);
    expect(response.headers.get('x-trips')).toBe(String((await expectedRows()).length));
  });

  it.each([
    [
      'format=xlsx',
      400,
      'BAD_USER_INPUT',
      /format is "xlsx": it must be one of csv, parquet, arrow, jsonl, json/,
    ],
    ['format=constructor', 400, 'BAD_USER_INPUT', /must be one of/],
    ['format=csv&format=csv', 400, 'BAD_USER_INPUT', /more than once/],
    ['p=1', 400, 'BAD_USER_INPUT', /strictly between 0 and 1/],
    ['p=x', 400, 'BAD_USER_INPUT', /p must be a number/],
    ['p=', 400, 'BAD_USER_INPUT', /p must be a number/],
    ['asOf=1.5', 400, 'BAD_USER_INPUT', /asOf must be a whole number/],
    ['asOf=1e0', 400, 'BAD_USER_INPUT', /asOf must be a whole number/],
    ['asOf=99999', 400, 'BAD_USER_INPUT', /the newest data version is 2/],
    ['from=2023-12-02&to=2023-12-01', 400, 'BAD_USER_INPUT', /from must be before to/],
    ['first=3', 400, 'BAD_USER_INPUT', /first goes with format=json/],
    ['limit=3', 400, 'BAD_USER_INPUT', /unknown parameter "limit": there are from, to, p, format, asOf/],
  ])('?%s is %d problem+json', async (query, status, code, detail) => {
    const response = await fetch(`${tripline.url}/api/trips-over-p90?${query}`);
    expect([response.status, response.headers.get('content-type')]).toEqual([
      status,
      'application/problem+json',
    ]);
    expect(await response.json()).toMatchObject({ status, code, detail: expect.stringMatching(detail) });
  });

  it('takes GET alone', async () => {
    const response = await fetch(`${tripline.url}/api/trips-over-p90`, { method: 'POST' });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });
});

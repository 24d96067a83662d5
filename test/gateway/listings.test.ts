/** Listings and downloads of the trips over a percentile while files are replaced and old loads are swept, and downloads that take long. */
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { parseLocalDateTime } from '../../gateway/percentile/local-date-time.ts';
import { count } from '../../warehouse/row-shapes.ts';
import { findSweepableLoads, sweepLoad } from '../../warehouse/sweep.ts';
import { onlyRow } from '../../warehouse/warehouse.ts';
import { ask } from '../support/graphql-request.ts';
import { publishRows, type MadeFile, type MadeTrip } from '../support/made-loads.ts';
import { seededRandom } from '../support/random.ts';
import { startStage, type Stage, type StagedGateway } from '../support/stage.ts';
import { until } from '../support/until.ts';

let stage: Stage;
let gateway: StagedGateway;

beforeAll(async () => {
  stage = await startStage();
  gateway = await stage.startGateway();
});

afterAll(() => stage?.stop());

function fileOf(month: string, trips: number, seed: number): MadeFile {
  const random = seededRandom(seed);
  const first = parseLocalDateTime(`${month}-01`);
  return {
    filename: `yellow_tripdata_${month}.parquet`,
    trips: Array.from({ length: trips }, () => ({
      pickup: first + BigInt(Math.floor(random() * 28 * 86_400)) * 1_000_000n,
      distance: Math.round(random() * 2_000) / 100,
      columns: { VendorID: random() < 0.5 ? 1 : 2 },
    })),
  };
}

interface Trip {
  filename: string;
  rowNumber: number;
}

interface Listing {
  nodes: Trip[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
  percentile: { dataVersion: number };
}

const placeOf = ({ filename, rowNumber }: Trip): string => `${filename} ${rowNumber}`;

describe('while a file is replaced and its old load is swept', () => {
  const RANGE = { from: '2023-11-05T07:08:09.000001', to: '2023-12-20T21:22:23.999999' };
  const LISTING = `query ($pickup: PickupRange, $first: Int, $after: String) {
    tripsOverP90(pickup: $pickup, first: $first, after: $after) {
      nodes { filename rowNumber } pageInfo { hasNextPage endCursor } percentile { dataVersion }
    }
  }`;
  const P90 = '{ value trips tripsOver dataVersion }';
  const YEAR = 'pickup: { from: "2023-01-01", to: "2024-01-01" }';
  const december = fileOf('2023-12', 3_000, 2);
  const [oldNovember, newNovember] = [fileOf('2023-11', 4_000, 1), fileOf('2023-11', 1_000, 3)] as const;

  async function answer<Data>(query: string, variables: Record<string, unknown> = {}): Promise<Data> {
    const { data, errors } = await ask<Data>(gateway, { query, variables });
    expect(errors).toBeUndefined();
    return data!;
  }
  const list = async (variables: Record<string, unknown>): Promise<Listing> =>
    (await answer<{ tripsOverP90: Listing }>(LISTING, variables)).tripsOverP90;
  async function refusal(query: string, variables: Record<string, unknown> = {}): Promise<string> {
    const { errors } = await ask(gateway, { query, variables });
    expect(errors).toHaveLength(1);
    const [{ message, extensions }] = errors as [{ message: string; extensions: { code: string } }];
    return `${extensions.code} ${message}`;
  }
  async function walk(after: string | null = null): Promise<string[]> {
    const places: string[] = [];
    for (let more = true; more;) {
      const { nodes, pageInfo } = await list({ pickup: RANGE, first: 100, after });
      places.push(...nodes.map(placeOf));
      more = pageInfo.hasNextPage;
      after = pageInfo.endCursor;
    }
    return places;
  }
  /** Worked out plainly: by a sort. */
  function expectedPlaces(...files: MadeFile[]): string[] {
    const [from, to] = [parseLocalDateTime(RANGE.from), parseLocalDateTime(RANGE.to)];
    const within = files.flatMap(({ filename, trips }) =>
      trips
        .map((trip: MadeTrip, rowNumber) => ({ ...trip, filename, rowNumber }))
        .filter(({ pickup }) => pickup >= from && pickup < to),
    );
    const distances = within.map(({ distance }) => distance).toSorted((one, other) => one - other);
    const value = distances[Math.ceil(0.9 * distances.length) - 1]!;
    return within
      .filter(({ distance }) => distance > value)
      .map(placeOf)
      .toSorted();
  }

  it(
    'a listing stays what it was, asOf goes back, and what was swept is GONE',
    { timeout: 60_000 },
    async () => {
      const { loadId: oldLoad } = await stage.publish(oldNovember);
      const { sequence: old } = await stage.publish(december);
      await until('both files are counted', async () => (await total()).trips === 7_000);
      const first = await list({ pickup: RANGE, first: 100 });
      const places = await walk();
      expect(places.toSorted()).toEqual(expectedPlaces(oldNovember, december));
      const everything = await total();
      const { endCursor: after } = first.pageInfo;

      const { sequence: now } = await stage.publish(newNovember);
      await until('the other trips are counted', async () => (await total()).trips === 4_000);
      expect(await walk(after)).toEqual(places.slice(100));
      expect((await list({ pickup: RANGE, first: 100, after })).percentile.dataVersion).toBe(old);
      expect((await walk()).toSorted()).toEqual(expectedPlaces(newNovember, december));

      const questions = (asOf?: number) => {
        const when = asOf === undefined ? YEAR : `${YEAR}, asOf: ${asOf}`;
        return answer<Record<string, unknown>>(`{
        p90(${when}) ${P90}
        percentiles(at: [0.5], ${when}) { trips }
        filtered: p90(filter: { vendorId: [1, 2] }, ${when}) { trips }
        distribution(${when}) { trips }
        p90Series(bucket: MONTH, ${when}) { points { trips } dataVersion }
        p90By(dimension: MONTH_OF_YEAR, ${when}) { groups { trips } }
        tripsOverP90(${when}) { totalCount }
      }`);
      };
      expect((await questions(old))['p90']).toEqual(everything);
      expect(await questions(now)).toEqual(await questions());
      for (const [asOf, trips] of [
        [old, 7_000],
        [now, 4_000],
        [0, 0],
      ] as const) {
        const { p90, percentiles, filtered, distribution, p90By } = (await questions(asOf)) as {
          p90: { trips: number };
          percentiles: { trips: number }[];
          filtered: { trips: number };
          distribution: { trips: number };
          p90By: { groups: { trips: number }[] };
        };
        const grouped = p90By.groups.reduce((sum, group) => sum + group.trips, 0);
        expect([p90.trips, percentiles[0]?.trips, filtered.trips, distribution.trips, grouped]).toEqual(
          Array.from({ length: 5 }, () => trips),
        );
      }
      const download = (query: string) => fetch(`${gateway.url}/api/trips-over-p90?${query}`);
      const then = await download(`asOf=${old}&${new URLSearchParams(RANGE)}`);
      expect(then.headers.get('x-trips')).toBe(String(places.length));
      expect((await then.text()).trimEnd().split('\n')).toHaveLength(places.length + 1);
      for (const field of [
        'p90(',
        'p90Series(bucket: DAY, ',
        'p90By(dimension: DAY_OF_WEEK, ',
        'distribution(',
      ])
        expect(await refusal(`{ ${field}asOf: ${now + 1}) { dataVersion } }`)).toBe(
          `BAD_USER_INPUT asOf is ${now + 1}, and the newest data version is ${now}`,
        );

      const swept = await findSweepableLoads(stage.warehouse, { keepMs: 0 });
      expect(swept.map(({ loadId }) => loadId)).toEqual([oldLoad]);
      for (const load of swept)
        await sweepLoad(stage.warehouse, load, { signal: new AbortController().signal });
      const gone = new RegExp(`^GONE Data version ${old} is not kept any more`);
      // A range that nobody has asked about, so that nothing of it is in memory.
      const pickup = { from: '2023-11-15T12:34:56', to: '2023-11-16T12:34:56' };
      expect(
        await refusal(`query ($pickup: PickupRange) { p90(pickup: $pickup, asOf: ${old}) { p } }`, {
          pickup,
        }),
      ).toMatch(gone);
      for (const question of [
        `p90(asOf: ${old}, filter: { vendorId: [1] }) { p }`,
        `p90By(asOf: ${old}, dimension: HOUR_OF_DAY) { dataVersion }`,
        `p90Series(asOf: ${old}, bucket: HOUR, pickup: { from: "2023-11-20", to: "2023-11-22" }) { dataVersion }`,
      ])
        expect(await refusal(`{ ${question} }`)).toMatch(gone);
      expect(await refusal(LISTING, { pickup: RANGE, after })).toMatch(gone);
      const refused = await download(`asOf=${old}`);
      expect([refused.status, await refused.json()]).toMatchObject([410, { code: 'GONE' }]);

      // December was not touched: it is still there as it was.
      const untouched = await answer<Record<'then' | 'now', unknown>>(
        `query ($pickup: PickupRange) { then: p90(pickup: $pickup, asOf: ${old}) ${P90} now: p90(pickup: $pickup) ${P90} }`,
        { pickup: { from: '2023-12-03T04:05:06', to: '2023-12-13T14:15:16' } },
      );
      expect(untouched.then).toEqual(untouched.now);
      expect(await total()).toMatchObject({ trips: 4_000, dataVersion: now });
    },
  );

  async function total(): Promise<{ trips: number; dataVersion: number }> {
    return (await answer<{ p90: { trips: number; dataVersion: number } }>(`{ p90(${YEAR}) ${P90} }`)).p90;
  }
});

describe('a long download', { timeout: 60_000 }, () => {
  const TRIPS = 150_000;
  const RANGE = 'from=2024-03-01&to=2024-04-01';
  let impatient: StagedGateway;

  beforeAll(async () => {
    impatient = await stage.startGateway({ REQUEST_TIMEOUT_SECONDS: '1', ACCESS_LOG: 'off' });
    await publishRows(stage.warehouse, {
      filename: 'yellow_tripdata_2024-03.parquet',
      rows: TRIPS,
      write: (loadId) =>
        stage.warehouse.command(
          `INSERT INTO trips (tpep_pickup_datetime, trip_distance, row_number, load_id)
           SELECT toDateTime64('2024-03-01 00:00:00', 6) + (number * 17) % 2600000, number % 2000 / 100, number, {load_id:UUID} FROM numbers(${TRIPS})`,
          { params: { load_id: loadId } },
        ),
    });
    for (const { url } of [gateway, impatient]) {
      const march = async () => (await (await fetch(`${url}/api/p90?${RANGE}`)).json()) as { trips: number };
      await until('all trips are counted', async () => (await march()).trips === TRIPS);
    }
  });

  const running = async (): Promise<number> => {
    const sql =
      "SELECT count() AS running FROM system.processes WHERE query LIKE '%FORMAT JSONEachRow%' AND query LIKE '%trip_distance > %' AND query NOT LIKE '%system.processes%'";
    return onlyRow(await stage.warehouse.rows(sql, { row: z.object({ running: count }) })).running;
  };
  /** Begins one, and reads no further than its first bytes. */
  async function begin({ url }: StagedGateway): Promise<IncomingMessage> {
    const request = get(`${url}/api/trips-over-p90?${RANGE}&p=0.01&format=jsonl`);
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(200);
    response.on('error', () => undefined);
    await once(response, 'readable');
    return response;
  }

  it('is cancelled in the engine when its reader leaves', async () => {
    await until('no other is under way', async () => (await running()) === 0);
    const response = await begin(gateway);
    await until('the engine waits for the reader', async () => (await running()) === 1);
    response.destroy();
    expect(await until('the statement is cancelled', async () => (await running()) === 0)).toBe(true);
  });

  it('is cut when its reader stands still', async () => {
    await until('no other is under way', async () => (await running()) === 0);
    const response = await begin(impatient);
    await until('the engine waits for the reader', async () => (await running()) === 1);
    await until('the statement is cancelled', async () => (await running()) === 0);
    await expect(pipeline(response, new PassThrough().resume())).rejects.toThrow(
      /aborted|terminated|Premature/,
    );
    expect(impatient.log()).toContain('its reader stood still');
  });

  it('may take longer than a request, as long as it is read', async () => {
    const response = await begin(impatient);
    const began = Date.now();
    const before = impatient.log().length;
    let lines = 0;
    for await (const piece of response) {
      for (const byte of piece as Buffer) if (byte === 10) lines += 1;
      if (Date.now() - began < 2_500) await sleep(15);
    }
    expect(impatient.log().slice(before)).toBe('');
    expect(Date.now() - began).toBeGreaterThan(2_500);
    expect(lines).toBe(Number(response.headers['x-trips']));
    expect(lines).toBeGreaterThan(0.9 * TRIPS);
  });
});

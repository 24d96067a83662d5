/** The ladder over a real engine, with a memory so small that it must read again and again, while loads are published and replaced. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import type { GraphQLError } from 'graphql';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Answers, PercentileAnswer } from '../../gateway/answers.ts';
import { interpolatedRank, nearestRank, parseLevel } from '../../gateway/ladder/level.ts';
import { followLiveLoads, type LiveLoads } from '../../gateway/live-loads.ts';
import { formatForWarehouse } from '../../gateway/percentile/local-date-time.ts';
import { closeRange, DAY_MICROS, HOUR_MICROS, type Span } from '../../gateway/percentile/pickup-range.ts';
import { condemnLoad } from '../../warehouse/loads.ts';
import { migrate } from '../../warehouse/migrate.ts';
import { createWarehouse, type Warehouse } from '../../warehouse/warehouse.ts';
import { asking, createTestAnswers } from '../support/answers.ts';
import { liveTrips, publishTrips, type MadeLoad, type MadeTrip } from '../support/made-loads.ts';
import { randomDistance } from '../support/random-trips.ts';
import { seededRandom } from '../support/random.ts';
import { until } from '../support/until.ts';
import { startEngineProcess, type EngineProcess } from './engine-process.ts';

/** `LADDER_CASES` makes it longer. */
const CASES = Number(process.env['LADDER_CASES'] ?? 3_000);
const PUBLICATIONS = 40;
const FILES = 6;
const CLIENTS = 12;
/** A month of days takes 190 kB at least. */
const TINY = 400_000;

const folder = mkdtempSync(join(tmpdir(), 'tripline-ladder-'));
const registry = new Registry();
let engine: EngineProcess;
let warehouse: Warehouse;
let liveLoads: LiveLoads;
let answers: Answers;
/** All that were published, in their order. */
const loads: MadeLoad[] = [];

beforeAll(async () => {
  engine = await startEngineProcess(join(folder, 'clickhouse'));
  warehouse = createWarehouse({ url: engine.as('loader'), by: 'gateway' });
  await migrate(warehouse);
  liveLoads = follow();
  answers = createTestAnswers({ warehouse, liveLoads, memoryBytes: TINY, registry });
});

const follow = (): LiveLoads =>
  followLiveLoads({ warehouse, source: 'yellow', logger: pino({ level: 'silent' }), pollEveryMs: 50 });

afterAll(async () => {
  liveLoads?.stop();
  await warehouse?.close();
  await engine?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const FIRST = BigInt(Date.UTC(2023, 11, 20)) * 1_000n;

/** Of a file of three weeks around new year, or of a leap February; some of them far away. */
function randomPickup(random: () => number, file: number): bigint {
  const begin = file % 2 === 0 ? FIRST : FIRST + 65n * DAY_MICROS;
  if (random() < 0.01)
    return BigInt(Date.UTC([1900, 1969, 2001, 2098, 2299][file % 5]!, 0, 1)) * 1_000n + BigInt(file);
  const micros = begin + BigInt(Math.floor(random() * 21 * 86_400)) * 1_000_000n;
  return random() < 0.5 ? micros : micros + BigInt(Math.floor(random() * 1e6));
}

function randomTrips(random: () => number, file: number): MadeTrip[] {
  const sizes = [1, 2, 10, 300, 2_000];
  const count = sizes[Math.floor(random() * sizes.length)]!;
  return Array.from({ length: count }, () => ({
    pickup: randomPickup(random, file),
    distance: randomDistance(random),
  }));
}

function randomSpan(random: () => number): Span {
  const units = [1n, 1_000_000n, HOUR_MICROS, DAY_MICROS, 31n * DAY_MICROS];
  const unit = units[Math.floor(random() * units.length)]!;
  const end = () => {
    const micros = FIRST + BigInt(Math.floor((random() * 100 - 5) * 86_400e6));
    return micros - (micros % unit);
  };
  const [a, b] = [end(), end()];
  if (random() < 0.1) return closeRange({ from: a });
  if (random() < 0.1) return closeRange({ to: a });
  const length = random() < 0.5 ? unit * BigInt(1 + Math.floor(random() * 30)) : a < b ? b - a : a - b + 1n;
  return { from: a < b ? a : b, to: (a < b ? a : b) + length };
}

/** @returns how many of the pickups, which are in order, come before the moment */
function countBefore(pickups: BigInt64Array, moment: bigint): number {
  let [low, high] = [0, pickups.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (pickups[middle]! < moment) low = middle + 1;
    else high = middle;
  }
  return low;
}

interface Trips {
  /** In order, and the distances in the same. */
  pickups: BigInt64Array;
  distances: Float64Array;
}

function inOrder(trips: readonly MadeTrip[]): Trips {
  const ordered = trips.toSorted((one, other) => Number(one.pickup - other.pickup));
  return {
    pickups: BigInt64Array.from(ordered, ({ pickup }) => pickup),
    distances: Float64Array.from(ordered, ({ distance }) => distance + 0),
  };
}

/** By sorting all of them. */
function plainly({ pickups, distances }: Trips, { from, to }: Span, p: number, interpolate: boolean) {
  const sorted = distances.slice(countBefore(pickups, from), countBefore(pickups, to)).sort();
  const n = BigInt(sorted.length);
  if (n === 0n) return { value: null, trips: 0, below: 0, equal: 0, above: 0, rank: 0 };
  const level = parseLevel(p);
  const nearest = nearestRank(level, n);
  const { lower, upper, fraction } = interpolate
    ? interpolatedRank(level, n)
    : { lower: nearest, upper: nearest, fraction: 0 };
  const [low, high] = [sorted[Number(lower) - 1]!, sorted[Number(upper) - 1]!];
  const value = Math.min(low + fraction * (high - low), high);
  const below = sorted.filter((distance) => distance < value).length;
  const equal = sorted.filter((distance) => distance === value).length;
  return {
    value,
    trips: sorted.length,
    below,
    equal,
    above: sorted.length - below - equal,
    rank: Number(lower),
  };
}

// The second step asks about the loads that the first has published.
it(
  `answers ${CASES} questions by what was live at their data version, while loads are published and replaced; and a gateway that starts after a sweep says the same`,
  { timeout: 420_000 + CASES * 40 },
  async () => {
    const random = seededRandom(11);
    const publishNext = async () => {
      const file = loads.length < FILES ? loads.length : Math.floor(random() * FILES);
      loads.push(
        await publishTrips(warehouse, { filename: `${file}.parquet`, trips: randomTrips(random, file) }),
      );
    };
    await publishNext();
    await until('the live list is there', () => (liveLoads.current()?.sequence ?? 0) > 0);

    const given: {
      span: Span;
      p: number;
      interpolate: boolean;
      answer: PercentileAnswer;
    }[] = [];
    const client = async (seed: number) => {
      const own = seededRandom(seed);
      while (given.length < CASES) {
        // Not faster than the publications.
        if (given.length > ((loads.length + 1) * CASES) / PUBLICATIONS && loads.length < PUBLICATIONS) {
          await pause(5);
          continue;
        }
        const span = randomSpan(own);
        const interpolate = own() < 0.3;
        const p = [0.9, 0.5, 0.07, 0.99, 0.001, Number(own().toFixed(4)) || 0.1][Math.floor(own() * 6)]!;
        const [answer] = await answers.percentiles({ span, levels: [parseLevel(p)], interpolate }, asking());
        given.push({ span, p, interpolate, answer: answer! });
      }
    };
    const publisher = async () => {
      while (loads.length < PUBLICATIONS) {
        const due = (given.length * PUBLICATIONS) / CASES;
        if (loads.length <= due) await publishNext();
        else await pause(5);
      }
    };
    await Promise.all([publisher(), ...Array.from({ length: CLIENTS }, (_, index) => client(100 + index))]);

    const instance = await DuckDBInstance.create(':memory:');
    const duck = await instance.connect();
    const states = new Map<number, Trips>();
    const versions = new Set<number>();
    let nearest = 0;
    let checkedByDuckDb = 0;
    for (const { span, p, interpolate, answer } of given) {
      const { dataVersion, value, trips, below, equal, above, rank } = answer;
      versions.add(dataVersion);
      const state = states.get(dataVersion) ?? inOrder(liveTrips(loads, dataVersion));
      if (!states.has(dataVersion)) {
        states.set(dataVersion, state);
        await duck.run(`CREATE TABLE state_${dataVersion} (pickup TIMESTAMP, distance DOUBLE)`);
        const appender = await duck.createAppender(`state_${dataVersion}`);
        for (const [at, micros] of state.pickups.entries()) {
          appender.appendTimestamp({ micros } as never);
          appender.appendDouble(state.distances[at]!);
          appender.endRow();
        }
        appender.closeSync();
      }
      const found = { value, trips, below, equal, above, rank };
      expect({ span, p, interpolate, ...found }).toEqual({
        span,
        p,
        interpolate,
        ...plainly(state, span, p, interpolate),
      });
      if (interpolate || trips === 0) continue;
      nearest += 1;
      // The sort above is judged by another reader; it takes most of this test's processor time.
      if (nearest % 3 !== 0) continue;
      checkedByDuckDb += 1;
      const bounds = `pickup >= '${formatForWarehouse(span.from)}' AND pickup < '${formatForWarehouse(span.to)}'`;
      const result = await duck.runAndReadAll(
        `WITH inside AS (SELECT distance + 0.0 AS distance FROM state_${dataVersion} WHERE ${bounds}),
           answer AS (SELECT distance AS value FROM inside ORDER BY distance LIMIT 1 OFFSET ${rank - 1})
         SELECT value, (SELECT count(*) FROM inside), (SELECT count(*) FROM inside WHERE distance < value),
           (SELECT count(*) FROM inside WHERE distance = value) FROM answer`,
      );
      expect(result.getRows().map((row) => row.map(Number))).toEqual([[value, trips, below, equal]]);
    }
    instance.closeSync();
    console.info(
      `${given.length} answers at ${versions.size} data versions, ${checkedByDuckDb} of them compared with DuckDB's too; ${loads.length} publications`,
    );
    expect(checkedByDuckDb).toBeGreaterThan(CASES / 9);
    expect(versions.size).toBeGreaterThan(PUBLICATIONS / 4);
    const metrics = await registry.getSingleMetric('tripline_audited_answers_total')?.get();
    const audited = Object.fromEntries(
      metrics?.values.map(({ labels, value }) => [labels['outcome'], value]) ?? [],
    );
    expect(audited).toMatchObject({ mismatch: 0, skipped: 0 });
    expect(audited['equal']).toBeGreaterThan(50);
    await expectTheSameAfterSweep();
  },
);

/** Of every version, as the gateway that ran through the sweep does. */
async function expectTheSameAfterSweep(): Promise<void> {
  const random = seededRandom(12);
  const replaced = loads.filter(
    ({ filename }, index) => loads.findLastIndex((other) => other.filename === filename) !== index,
  );
  const swept = replaced.filter((_, index) => index % 3 === 0);
  expect(swept[0]).toBe(loads[0]);
  for (const { loadId, filename } of swept)
    await condemnLoad(warehouse, { loadId, source: 'yellow', filename });
  // What a sweep deletes first: each table takes seconds, as these loads lie in many partitions.
  await warehouse.command('DELETE FROM trips_by_day WHERE load_id IN {load_ids:Array(UUID)}', {
    params: { load_ids: swept.map(({ loadId }) => loadId) },
  });
  const late = follow();
  await until('it has read the log', () => late.current() !== undefined);
  const [before, after] = [liveLoads.current()!, late.current()!];
  expect([after.sequence, after.logId]).toEqual([before.sequence, before.logId]);
  const lateAnswers = createTestAnswers({ warehouse, liveLoads: late });
  let gone = 0;
  for (let round = 0; round < 150; round += 1) {
    const span = randomSpan(random);
    expect(after.versionOf(span)).toBe(before.versionOf(span));
    expect(after.tripsAround(span)).toBe(before.tripsAround(span));
    const asOf = 1 + Math.floor(random() * before.sequence);
    const question = { span, levels: [parseLevel(0.9)], interpolate: false, asOf };
    const answer = await lateAnswers.percentiles(question, asking()).then(
      ([found]) => ({ value: found!.value, trips: found!.trips }),
      (error: GraphQLError) => error.extensions['code'],
    );
    if (answer === 'GONE') gone += 1;
    else {
      const { value, trips } = plainly(inOrder(liveTrips(loads, asOf)), span, 0.9, false);
      expect(answer).toEqual({ value, trips });
    }
  }
  late.stop();
  expect(gone).toBeGreaterThan(5);
  expect(gone).toBeLessThan(140);
}

/** What answers are charged for. */
import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { readEnvironment } from '../config/environment.ts';
import { asking, createTestAnswers } from '../test/support/answers.ts';
import { madeSnapshot } from '../test/support/made-snapshot.ts';
import type { Warehouse } from '../warehouse/warehouse.ts';
import type { GatewayContext } from './context.ts';
import { parseLevel } from './ladder/level.ts';
import { createAdmission } from './limits/admission.ts';
import { createMinuteBudget } from './limits/minute-budget.ts';
import type { LiveLoads } from './live-loads.ts';
import type { Snapshot } from './load-log.ts';
import { createScans } from './scans/scans.ts';
import { DAY_MICROS } from './percentile/pickup-range.ts';
import { filesResolvers } from './resolvers/files.ts';

/** A thousand days of one trip of a mile each. */
const DAYS = 1_000;
const days = Array.from({ length: DAYS }, (_, day) => day);
const snapshot = madeSnapshot({ file: 'all', days });
const all = { from: 0n, to: BigInt(DAYS) * DAY_MICROS };
const level = parseLevel(0.9);

function record(child: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeInt32LE(child, 0);
  bytes.writeDoubleLE(1, 4);
  bytes.writeUInt32LE(1, 12);
  return bytes;
}

/** @param lost so many statements of pages find nothing */
function answersOver({ lost = 0 } = {}) {
  const asked: string[] = [];
  const warehouse = {
    stream: (sql: string, { params }: { params: Record<string, string> }) => {
      asked.push(sql);
      const isLost = asked.length <= lost;
      const dayOf = (name: string): number => Date.parse(params[name] ?? '') / 86_400_000;
      const records = sql.startsWith('SELECT toInt32(day), trip_distance')
        ? days.slice(dayOf('day_from_0'), dayOf('day_to_0')).map(record)
        : // One group, and the count of all.
          [record(1), record(2_147_483_647)];
      return Promise.resolve(Readable.from(isLost ? [] : records));
    },
    rows: (sql: string) => {
      asked.push(sql);
      return Promise.resolve([{ trips: DAYS }]);
    },
  };
  const liveLoads = { current: () => snapshot, refresh: () => Promise.resolve(snapshot) };
  const answers = createTestAnswers({
    warehouse: warehouse as unknown as Warehouse,
    liveLoads: liveLoads as unknown as LiveLoads,
  });
  return { answers, asked };
}

it.each([
  ['HOUR_OF_DAY', 0n, DAYS / 10],
  ['HOUR_OF_WEEK', 0n, DAYS / 10],
  ['DAY_OF_WEEK', 0n, DAYS / 50],
  ['MONTH_OF_YEAR', 0n, DAYS / 50],
  // The day of the ragged hour has one trip.
  ['HOUR_OF_DAY', 1n, DAYS / 10 + 1],
] as const)('p90By %s is charged for rows of histograms and ragged trips', async (dimension, after, rows) => {
  const { answers } = answersOver();
  const request = asking();
  const span = { ...all, from: all.from + after };
  await answers.by({ span, dimension, level, interpolate: false }, request);
  expect(request.cost.rows).toBe(rows);
});

it('p90By over the history of TLC is within the budget of one request', () => {
  const { rowsGrouped } = createScans({ warehouse: {} as Warehouse });
  const tlc = { tripsAround: () => 1.75e9 } as unknown as Snapshot;
  expect(rowsGrouped(tlc, all, 'HOUR_OF_WEEK')).toBeLessThan(readEnvironment({}).scanBudgetRows);
});

it('a series that is begun anew is charged once', async () => {
  const { answers, asked } = answersOver({ lost: 1 });
  const request = asking();
  const range = { from: 0n, to: 10n * DAY_MICROS };
  const { points } = await answers.series({ range, bucket: 'DAY', level, interpolate: false }, request);
  expect([points.length, asked.length]).toEqual([10, 2]);
  expect(request.cost.points).toBe(10);
});

it('listings are charged before anything is read', async () => {
  const { answers, asked } = answersOver();
  const request = asking();
  request.cost.points = 50_000 - 9;
  const question = { span: all, level, order: 'DISTANCE_DESC', after: undefined, limit: 2 } as const;
  await expect(answers.tripsOver(question, request)).rejects.toMatchObject({
    extensions: { code: 'TOO_EXPENSIVE', points: 50_001, mostPoints: 50_000 },
  });
  expect(asked).toEqual([]);
});

it('files are charged by those that are shown', async () => {
  const admission = createAdmission({
    budgetRows: 1,
    minute: createMinuteBudget({ redis: undefined, rowsPerMinute: 1 }),
  });
  const loaders = { files: { load: () => Promise.resolve([{ filename: 'a' }, { filename: 'b' }]) } };
  const context = { ...asking(), admission, loaders } as unknown as GatewayContext;
  await filesResolvers.Query.files(undefined, { first: 500 }, context);
  expect(context.cost.points).toBe(20);
});

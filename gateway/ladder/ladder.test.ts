/** The ladder beside one who floods it, over a warehouse that takes its time. */
import { setMaxListeners } from 'node:events';
import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { asking, createTestAnswers } from '../../test/support/answers.ts';
import { madeSnapshot } from '../../test/support/made-snapshot.ts';
import type { StatementOptions, Warehouse } from '../../warehouse/warehouse.ts';
import { HOUR_MICROS } from '../percentile/pickup-range.ts';
import type { LiveLoads } from '../live-loads.ts';
import { createLadder } from './ladder.ts';
import { parseLevel } from './level.ts';

/** Turns of the event loop that each statement takes. */
const TURNS = 5;
const FIRST_DAY = 10_000;
const DAYS = 2_000;
const ANOTHER_DAY = 15_000;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Each day has one trip of one mile, at midnight. */
const snapshot = madeSnapshot({
  file: 'all',
  days: [...Array.from({ length: DAYS }, (_, index) => FIRST_DAY + index), ANOTHER_DAY],
});

function record(unit: number, last: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeInt32LE(unit, 0);
  bytes.writeDoubleLE(1, 4);
  bytes.writeUInt32LE(last, 12);
  return bytes;
}

/** Of hours and of trips. */
function slowWarehouse() {
  let statements = 0;
  let pages = 0;
  const stream = async (_: string, { params = {} }: StatementOptions): Promise<Readable> => {
    statements += 1;
    for (let left = TURNS; left > 0; left -= 1) await turn();
    const { days, hours } = params as { days?: string[]; hours?: number[] };
    const records =
      hours?.map((hour) => record(hour, 0)) ??
      days?.map((day) => record(Date.parse(`${day}T00:00:00Z`) / 3_600_000, 1)) ??
      [];
    pages += records.length;
    return Readable.from(records);
  };
  return {
    warehouse: { stream } as unknown as Warehouse,
    statements: () => statements,
    pages: () => pages,
  };
}

function client(name: string) {
  const gone = new AbortController();
  setMaxListeners(0, gone.signal);
  return {
    cost: { client: name, rows: 0 },
    patience: () => ({ signal: gone.signal, deadlineMs: 60_000 }),
    leave: () => gone.abort(),
  };
}

/** An hour of that day, but for its last microsecond: its trips are read, and the histograms of its day. */
const raggedHour = (day: number) => {
  const from = BigInt(day) * 24n * HOUR_MICROS;
  return { from, to: from + HOUR_MICROS - 1n };
};

it('answers a client behind another’s flood after a few statements, and reads nothing for who has left', async () => {
  const { warehouse, statements, pages } = slowWarehouse();
  const ladder = createLadder({ warehouse, memoryBytes: 2 ** 26 });
  const flooder = client('flooder');
  const flood = Array.from({ length: DAYS }, async (_, index) =>
    ladder.histograms(snapshot, raggedHour(FIRST_DAY + index), flooder),
  );
  const outcomes = Promise.allSettled(flood);
  await turn();
  await turn();
  const before = statements();
  expect(before).toBe(4);
  const { union, plan } = await ladder.histograms(snapshot, raggedHour(ANOTHER_DAY), client('another'));
  expect([union.map(({ trips }) => trips), plan.pagesMissed]).toEqual([[1], 2]);
  // Of each rung its own, and what begins beside it while those under way end. The flood takes 48.
  expect(statements() - before).toBeLessThanOrEqual(8);
  flooder.leave();
  const atMost = pages() + 2 * 64 + 2 * 128;
  const settled = await outcomes;
  expect(settled.filter(({ status }) => status === 'fulfilled').length).toBeLessThan(DAYS / 3);
  await ladder.histograms(snapshot, raggedHour(ANOTHER_DAY), flooder);
  for (let turns = 10 * TURNS; turns > 0; turns -= 1) await turn();
  expect(pages()).toBeLessThanOrEqual(atMost);
});

it('tells a client that waits for too much', async () => {
  const { warehouse } = slowWarehouse();
  const liveLoads = { current: () => snapshot } as LiveLoads;
  const answers = createTestAnswers({ warehouse, liveLoads });
  const flooder = { ...asking(), ...client('flooder') };
  const levels = [parseLevel(0.9)];
  const ask = (day: number) =>
    answers.percentiles({ span: raggedHour(day), levels, interpolate: false }, flooder);
  const flood = Array.from({ length: DAYS }, async (_, index) => ask(FIRST_DAY + index));
  const outcomes = Promise.allSettled(flood);
  await expect(ask(ANOTHER_DAY)).rejects.toMatchObject({
    message:
      '2000 pages of histograms or trips that you asked for wait for ClickHouse already, and so many may. Ask again in 1 s.',
    extensions: { code: 'OVERLOADED', retryAfterSeconds: 1 },
  });
  flooder.leave();
  await outcomes;
});

it('keeps what one has read for all, at no cost', async () => {
  const { warehouse, statements } = slowWarehouse();
  const ladder = createLadder({ warehouse, memoryBytes: 2 ** 26 });
  const span = raggedHour(ANOTHER_DAY);
  const [a, b] = [client('a'), client('b')];
  await Promise.all([ladder.histograms(snapshot, span, a), ladder.histograms(snapshot, span, b)]);
  expect(statements()).toBe(2);
  const patience = (): never => {
    throw new Error('there is nothing to wait for');
  };
  const warm = ladder.histograms(snapshot, span, { cost: { client: 'c' }, patience });
  expect(warm).not.toBeInstanceOf(Promise);
});

import { pino } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Warehouse } from '../warehouse/warehouse.ts';
import { followLiveLoads } from './live-loads.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Over a warehouse that answers when it is told to, and is never polled but at the beginning. */
async function follow() {
  const reads: ((rows: []) => void)[] = [];
  const rows = () => new Promise<[]>((resolve) => void reads.push(resolve));
  const liveLoads = followLiveLoads({
    warehouse: { rows } as unknown as Warehouse,
    source: 'yellow',
    logger: pino({ level: 'silent' }),
    pollEveryMs: 1e9,
  });
  const answer = async (): Promise<void> => {
    reads.shift()?.([]);
    await vi.advanceTimersByTimeAsync(0);
  };
  await answer();
  return { liveLoads, reads, answer };
}

it('reads before it answers when nothing was read for long', async () => {
  const { liveLoads, reads, answer } = await follow();
  expect(liveLoads.isBehind()).toBe(false);
  await vi.advanceTimersByTimeAsync(950);
  expect(liveLoads.isBehind()).toBe(true);
  const both = Promise.all([liveLoads.catchUp(), liveLoads.catchUp()]);
  expect(reads.length).toBe(1);
  await answer();
  expect(await both).toEqual([true, true]);
  expect(liveLoads.isBehind()).toBe(false);
});

it('reads once more when the read under way began too long ago', async () => {
  const { liveLoads, reads, answer } = await follow();
  void liveLoads.refresh();
  await vi.advanceTimersByTimeAsync(950);
  const caughtUp = liveLoads.catchUp();
  await answer();
  expect(reads.length).toBe(1);
  await answer();
  expect(await caughtUp).toBe(true);
  expect(liveLoads.isBehind()).toBe(false);
});

it('answers without a warehouse that hangs, until it answers soon again', async () => {
  const { liveLoads, answer } = await follow();
  await vi.advanceTimersByTimeAsync(950);
  const caughtUp = liveLoads.catchUp();
  await vi.advanceTimersByTimeAsync(3_000);
  expect(await caughtUp).toBe(true);
  expect(liveLoads.isBehind()).toBe(false);
  await answer();
  await vi.advanceTimersByTimeAsync(950);
  expect(liveLoads.isBehind()).toBe(false);
  void liveLoads.refresh();
  await answer();
  await vi.advanceTimersByTimeAsync(950);
  expect(liveLoads.isBehind()).toBe(true);
  liveLoads.stop();
});

import { pino } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Warehouse } from '../warehouse/warehouse.ts';
import { followLiveLoads } from './live-loads.ts';
import { ALONE, type NewestSequence } from './processes/newest-sequence.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Over a warehouse that answers when it is told to, and is never polled but at the beginning. */
async function follow({ read }: Pick<NewestSequence, 'read'> = ALONE) {
  const reads: { resolve: (rows: []) => void; reject: (error: Error) => void }[] = [];
  const rows = () => new Promise<[]>((resolve, reject) => void reads.push({ resolve, reject }));
  const liveLoads = followLiveLoads({
    warehouse: { rows } as unknown as Warehouse,
    source: 'yellow',
    logger: pino({ level: 'silent' }),
    pollEveryMs: 1e9,
    newest: { ...ALONE, read },
  });
  const answer = async (): Promise<void> => {
    reads.shift()?.resolve([]);
    await vi.advanceTimersByTimeAsync(0);
  };
  const fail = async (error: Error): Promise<void> => {
    reads.shift()?.reject(error);
    await vi.advanceTimersByTimeAsync(0);
  };
  await answer();
  return { liveLoads, reads, answer, fail };
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

it('reads what was published before it was asked, also while an earlier read is under way', async () => {
  const { liveLoads, reads, answer } = await follow();
  const earlier = liveLoads.refresh();
  const both = Promise.all([liveLoads.refresh(), liveLoads.refresh()]);
  let ended = false;
  void both.then(() => (ended = true));
  await answer();
  await earlier;
  expect(ended).toBe(false);
  expect(reads.length).toBe(1);
  await answer();
  await both;
  expect(reads.length).toBe(0);
  liveLoads.stop();
});

it('reads again after a read that failed', async () => {
  const { liveLoads, reads, fail, answer } = await follow();
  const failed = liveLoads.refresh();
  const asked = liveLoads.refresh();
  const expected = expect(failed).rejects.toThrow('away');
  await fail(new Error('away'));
  await expected;
  expect(reads.length).toBe(1);
  await answer();
  expect(await asked).toMatchObject({ sequence: 0 });
  liveLoads.stop();
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

it('reads again for who hears of something newer while a read is under way', async () => {
  let published = 0;
  const { liveLoads, reads, answer } = await follow({ read: () => published });
  const first = liveLoads.catchUp();
  published = 1;
  void liveLoads.catchUp();
  expect(reads.length).toBe(1);
  await answer();
  expect(await first).toBe(false);
  expect(reads.length).toBe(1);
  liveLoads.stop();
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

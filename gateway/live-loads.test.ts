import { pino } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Warehouse } from '../warehouse/warehouse.ts';
import { followLiveLoads } from './live-loads.ts';
import { ALONE, type NewestSequence } from './processes/newest-sequence.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Over a warehouse that answers when it is told to, and is never polled but at the beginning. */
async function follow({ read }: Pick<NewestSequence, 'read'> = ALONE) {
  const reads: { resolve: (rows: object[]) => void; reject: (error: Error) => void }[] = [];
  const rows = () => new Promise<object[]>((resolve, reject) => void reads.push({ resolve, reject }));
  const liveLoads = followLiveLoads({
    warehouse: { rows } as unknown as Warehouse,
    source: 'yellow',
    logger: pino({ level: 'silent' }),
    pollEveryMs: 1e9,
    newest: { ...ALONE, read },
  });
  const answer = async (found: object[] = []): Promise<void> => {
    reads.shift()?.resolve(found);
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

/** A row of the log, as it is read. */
const row = (sequence: number, previous: number | null, filename = 'a', rest: object = {}): object => ({
  ...{ sequence, previous, filename, changes: 1, kind: 'published', source: 'yellow' },
  ...{ load_id: `${sequence} ${filename}`, version: '', rows: 0, rejected: 0, days: {}, counts: true },
  ...{ data_through: null, published_at: '', ...rest },
});

it('waits for a publication that others follow, and says so when it stays away', async () => {
  const { liveLoads, answer } = await follow();
  const first = liveLoads.refresh();
  await answer([row(2, 1)]);
  expect((await first).sequence).toBe(0);
  expect(liveLoads.trouble()).toBeUndefined();
  await vi.advanceTimersByTimeAsync(11_000);
  const again = liveLoads.refresh();
  await answer([row(2, 1)]);
  await again;
  expect(liveLoads.trouble()).toMatch(/^The log of publications lacks one that others follow/);
  const both = liveLoads.refresh();
  await answer([row(2, 1), row(1, 0)]);
  expect((await both).sequence).toBe(2);
  expect(liveLoads.at(1)?.sequence).toBe(1);
  expect(liveLoads.trouble()).toBeUndefined();
});

it('shows the changes of a publication together, or none of them', async () => {
  const { liveLoads, answer } = await follow();
  const half = liveLoads.refresh();
  await answer([row(1, 0, 'b', { changes: 2 })]);
  expect((await half).liveByFile.size).toBe(0);
  const whole = liveLoads.refresh();
  await answer([row(1, 0, 'b', { changes: 2 }), row(1, 0, 'a', { changes: 2, kind: 'withdrawn' })]);
  expect([...(await whole).liveByFile.values()].map(({ filename }) => filename)).toEqual(['b']);
});

it('reads the log again when it took a publication that was given up', async () => {
  const { liveLoads, answer } = await follow();
  const taken = liveLoads.refresh();
  await answer([row(1, 0), row(2, 1, 'given up')]);
  expect((await taken).liveByFile.size).toBe(2);
  const again = liveLoads.refresh();
  await answer([row(3, 1, 'b')]);
  await answer([row(1, 0), row(2, 1, 'given up', { counts: false }), row(3, 1, 'b')]);
  expect([...(await again).liveByFile.values()].map(({ filename }) => filename)).toEqual(['a', 'b']);
  expect(liveLoads.at(2)?.liveByFile.size).toBe(1);
});

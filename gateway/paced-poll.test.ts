import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startPacedPoll, type PacedPoll } from './paced-poll.ts';

let isBusy = false;
let polling: PacedPoll;
const poll = vi.fn<() => Promise<void>>(() => Promise.resolve());
const pollsIn = async (ms: number): Promise<number> => {
  poll.mockClear();
  await vi.advanceTimersByTimeAsync(ms);
  return poll.mock.calls.length;
};

beforeEach(() => {
  vi.useFakeTimers();
  isBusy = false;
  polling = startPacedPoll({ poll, everyMs: 500, isBusy: () => isBusy });
});
afterEach(() => {
  polling.stop();
  vi.useRealTimers();
});

it('polls often at first, then seldom while nobody asks', async () => {
  expect(await pollsIn(10_000)).toBe(20);
  await vi.advanceTimersByTimeAsync(20_000);
  expect(await pollsIn(60_000)).toBe(6);
});

it('polls soon, and often for a while, when somebody asks', async () => {
  await vi.advanceTimersByTimeAsync(60_000);
  polling.asked();
  expect(await pollsIn(500)).toBe(1);
  expect(await pollsIn(9_000)).toBe(18);
  await vi.advanceTimersByTimeAsync(20_000);
  expect(await pollsIn(60_000)).toBe(6);
});

it('polls often for as long as there is another reason', async () => {
  isBusy = true;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await pollsIn(10_000)).toBe(20);
});

it('polls no more once it is stopped', async () => {
  polling.stop();
  expect(await pollsIn(60_000)).toBe(0);
});

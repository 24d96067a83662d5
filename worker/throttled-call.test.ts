import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createThrottledCall } from './throttled-call.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('is called soon, once for all who ask meanwhile, and so often at most', async () => {
  const call = vi.fn<() => Promise<void>>(() => Promise.resolve());
  const { ask } = createThrottledCall({ call, everyMs: 1_000 });
  for (let i = 0; i < 100; i += 1) ask();
  await vi.advanceTimersByTimeAsync(100);
  expect(call).toHaveBeenCalledTimes(1);
  for (let ms = 0; ms < 10_000; ms += 10) {
    ask();
    await vi.advanceTimersByTimeAsync(10);
  }
  expect(call.mock.calls.length).toBeGreaterThanOrEqual(10);
  expect(call.mock.calls.length).toBeLessThanOrEqual(11);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(call.mock.calls.length).toBeLessThanOrEqual(12);
});

it('is called again until it has succeeded', async () => {
  let fails = 3;
  const call = vi.fn<() => Promise<void>>(() =>
    (fails -= 1) >= 0 ? Promise.reject(new Error('away')) : Promise.resolve(),
  );
  createThrottledCall({ call, everyMs: 1_000 }).ask();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(call).toHaveBeenCalledTimes(4);
});

it('is not called once it is closed', async () => {
  const call = vi.fn<() => Promise<void>>(() => Promise.resolve());
  const { ask, close } = createThrottledCall({ call, everyMs: 1_000 });
  ask();
  close();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(call).not.toHaveBeenCalled();
});

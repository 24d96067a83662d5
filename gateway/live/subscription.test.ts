import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createLatest } from './latest.ts';
import { asSubscription } from './subscription.ts';

const DAY_MS = 86_400_000;
const EXPIRED = expect.objectContaining({ extensions: { code: 'UNAUTHENTICATED' } }) as unknown;
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] }));
afterEach(() => void vi.useRealTimers());

/** @param days that its token lasts; undefined: no token */
function scene(days?: number) {
  const log: string[] = [];
  const latest = createLatest<number>({ begin: () => undefined, over: () => log.push('over') });
  const stream = asSubscription(latest.stream, {
    enter() {
      log.push('enter');
      return () => void log.push('leave');
    },
    expiresAtMs: days === undefined ? undefined : Date.now() + days * DAY_MS,
  });
  return { latest, stream, log };
}

it('lasts as long as its token, also for longer than a timer can', async () => {
  const { latest, stream, log } = scene(60);
  expect(log).toEqual([]);
  const first = stream.next();
  vi.advanceTimersByTime(59 * DAY_MS);
  latest.put(1);
  expect(await first).toEqual({ value: 1, done: false });
  const last = stream.next();
  expect(log).toEqual(['enter']);
  vi.advanceTimersByTime(DAY_MS);
  expect(await last).toEqual({ value: EXPIRED, done: false });
  expect(await stream.next()).toEqual({ value: undefined, done: true });
  expect(log.slice(0, 3)).toEqual(['enter', 'over', 'leave']);
});

it('says so also to a reader that comes later', async () => {
  const { latest, stream } = scene(1);
  const first = stream.next();
  latest.put(1);
  await first;
  vi.advanceTimersByTime(DAY_MS);
  expect(await stream.next()).toEqual({ value: EXPIRED, done: false });
  expect(await stream.next()).toEqual({ value: undefined, done: true });
});

it.each([undefined, 1])(
  'leaves nothing behind when its reader goes, with a token of %s days',
  async (days) => {
    const { stream, log } = scene(days);
    const waiting = stream.next();
    await stream.return?.();
    expect(await waiting).toEqual({ value: undefined, done: true });
    expect(log).toContain('leave');
    expect(vi.getTimerCount()).toBe(0);
  },
);

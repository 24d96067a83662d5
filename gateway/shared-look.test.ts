import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createSharedLook } from './shared-look.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => void vi.useRealTimers());

/** Looks that end when they are told to; each sees its number. */
function scene() {
  const begun: { thing: string; end: () => void; fail: () => void }[] = [];
  const look = createSharedLook(
    (thing) =>
      new Promise<number>((resolve, reject) => {
        const number = begun.length + 1;
        begun.push({ thing, end: () => resolve(number), fail: () => reject(new Error('away')) });
      }),
  );
  return { look, begun };
}

it('is one for all who ask at a time, and within a second; one for each thing', async () => {
  const { look, begun } = scene();
  const asked = Array.from({ length: 50 }, () => look.at('a'));
  const other = look.at('b');
  expect(begun.map(({ thing }) => thing)).toEqual(['a', 'b']);
  for (const { end } of begun) end();
  expect(new Set(await Promise.all(asked))).toEqual(new Set([1]));
  expect(await other).toBe(2);
  vi.advanceTimersByTime(899);
  expect(await look.at('a')).toBe(1);
  expect(begun).toHaveLength(2);
});

it('shows nothing that is a second old, counted from where the look began', async () => {
  const { look, begun } = scene();
  const slow = look.at('a');
  vi.advanceTimersByTime(899);
  const joined = look.at('a');
  vi.advanceTimersByTime(1);
  const next = look.at('a');
  expect(begun).toHaveLength(2);
  for (const { end } of begun) end();
  expect([await slow, await joined, await next]).toEqual([1, 1, 2]);
  vi.advanceTimersByTime(1_000);
  void look.at('a');
  expect(begun).toHaveLength(3);
});

it('looks anew after a change, also while a look of before is under way', async () => {
  const { look, begun } = scene();
  const before = look.at('a');
  look.forget();
  const after = look.at('a');
  begun[0]?.end();
  expect(await before).toBe(1);
  const joined = look.at('a');
  begun[1]?.end();
  expect([await after, await joined, await look.at('a')]).toEqual([2, 2, 2]);
  look.forget();
  void look.at('a');
  expect(begun).toHaveLength(3);
});

it('keeps no failure, and does not wait for one that hangs', async () => {
  const { look, begun } = scene();
  const both = [look.at('a'), look.at('a')];
  begun[0]?.fail();
  for (const each of await Promise.allSettled(both)) expect(each.status).toBe('rejected');
  void look.at('a');
  vi.advanceTimersByTime(900);
  const again = look.at('a');
  begun[2]?.end();
  expect(await again).toBe(3);
});

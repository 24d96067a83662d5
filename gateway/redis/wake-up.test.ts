import { expect, it } from 'vitest';
import { createWakeUp } from './wake-up.ts';

/** What is published, what is known of it, and the looks so far. */
function stage() {
  const state = { now: 0, known: 5, published: 5, looks: 0 };
  const pending: (() => void)[] = [];
  const wakeUp = createWakeUp({
    known: () => state.known,
    look: () => {
      state.looks += 1;
      return new Promise((resolve) => pending.push(resolve));
    },
    now: () => state.now,
  });
  async function end(): Promise<void> {
    state.known = state.published;
    for (const resolve of pending.splice(0)) resolve();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { state, wakeUp, end };
}

it('looks once for what is new, and not for what is known', async () => {
  const { state, wakeUp, end } = stage();
  for (const sequence of [3, 5]) wakeUp(sequence);
  expect(state.looks).toBe(0);
  state.published = 6;
  for (let times = 0; times < 1_000; times += 1) wakeUp(6);
  expect(state.looks).toBe(1);
  await end();
  wakeUp(6);
  expect(state.looks).toBe(1);
});

it('looks again for what was announced during a look', async () => {
  const { state, wakeUp, end } = stage();
  state.published = 6;
  wakeUp(6);
  wakeUp(7);
  await end();
  expect(state.looks).toBe(2);
  state.published = 7;
  await end();
  expect([state.looks, state.known]).toEqual([2, 7]);
});

it('leaves it to polling where announcements are lies', async () => {
  const { state, wakeUp, end } = stage();
  for (let times = 0; times < 1_000; times += 1) {
    wakeUp(999_999 + times);
    await end();
  }
  expect(state.looks).toBe(1);
  state.now = 501;
  wakeUp(999_999);
  expect(state.looks).toBe(2);
});

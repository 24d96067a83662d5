import { setImmediate as nextTurn } from 'node:timers/promises';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createProgressWatch } from './progress-watch.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

function scene() {
  const now = { state: { chunks: 0 }, away: false, looks: 0 };
  const watch = createProgressWatch({
    async look() {
      now.looks += 1;
      if (now.away) throw new Error('the warehouse is away');
      return structuredClone(now.state);
    },
    everyMs: 1_000,
    logger: pino({ level: 'silent' }),
  });
  const second = async (): Promise<void> => {
    vi.advanceTimersByTime(1_000);
    await nextTurn();
  };
  const read = async () => {
    const stream = watch.watch();
    const seen: number[] = [];
    const reading = (async () => {
      for await (const { chunks } of stream) seen.push(chunks);
    })();
    await nextTurn();
    return { seen, reading, leave: async () => stream.return?.() };
  };
  return { now, watch, second, read };
}

it('tells the state at once, and then what has changed, by one look a second for all', async () => {
  const { now, second, read } = scene();
  const first = await read();
  expect(first.seen).toEqual([0]);
  const second1 = await read();
  expect([second1.seen, now.looks]).toEqual([[0], 1]);
  await second();
  await second();
  expect([first.seen, now.looks]).toEqual([[0], 3]);
  now.state = { chunks: 1 };
  await second();
  expect([first.seen, second1.seen, now.looks]).toEqual([[0, 1], [0, 1], 4]);
});

it('looks at nothing while nobody reads, and anew when somebody does', async () => {
  const { now, watch, second, read } = scene();
  await second();
  expect(now.looks).toBe(0);
  const one = await read();
  await one.leave();
  expect([vi.getTimerCount(), watch.size()]).toEqual([0, 0]);
  now.state = { chunks: 5 };
  const other = await read();
  expect([other.seen, now.looks]).toEqual([[5], 2]);
});

it('waits for an answer while there is none, and says no more than it knows', async () => {
  const { now, second, read } = scene();
  now.away = true;
  const one = await read();
  await second();
  expect(one.seen).toEqual([]);
  now.away = false;
  await second();
  now.away = true;
  await second();
  now.away = false;
  await second();
  expect([one.seen, now.looks]).toEqual([[0], 5]);
});

it('ends every stream when it closes', async () => {
  const { watch, read } = scene();
  const readers = [await read(), await read()];
  watch.close();
  await Promise.all(readers.map(({ reading }) => reading));
  expect((await watch.watch().next()).done).toBe(true);
  expect([vi.getTimerCount(), watch.size()]).toEqual([0, 0]);
});

import { expect, it } from 'vitest';
import { createLoadTurns } from './load-turns.ts';

const never = new AbortController().signal;

/** A load whose end is the test's, and what it was told. */
function makeLoad() {
  const made: { isAlone?: boolean; end: () => void } = { end: () => undefined };
  const ended = new Promise<void>((resolve) => (made.end = resolve));
  const load = async (isAlone: boolean): Promise<void> => {
    made.isAlone = isAlone;
    await ended;
  };
  return { made, load };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

it('runs loads beside each other, one that wants to be alone after them, and later ones after that', async () => {
  const turns = createLoadTurns();
  const [one, two, alone, later] = [makeLoad(), makeLoad(), makeLoad(), makeLoad()];
  const running = [
    turns.run({ alone: false, signal: never }, one.load),
    turns.run({ alone: false, signal: never }, two.load),
    turns.run({ alone: true, signal: never }, alone.load),
    turns.run({ alone: false, signal: never }, later.load),
  ];
  await turn();
  expect([one, two, alone, later].map(({ made }) => made.isAlone)).toEqual([
    false,
    false,
    undefined,
    undefined,
  ]);
  one.made.end();
  two.made.end();
  await turn();
  expect([alone, later].map(({ made }) => made.isAlone)).toEqual([true, undefined]);
  alone.made.end();
  await turn();
  expect(later.made.isAlone).toBe(false);
  later.made.end();
  await Promise.all(running);
});

it('lets nobody wait for ever for a load that hangs', async () => {
  const turns = createLoadTurns({ longestWaitMs: 5 });
  const [hangs, alone, later] = [makeLoad(), makeLoad(), makeLoad()];
  void turns.run({ alone: false, signal: never }, hangs.load);
  const running = turns.run({ alone: true, signal: never }, alone.load);
  alone.made.end();
  await running;
  expect(alone.made.isAlone).toBe(false);
  later.made.end();
  await turns.run({ alone: false, signal: never }, later.load);
});

it('goes on after a load that failed, and gives up a wait that is aborted', async () => {
  const turns = createLoadTurns();
  const fails = turns.run({ alone: true, signal: never }, () => Promise.reject(new Error('failed')));
  await expect(fails).rejects.toThrow('failed');
  const holds = makeLoad();
  const holding = turns.run({ alone: true, signal: never }, holds.load);
  await turn();
  const gone = new AbortController();
  const waiting = turns.run({ alone: false, signal: gone.signal }, () => Promise.resolve());
  gone.abort(new Error('gone'));
  await expect(waiting).rejects.toThrow('gone');
  holds.made.end();
  await holding;
  await turns.run({ alone: true, signal: never }, (isAlone) => Promise.resolve(expect(isAlone).toBe(true)));
});

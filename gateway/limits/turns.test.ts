import { setMaxListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../test/support/random.ts';
import { createTurns, TooManyWaitingError } from './turns.ts';

const NEVER = new AbortController().signal;
setMaxListeners(0, NEVER);
const ROOMY = { atOnce: 4, atOncePerClient: 2, mostWaiting: 10_000, mostWaitingPerClient: 10_000 };
/** Until all that is settled has been told to those who wait for it. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Takes turns and notes who has one, in the order in which they began. */
function watch(turns: ReturnType<typeof createTurns>) {
  const begun: string[] = [];
  const ends: { client: string; end: () => void }[] = [];
  const refused: unknown[] = [];
  return {
    begun,
    ends,
    refused,
    ask(client: string, signal: AbortSignal = NEVER): void {
      turns.take(client, signal).then(
        (end) => {
          begun.push(client);
          ends.push({ client, end });
        },
        (error: unknown) => refused.push(error),
      );
    },
  };
}

describe('turns', () => {
  it('a client with a thousand questions delays another by no more than one turn', async () => {
    const turns = createTurns(ROOMY);
    const { ask, begun, ends } = watch(turns);
    for (let index = 0; index < 1_000; index += 1) ask('greedy');
    await settle();
    expect(begun).toEqual(['greedy', 'greedy']);
    for (const client of ['second', 'third', 'fourth']) ask(client);
    await settle();
    // Two turns were free: one client has at most two.
    expect(begun.slice(2)).toEqual(['second', 'third']);
    ends[0]?.end();
    await settle();
    expect(begun.slice(4)).toHaveLength(1);
    ends[1]?.end();
    await settle();
    expect(begun.slice(4)).toContain('fourth');
  });

  it('go round', async () => {
    const turns = createTurns({ ...ROOMY, atOnce: 1 });
    const { ask, begun, ends } = watch(turns);
    for (const client of ['x', 'a', 'a', 'a', 'b', 'b', 'c']) ask(client);
    while (turns.running() > 0) {
      await settle();
      ends.shift()?.end();
    }
    expect(begun.join('')).toBe('xabcaba');
  });

  it('there is an end to the queue, of one client and of all', async () => {
    const turns = createTurns({ atOnce: 1, atOncePerClient: 1, mostWaiting: 5, mostWaitingPerClient: 3 });
    const { ask, refused } = watch(turns);
    for (let index = 0; index < 5; index += 1) ask('a');
    await settle();
    expect(refused).toEqual([new TooManyWaitingError({ waiting: 3, ofOneClient: true })]);
    for (const client of ['b', 'c', 'd']) ask(client);
    await settle();
    expect(refused.slice(1)).toEqual([new TooManyWaitingError({ waiting: 5, ofOneClient: false })]);
  });

  it('who gives up leaves the queue at once, with the reason', async () => {
    const turns = createTurns({ ...ROOMY, atOnce: 1 });
    const { ask, begun, ends, refused } = watch(turns);
    const gone = new AbortController();
    ask('a');
    ask('b', gone.signal);
    ask('c');
    await settle();
    gone.abort(new Error('no patience'));
    expect(turns.waiting()).toBe(1);
    ends[0]?.end();
    await settle();
    expect([begun, refused]).toEqual([['a', 'c'], [new Error('no patience')]]);
    await expect(turns.take('d', gone.signal)).rejects.toThrow('no patience');
    // Of a turn that has begun, nothing is taken.
    ends[1]?.end();
    ends[1]?.end();
    expect([turns.running(), turns.waiting()]).toEqual([0, 0]);
  });

  it.each([1, 2, 3, 4])('whatever happens, none is lost and none is too many (%i)', async (seed) => {
    const random = seededRandom(seed);
    const limits = { atOnce: 1 + Math.floor(random() * 5), atOncePerClient: 1 + Math.floor(random() * 3) };
    const turns = createTurns({ ...limits, mostWaiting: 60, mostWaitingPerClient: 20 });
    const { ask, begun, ends, refused } = watch(turns);
    const patience: AbortController[] = [];
    let asked = 0;
    for (let step = 0; step < 1_500; step += 1) {
      const chance = random();
      if (chance < 0.5) {
        const gone = new AbortController();
        patience.push(gone);
        asked += 1;
        ask(`client ${Math.floor(random() ** 2 * 8)}`, gone.signal);
      } else if (chance < 0.6) {
        patience[Math.floor(random() * patience.length)]?.abort();
      } else {
        const [ended] = ends.splice(Math.floor(random() * ends.length), 1);
        ended?.end();
        if (random() < 0.1) ended?.end();
      }
      if (random() < 0.7) await settle();
      expect(turns.running()).toBeLessThanOrEqual(limits.atOnce);
      for (const { client } of ends)
        expect(ends.filter((each) => each.client === client).length).toBeLessThanOrEqual(
          limits.atOncePerClient,
        );
    }
    while (turns.running() > 0) {
      await settle();
      ends.shift()?.end();
    }
    await settle();
    expect(turns.waiting()).toBe(0);
    expect(begun.length + refused.length).toBe(asked);
  });
});

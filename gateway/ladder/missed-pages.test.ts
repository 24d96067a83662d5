import { setMaxListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { madeSnapshot } from '../../test/support/made-snapshot.ts';
import { seededRandom } from '../../test/support/random.ts';
import { createMissedPages, TooManyPagesError, type Asker } from './missed-pages.ts';

const NOW = madeSnapshot({ file: 'a' });
const BEFORE = madeSnapshot({ file: 'a' });
/** Until all that is settled, or scheduled for the end of the tick, has been told to those who wait for it. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

function asker(client: string): Asker & { leave: () => void } {
  const gone = new AbortController();
  setMaxListeners(0, gone.signal);
  return {
    cost: { client },
    patience: () => ({ signal: gone.signal }),
    leave: () => gone.abort(new Error(`${client} has left`)),
  };
}

/** Each page is the number of its unit. Statements end when they are told to. */
function over({ mostAtOnce = 3 }: { mostAtOnce?: number } = {}) {
  const statements: { units: number[]; end: (error?: Error) => void; isOver: boolean }[] = [];
  const missed = createMissedPages<number>({
    keyOf: ({ unit, version }) => `${unit} ${version}`,
    mostAtOnce,
    read: (buckets) =>
      new Promise((resolve, reject) => {
        const units = buckets.map(({ unit }) => unit);
        expect(new Set(buckets.map(({ snapshot }) => snapshot)).size).toBe(1);
        const end = (error?: Error): void => {
          statement.isOver = true;
          if (error === undefined) resolve(units);
          else reject(error);
        };
        const statement = { units, end, isOver: false };
        statements.push(statement);
      }),
  });
  return {
    ask: (unit: number, who: Asker, { snapshot = NOW, accept = async (page: number) => page } = {}) => {
      const answer = missed.load({ snapshot, unit, version: 1 }, who, accept);
      answer.catch(() => undefined);
      return answer;
    },
    statements,
    asked: () => statements.map(({ units }) => units),
    underWay: () => statements.filter(({ isOver }) => !isOver),
    async endAll() {
      for (let last = -1; last < statements.length;) {
        last = statements.length;
        for (const { end } of statements) end();
        await settle();
      }
    },
  };
}

describe('pages that are missed', () => {
  it('in one tick are one statement, and each is read once, whoever wants it', async () => {
    const { ask, asked, endAll } = over();
    const [a, b] = [asker('a'), asker('b')];
    const answers = [ask(1, a), ask(2, b), ask(1, b), ask(1, a)];
    await settle();
    answers.push(ask(2, a));
    await endAll();
    expect(asked()).toEqual([[1, 2]]);
    expect(await Promise.all(answers)).toEqual([1, 2, 1, 1, 2]);
    // Nothing is kept here.
    void ask(1, a);
    await settle();
    expect(asked()).toEqual([[1, 2], [1]]);
  });

  it('are two statements at a time, also when more are missed in one tick', async () => {
    const { ask, asked, statements, endAll } = over();
    const a = asker('a');
    const answers = Array.from({ length: 10 }, (_, unit) => ask(unit, a));
    await settle();
    expect(asked()).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ]);
    statements[0]?.end();
    await settle();
    expect(asked()).toHaveLength(3);
    await endAll();
    expect(await Promise.all(answers)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('of one client delay another by no more than the statements under way', async () => {
    const { ask, asked, statements } = over();
    const greedy = asker('greedy');
    for (let unit = 0; unit < 1_000; unit += 1) void ask(unit, greedy);
    await settle();
    const second = ask(-1, asker('second'));
    void ask(-2, asker('third'));
    statements[0]?.end();
    await settle();
    expect(asked()[2]).toEqual([6, -1, -2]);
    statements[2]?.end();
    expect(await second).toBe(-1);
  });

  it('are not read when nobody waits for them any more', async () => {
    const { ask, asked, endAll } = over();
    const [gone, other] = [asker('gone'), asker('other')];
    const answers = Array.from({ length: 20 }, (_, unit) => ask(unit, gone));
    await settle();
    const both = [ask(18, other), ask(19, asker('gone'))];
    gone.leave();
    await expect(answers[6]).rejects.toThrow('gone has left');
    await endAll();
    expect(asked()).toEqual([
      [0, 1, 2],
      [3, 4, 5],
      [19, 18],
    ]);
    expect(await Promise.all(both)).toEqual([18, 19]);
    await expect(ask(30, gone)).rejects.toThrow('gone has left');
  });

  it('of one client are so many at most', async () => {
    const { ask, endAll } = over();
    const greedy = asker('greedy');
    const answers = Array.from({ length: 2_000 }, (_, unit) => ask(unit, greedy));
    await expect(ask(2_000, greedy)).rejects.toEqual(new TooManyPagesError(2_000));
    answers.push(ask(5, greedy), ask(2_000, asker('another')), ask(2_000, asker('another')));
    await endAll();
    await Promise.all(answers);
  });

  it('are of one snapshot in each statement, and those of another one have their turn', async () => {
    const { ask, asked, endAll } = over();
    const [a, b] = [asker('a'), asker('b')];
    for (let unit = 0; unit < 6; unit += 1) void ask(unit, a, { snapshot: unit % 2 === 0 ? NOW : BEFORE });
    for (let unit = 10; unit < 12; unit += 1) void ask(unit, b, { snapshot: BEFORE });
    await endAll();
    expect(asked().slice(0, 2)).toEqual([[0], [10, 1, 11]]);
    expect(
      asked()
        .flat()
        .toSorted((x, y) => x - y),
    ).toEqual([0, 1, 2, 3, 4, 5, 10, 11]);
  });

  it('are the same for those who come until one of them is content', async () => {
    const { ask, asked, statements } = over();
    const a = asker('a');
    let accept: (page: number) => void = () => undefined;
    const first = ask(1, a, { accept: () => new Promise((resolve) => (accept = resolve)) });
    await settle();
    statements[0]?.end();
    await settle();
    expect(await ask(1, a)).toBe(1);
    accept(1);
    expect(await first).toBe(1);
    expect(asked()).toEqual([[1]]);
  });

  it('that cannot be read fail for all who wait, and may be asked for again', async () => {
    const { ask, statements, endAll } = over();
    const a = asker('a');
    const answers = [ask(1, a), ask(2, asker('b'))];
    await settle();
    statements[0]?.end(new Error('away'));
    for (const answer of answers) await expect(answer).rejects.toThrow('away');
    const again = ask(1, a);
    await settle();
    await endAll();
    expect(await again).toBe(1);
  });

  it.each([1, 2, 3])('whatever happens, two at a time, none lost, none too many (%i)', async (seed) => {
    const random = seededRandom(seed);
    const { ask, underWay, asked, endAll } = over();
    const askers = Array.from({ length: 12 }, (_, index) => asker(`client ${index % 5}`));
    const outcomes: Promise<unknown>[] = [];
    for (let step = 0; step < 800; step += 1) {
      const who = Math.floor(random() ** 2 * askers.length);
      const snapshot = random() < 0.8 ? NOW : BEFORE;
      if (random() < 0.75) {
        const unit = Math.floor(random() * 200);
        const left = (error: Error): void => expect(error.message).toMatch(/has left|away/);
        const right = (page: number): void => expect(page).toBe(unit);
        outcomes.push(ask(unit, askers[who]!, { snapshot }).then(right, left));
      } else if (random() < 0.2) {
        askers[who]!.leave();
        askers[who] = asker(`client ${who % 5}`);
      } else {
        const running = underWay();
        running[Math.floor(random() * running.length)]?.end(random() < 0.1 ? new Error('away') : undefined);
      }
      if (random() < 0.5) await settle();
      expect(underWay().length).toBeLessThanOrEqual(2);
    }
    await endAll();
    await Promise.all(outcomes);
    for (const units of asked()) expect(units.length).toBeGreaterThan(0);
    for (const units of asked()) expect(units.length).toBeLessThanOrEqual(3);
  });
});

import { setImmediate as nextTurn } from 'node:timers/promises';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { seededRandom } from '../../test/support/random.ts';
import { publicationOf } from '../../test/support/made-snapshot.ts';
import { LoadLog, type Snapshot } from '../load-log.ts';
import { DAY_MICROS, type Span } from '../percentile/pickup-range.ts';
import { createRangeWatch, type WatchedQuestion } from './range-watch.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

const DAYS = 60;
const days = (from: number, to: number): Span => ({
  from: BigInt(from) * DAY_MICROS,
  to: BigInt(to) * DAY_MICROS,
});

interface Answer {
  dataVersion: number;
  question: WatchedQuestion;
}

/** Publications that touch these days, and a watch whose computations are ended by hand. */
function scene({ known = true } = {}) {
  const log = new LoadLog();
  let snapshot: Snapshot | undefined = known ? log.snapshot() : undefined;
  const underWay: { finish: () => void; fail: () => void; gone: AbortSignal }[] = [];
  let computed = 0;
  const watch = createRangeWatch<Answer>({
    current: () => snapshot,
    compute: (question, gone) => {
      const dataVersion = snapshot!.versionOf(question.span);
      computed += 1;
      return new Promise((resolve, reject) => {
        underWay.push({
          finish: () => resolve({ dataVersion, question }),
          fail: () => reject(new Error('the warehouse is away')),
          gone,
        });
      });
    },
    logger: pino({ level: 'silent' }),
  });
  return {
    watch,
    underWay,
    computed: () => computed,
    versionOf: (span: Span) => snapshot!.versionOf(span),
    publish(touched: readonly number[], filename = `${log.lastSequence}`) {
      log.append([
        publicationOf({
          sequence: log.lastSequence + 1,
          source: 'yellow',
          filename,
          loadId: `${log.lastSequence}`,
          version: '',
          rows: touched.length,
          rejected: 0,
          days: new Map(touched.map((day) => [day, 1])),
          dataThrough: null,
          publishedAt: '',
        }),
      ]);
      snapshot = log.snapshot();
      watch.published(snapshot);
    },
    /** Ends everything that was begun, and what begins after it. */
    async settle() {
      for (;;) {
        for (let turn = 0; turn < 4; turn += 1) await nextTurn();
        const begun = underWay.splice(0);
        if (begun.length === 0) return;
        for (const { finish } of begun) finish();
      }
    },
  };
}

/** Reads everything at once, or only when it is told to. */
function reader(
  stream: AsyncIterableIterator<Answer>,
  { slow = false } = {},
): {
  versions: number[];
  answers: Answer[];
  take: () => Promise<void>;
  leave: () => Promise<unknown>;
} {
  const answers: Answer[] = [];
  let reading: Promise<void> | undefined;
  const take = (): Promise<void> => {
    reading ??= stream.next().then(async ({ done, value }) => {
      reading = undefined;
      if (done === true) return;
      answers.push(value);
      if (!slow) void take();
    });
    return reading;
  };
  void take();
  return {
    answers,
    get versions() {
      return answers.map(({ dataVersion }) => dataVersion);
    },
    take,
    leave: async () => stream.return?.(),
  };
}

const question = (span: Span, interpolate = false): WatchedQuestion => ({ span, interpolate });

describe('a watch of ranges', () => {
  it('says nothing at first, then of each publication that touches the range, and of no other', async () => {
    const { watch, publish, settle, computed } = scene();
    publish([1]);
    const early = reader(watch.watch(question(days(0, 10))));
    const late = reader(watch.watch(question(days(20, 30))));
    await settle();
    expect([early.versions, late.versions, computed()]).toEqual([[], [], 0]);
    publish([5]);
    await settle();
    publish([25, 31], 'replaced');
    await settle();
    publish([40], 'replaced');
    await settle();
    publish([10, 19, 30]);
    await settle();
    expect([early.versions, late.versions, computed()]).toEqual([[2], [3, 4], 3]);
  });

  it('computes once what thousands ask', async () => {
    const { watch, publish, settle, computed } = scene();
    const readers = Array.from({ length: 3_000 }, (_, index) =>
      reader(watch.watch(question(days(0, 10), index % 2 === 0))),
    );
    expect(watch.size()).toEqual({ questions: 2, readers: 3_000 });
    publish([1]);
    await settle();
    await vi.waitFor(() => expect(readers.every(({ versions }) => versions.length === 1)).toBe(true));
    expect(computed()).toBe(2);
    await Promise.all(readers.map(({ leave }) => leave()));
    expect(watch.size()).toEqual({ questions: 0, readers: 0 });
  });

  it('loses no publication that comes while it computes', async () => {
    const { watch, publish, settle, underWay } = scene();
    const before = reader(watch.watch(question(days(0, 10))));
    publish([1]);
    await nextTurn();
    await nextTurn();
    publish([2]);
    const meanwhile = reader(watch.watch(question(days(0, 10))));
    publish([3]);
    expect(underWay).toHaveLength(1);
    await settle();
    expect([before.versions, meanwhile.versions]).toEqual([[1, 3], [3]]);
  });

  it('tries again until it is answered, one at a time, and at once when there is news', async () => {
    const { watch, publish, settle, underWay, computed } = scene();
    const readers = [1, 2, 3].map((day) => reader(watch.watch(question(days(day, day + 1)))));
    const turns = async () => {
      for (let turn = 0; turn < 4; turn += 1) await nextTurn();
    };
    publish([1, 2, 3]);
    await turns();
    for (const { fail } of underWay.splice(0)) fail();
    await turns();
    expect([computed(), underWay.length]).toEqual([3, 0]);
    vi.advanceTimersByTime(999);
    await turns();
    expect(underWay).toHaveLength(0);
    vi.advanceTimersByTime(1);
    await turns();
    expect(underWay).toHaveLength(1);
    underWay.splice(0)[0]!.fail();
    await turns();
    vi.advanceTimersByTime(1_999);
    await turns();
    expect(underWay).toHaveLength(0);
    publish([50]);
    await settle();
    expect(readers.map(({ versions }) => versions)).toEqual([[1], [1], [1]]);
  });

  it('tells at once what was published since the version that the reader knows of', async () => {
    const { watch, publish, settle } = scene();
    publish([1]);
    publish([2]);
    const [behind, even, ahead] = [1, 2, 3].map((since) => reader(watch.watch(question(days(0, 10)), since)));
    await settle();
    expect([behind!.versions, even!.versions, ahead!.versions]).toEqual([[2], [], []]);
    publish([3]);
    await settle();
    publish([4]);
    await settle();
    expect([behind!.versions, even!.versions, ahead!.versions]).toEqual([[2, 3, 4], [3, 4], [4]]);
  });

  it('begins from the first snapshot where there was none', async () => {
    const { watch, publish, settle } = scene({ known: false });
    const plain = reader(watch.watch(question(days(0, 10))));
    const since = reader(watch.watch(question(days(0, 10)), 0));
    publish([1]);
    await settle();
    publish([2]);
    await settle();
    expect([plain.versions, since.versions]).toEqual([[2], [1, 2]]);
  });

  it('computes nothing more for those who left, and forgets what failed', async () => {
    const { watch, publish, underWay } = scene();
    const one = reader(watch.watch(question(days(0, 10))));
    publish([1]);
    await nextTurn();
    await nextTurn();
    await one.leave();
    expect(underWay[0]!.gone.aborted).toBe(true);
    underWay[0]!.fail();
    await nextTurn();
    expect([vi.getTimerCount(), watch.size()]).toEqual([0, { questions: 0, readers: 0 }]);
  });

  it('ends every stream when it closes, also those that begin after it', async () => {
    const { watch } = scene();
    const [open, unread] = [watch.watch(question(days(0, 1))), watch.watch(question(days(0, 1)))];
    const waiting = open.next();
    watch.close();
    expect([(await waiting).done, (await unread.next()).done]).toEqual([true, true]);
    expect(watch.size()).toEqual({ questions: 0, readers: 0 });
  });

  it.each([1, 2, 3, 4, 5, 6])('tells each reader the changes of its range: seed %i', async (seed) => {
    const random = seededRandom(seed);
    const below = (limit: number) => Math.floor(random() * limit);
    const { watch, publish, settle, underWay, versionOf } = scene();
    const readers: {
      span: Span;
      slow: boolean;
      reader: ReturnType<typeof reader>;
      /** Versions of its range after it came, one for each publication that touched it. */
      changes: number[];
      left: boolean;
    }[] = [];
    for (let step = 0; step < 400; step += 1) {
      const present = readers.filter(({ left }) => !left);
      const someone = present[below(present.length)];
      const what = random();
      if (what < 0.15) {
        const from = below(DAYS);
        const span = days(from, from + 1 + below(8));
        const slow = random() < 0.5;
        const stream = watch.watch(question(span, random() < 0.5));
        readers.push({ span, slow, reader: reader(stream, { slow }), changes: [], left: false });
      } else if (what < 0.2 && someone !== undefined) {
        someone.left = true;
        await someone.reader.leave();
      } else if (what < 0.5) {
        const before = present.map(({ span }) => versionOf(span));
        publish(
          Array.from({ length: below(4) }, () => below(DAYS)),
          `${below(8)}`,
        );
        for (const [index, each] of present.entries()) {
          const version = versionOf(each.span);
          if (version !== before[index]) each.changes.push(version);
        }
      } else if (what < 0.75) {
        const [computation] = underWay.splice(below(underWay.length), 1);
        if (random() < 0.2) computation?.fail();
        else computation?.finish();
      } else if (what < 0.85) vi.advanceTimersByTime(1_000);
      else if (someone !== undefined) void someone.reader.take();
      await nextTurn();
    }
    // The warehouse is back for good, and everyone reads on.
    for (let rest = 0; rest < 3; rest += 1) {
      vi.advanceTimersByTime(10_000);
      await settle();
    }
    for (const { left, slow, reader: each } of readers) if (!left && slow) void each.take();
    await settle();

    for (const { span, left, changes, reader: each } of readers) {
      expect(each.versions).toEqual([...new Set(each.versions)].sort((a, b) => a - b));
      expect(changes).toEqual(expect.arrayContaining(each.versions));
      expect(each.answers.every(({ question: asked }) => asked.span.from === span.from)).toBe(true);
      if (!left) expect(each.versions.at(-1)).toBe(changes.at(-1));
    }
    expect(readers.filter(({ changes }) => changes.length > 0).length).toBeGreaterThan(10);
    for (const { left, reader: each } of readers) if (!left) await each.leave();
    expect(watch.size()).toEqual({ questions: 0, readers: 0 });
  });
});

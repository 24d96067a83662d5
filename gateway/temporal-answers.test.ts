import { expect, it } from 'vitest';
import {
  acceptAnswer,
  ingestProgress,
  originLimits,
  originViewAnswer,
  retryAnswer,
  rollbackAnswer,
  watcherStatus,
  withdrawAnswer,
} from './temporal-answers.ts';

const SHAPES = {
  watcherStatus: {
    shape: watcherStatus,
    right: {
      ...{ source: 'yellow', paused: false, lastPollAtMs: 1, nextPollAtMs: null, problem: null },
      ...{ inFlight: ['a'], waiting: 0, mistakes: [] },
      backfills: [
        { id: 'b', from: '2023-01', to: '2023-02', force: false, found: 1, remaining: 0, looked: true },
      ],
      ignored: [{ kind: 'FOLDER', reason: 'why', files: 2, example: 'x' }],
    },
  },
  ingestProgress: {
    shape: ingestProgress,
    right: { stage: 'FETCHING', version: null, chunks: 2, chunksDone: 1, bytesDone: 7 },
  },
  originViewAnswer: {
    shape: originViewAnswer,
    right: {
      ...{ limit: 8, limits: { minConcurrent: 1, maxConcurrent: 16 }, breaker: 'open', openUntilMs: 5 },
      probe: { id: 1, workerId: 'w', sinceMs: 1 },
      outcomes: { good: 1, throttled: 0, undecided: 0, failed: 0 },
      ...{ opened: 1, inFlight: 0, shares: { w: 8 } },
    },
  },
  retryAnswer: { shape: retryAnswer, right: { retrying: ['a'], remaining: 0 } },
  rollbackAnswer: {
    shape: rollbackAnswer,
    right: { filename: 'a', sequence: 3, version: 'v', heldBack: null },
  },
  withdrawAnswer: { shape: withdrawAnswer, right: { filename: 'a', sequence: 3, version: 'v' } },
  acceptAnswer: { shape: acceptAnswer, right: { filename: 'a', version: 'v' } },
  originLimits: { shape: originLimits, right: { minConcurrent: 1, maxConcurrent: 16 } },
};

it.each(Object.entries(SHAPES))(
  '%s is taken as it should be, and with any other value not',
  (_, { shape, right }) => {
    expect(shape.parse({ ...right, unknown: 1 })).toEqual(right);
    for (const nonsense of [null, undefined, 7, 'text', [], {}, [right], true])
      expect(shape.safeParse(nonsense).success).toBe(false);
    for (const field of Object.keys(right))
      for (const nonsense of [{ a: 'b' }, NaN, 'x'.repeat(20_000), Array(20_000).fill('a'), new Date()])
        expect([field, shape.safeParse({ ...right, [field]: nonsense }).success]).toEqual([field, false]);
  },
);

it('takes a watcher from before backfills, and what is ignored, were told', () => {
  const { backfills: _, ignored: __, ...before } = SHAPES.watcherStatus.right;
  expect(watcherStatus.parse(before)).toMatchObject({ backfills: [], ignored: [] });
});

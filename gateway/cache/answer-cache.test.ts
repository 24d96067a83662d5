import { expect, it } from 'vitest';
import { madeSnapshot } from '../../test/support/made-snapshot.ts';
import type { LiveLoads } from '../live-loads.ts';
import type { Snapshot } from '../load-log.ts';
import { closeRange } from '../percentile/pickup-range.ts';
import { createAnswerCache, type AnswerCache, type Computed, type Question } from './answer-cache.ts';
import { Reads } from './reads.ts';
import type { SharedAnswers } from './shared-answers.ts';

const ALONE: SharedAnswers = { once: ({ compute }) => compute() };
const january = { file: 'yellow_tripdata_2023-01.parquet', days: [19_358] };

function cacheOf({ memoryBytes = 1 << 20 } = {}) {
  let snapshot = madeSnapshot(january);
  const liveLoads = { current: () => snapshot, refresh: () => Promise.resolve(snapshot) };
  const cache = createAnswerCache({
    liveLoads: liveLoads as unknown as LiveLoads,
    shared: ALONE,
    namespace: 'test',
    memoryBytes,
  });
  return {
    cache,
    current: () => snapshot,
    publish: (...publications: Parameters<typeof madeSnapshot>) => {
      snapshot = madeSnapshot(january, ...publications);
    },
  };
}

const answerOf = (body: string, snapshot: Snapshot | undefined): Computed<string> => {
  const reads = new Reads();
  if (snapshot !== undefined) reads.span(snapshot, closeRange({}));
  return { reads, body: Buffer.from(body), failure: undefined, concerns: 'all' };
};
const refusalOf = (failure: string, concerns: Computed<string>['concerns']): Computed<string> => ({
  reads: new Reads(),
  body: undefined,
  failure,
  concerns,
});

const ask = (
  cache: AnswerCache,
  compute: Question<string>['compute'],
  {
    key = 'question',
    client = 'somebody',
    deadlineMs = () => 1_000,
  }: { key?: string; client?: string; deadlineMs?: () => number } = {},
) =>
  cache.answer<string>({
    key,
    isShared: true,
    client,
    gone: () => new AbortController().signal,
    compute,
    deadlineMs,
  });

async function said(found: ReturnType<typeof ask>): Promise<string> {
  const { kept, failure, outcome } = await found;
  return `${outcome}: ${kept === undefined ? failure : kept.body.toString()}`;
}

it('keeps what is current', async () => {
  const { cache, current, publish } = cacheOf();
  const compute = (body: string) => () => Promise.resolve(answerOf(body, current()));
  expect(await said(ask(cache, compute('one')))).toBe('miss: one');
  expect(await said(ask(cache, compute('two')))).toBe('hit: one');
  expect(await said(ask(cache, compute('other'), { key: 'another' }))).toBe('miss: other');
  publish(january);
  expect(cache.get('question')).toBeUndefined();
  expect(await said(ask(cache, compute('two')))).toBe('miss: two');
  expect(await said(ask(cache, compute('three')))).toBe('hit: two');
});

it('computes once for all who ask meanwhile, also where nothing is kept', async () => {
  for (const memoryBytes of [1 << 20, 0]) {
    const { cache, current } = cacheOf({ memoryBytes });
    let computed = 0;
    const compute = async () => {
      computed += 1;
      await Promise.resolve();
      return answerOf('answer', current());
    };
    const all = await Promise.all([1, 2, 3].map(() => said(ask(cache, compute))));
    expect([all, computed]).toEqual([['miss: answer', 'joined: answer', 'joined: answer'], 1]);
  }
});

it('tells all of a failure, and forgets it', async () => {
  const { cache, current } = cacheOf();
  const fail = () => Promise.resolve(refusalOf('nonsense', 'all'));
  expect(await Promise.all([said(ask(cache, fail)), said(ask(cache, fail))])).toEqual([
    'miss: nonsense',
    'miss: nonsense',
  ]);
  expect(await said(ask(cache, () => Promise.resolve(answerOf('sense', current()))))).toBe('miss: sense');
});

it('does not tell one what another may not, however many those are', async () => {
  const { cache, current } = cacheOf();
  const poor = () => Promise.resolve(refusalOf('no budget', 'client'));
  const rich = () => Promise.resolve(answerOf('answer', current()));
  const asked = [poor, poor, poor, poor, poor, rich, rich].map((compute, index) =>
    said(ask(cache, compute, { client: `client ${index}` })),
  );
  const answers = await Promise.all(asked);
  expect(answers.slice(0, 5)).toEqual(Array.from({ length: 5 }, () => 'miss: no budget'));
  expect(answers.slice(5)).toEqual(['miss: answer', 'joined: answer']);
});

it('waits for others no longer than there is time', async () => {
  const { cache } = cacheOf();
  const late = (whose: string) => () => Promise.resolve(refusalOf(`${whose} time is over`, 'request'));
  const answers = await Promise.all([
    said(ask(cache, late('his'))),
    said(ask(cache, late('her'), { client: 'somebody else', deadlineMs: () => 0 })),
    said(ask(cache, late('its'), { deadlineMs: () => 0 })),
  ]);
  expect(answers).toEqual(['miss: his time is over', 'miss: her time is over', 'miss: its time is over']);
});

it('refuses all equal questions of one client at once', async () => {
  const { cache, current } = cacheOf();
  let refused = 0;
  const poor = () => {
    refused += 1;
    return Promise.resolve(refusalOf('no budget', 'client'));
  };
  const many = Array.from({ length: 100 }, () => said(ask(cache, poor, { client: 'poor' })));
  const rich = said(ask(cache, () => Promise.resolve(answerOf('answer', current())), { client: 'rich' }));
  expect(new Set(await Promise.all(many))).toEqual(new Set(['miss: no budget']));
  expect([await rich, refused]).toEqual(['miss: answer', 1]);
});

it('computes anew what a publication changed meanwhile, for those who wait too', async () => {
  const { cache, current, publish } = cacheOf();
  let computed = 0;
  const compute = async () => {
    computed += 1;
    const answer = answerOf(`answer ${computed}`, current());
    await Promise.resolve();
    if (computed === 1) publish(january);
    return answer;
  };
  const all = await Promise.all([said(ask(cache, compute)), said(ask(cache, compute))]);
  expect(all.toSorted()).toEqual(['joined: answer 2', 'miss: answer 2']);
});

it('answers in the end, however often there are publications', async () => {
  const { cache, current, publish } = cacheOf();
  const publications: (typeof january)[] = [];
  const compute = async () => {
    const answer = answerOf(`after ${publications.length}`, current());
    await Promise.resolve();
    publications.push(january);
    publish(...publications);
    return answer;
  };
  expect(await said(ask(cache, compute))).toBe('miss: after 2');
});

it('keeps what hangs on nothing before anything is known of the warehouse', async () => {
  const { cache } = cacheOf();
  const before = createAnswerCache({
    liveLoads: { current: () => undefined } as LiveLoads,
    shared: ALONE,
    namespace: 'test',
    memoryBytes: 1 << 20,
  });
  for (const each of [cache, before]) {
    expect(await said(ask(each, () => Promise.resolve(answerOf('schema', undefined))))).toBe('miss: schema');
    expect(await said(ask(each, () => Promise.reject(new Error('again'))))).toBe('hit: schema');
  }
});

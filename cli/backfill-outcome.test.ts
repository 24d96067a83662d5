import { expect, it } from 'vitest';
import { backfillOutcomes, outcomeLine, outcomesInShort, type FileState } from './backfill-outcome.ts';

const file = (filename: string, rest: Partial<FileState> = {}): FileState => ({
  filename,
  month: '2023-01',
  stage: 'PUBLISHED',
  reason: null,
  updatedAt: '2026-01-01T00:00:00.000Z',
  live: { dataVersion: 3, trips: 1_000 },
  ...rest,
});
const LATER = { updatedAt: '2026-01-01T00:00:09.000Z' };
const HELD = { stage: 'QUARANTINED', reason: 'OTHER_MONTH: 9 of 10 trips', live: null };

it('tells what came of each file of the months, and of no other', () => {
  const before = [file('as-it-was'), file('loaded'), file('held', HELD), file('judged', HELD)];
  const after = [
    file('as-it-was'),
    file('loaded', { ...LATER, live: { dataVersion: 4, trips: 1_200 } }),
    file('held', HELD),
    file('judged', { ...HELD, ...LATER, live: { dataVersion: 2, trips: 7 } }),
    file('new', LATER),
    file('stuck', { ...LATER, stage: 'LOADING', live: null }),
    file('another-month', { ...LATER, month: '2023-02' }),
    file('no-month', { ...LATER, month: null }),
  ];
  const outcomes = backfillOutcomes({ from: '2023-01', to: '2023-01' }, before, after);
  expect(outcomes.map(outcomeLine)).toEqual([
    'published: loaded: 1,200 trips, from data version 4 on',
    'left alone: held: OTHER_MONTH: 9 of 10 trips',
    'quarantined: judged: OTHER_MONTH: 9 of 10 trips; its earlier load stays counted (7 trips)',
    'published: new: 1,000 trips, from data version 3 on',
    'not done yet: stuck: see npm run tripline -- files',
  ]);
  expect(outcomesInShort(outcomes)).toBe(
    '2 published, 1 quarantined, 1 left alone, as held back or quarantined, 1 not done yet',
  );
  expect(outcomesInShort([])).toBe('');
});

import { expect, it } from 'vitest';
import { recentMistakes, timedMistakes, withMistake, type MistakeLog } from './mistake-log.ts';

const HOUR = 3_600_000;

it('tells of the last hour, newest last, and no more than twenty', () => {
  let log: MistakeLog = [];
  for (let minute = 0; minute < 30; minute += 1)
    log = withMistake(log, { atMs: minute * 60_000, text: String(minute) });
  expect(recentMistakes(log, 29 * 60_000)).toHaveLength(20);
  expect(recentMistakes(log, HOUR + 27 * 60_000)).toEqual(['28', '29']);
  expect(recentMistakes(log, 2 * HOUR)).toEqual([]);
});

it('what a run of before has left goes an hour after it was taken over', () => {
  const log = timedMistakes(['old', { atMs: 5, text: 'new' }], HOUR);
  expect(recentMistakes(log, HOUR + 5)).toEqual(['old']);
  expect(recentMistakes(log, 2 * HOUR)).toEqual([]);
});

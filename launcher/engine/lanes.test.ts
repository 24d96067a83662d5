import { describe, expect, it } from 'vitest';
import { Lane, laneOf } from './lanes.ts';

const never = () => new AbortController().signal;

describe('Lane', () => {
  it('lets in as many as it has permits, then in order', async () => {
    const lane = new Lane(2);
    const entered: number[] = [];
    const enter = async (i: number) => {
      const leave = await lane.enter(never());
      entered.push(i);
      return leave;
    };
    const [first, second] = [await enter(1), await enter(2)];
    const third = enter(3);
    const fourth = enter(4);
    expect(entered).toEqual([1, 2]);
    first();
    await third;
    expect(entered).toEqual([1, 2, 3]);
    second();
    await fourth;
    expect(entered).toEqual([1, 2, 3, 4]);
  });

  it('forgets who stopped waiting', async () => {
    const lane = new Lane(1);
    const leave = await lane.enter(never());
    const gone = new AbortController();
    const waiting = lane.enter(gone.signal);
    const next = lane.enter(never());
    gone.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
    leave();
    await expect(next).resolves.toBeTypeOf('function');
    await expect(lane.enter(gone.signal)).rejects.toThrow('gone');
  });

  it('refuses when a thousand wait', async () => {
    const lane = new Lane(0);
    for (let i = 0; i < 1000; i++) void lane.enter(never());
    await expect(lane.enter(never())).rejects.toMatchObject({ code: 202 });
  });
});

it.each([
  ['gateway', 'SELECT', '{"by":"gateway"}', 'reads'],
  ['gateway', 'SELECT', '{"by":"live-list"}', 'news'],
  ['gateway', 'SELECT', '{"by":"scan"}', 'scans'],
  ['gateway', 'SELECT', '{"by":"download"}', 'downloads'],
  ['gateway', 'SELECT', undefined, 'strangers'],
  ['loader', 'SHOW', '{"by":"worker","load":1}', 'reads'],
  ['loader', 'INSERT', '{"by":"load"}', 'loads'],
  ['loader', 'INSERT', '{"by":"worker"}', 'writes'],
  ['loader', 'INSERT', undefined, 'strangers'],
  ['loader', 'SELECT', 'my dashboard', 'strangers'],
  ['loader', 'SELECT', '{"by":7}', 'strangers'],
  ['loader', 'SELECT', 'null', 'strangers'],
  ['reader', 'SELECT', undefined, 'strangers'],
  ['reader', 'SELECT', '{"by":"gateway"}', 'strangers'],
  ['reader', 'SELECT', '{"by":"live-list"}', 'strangers'],
] as const)('%s’s %s with log_comment %s goes to %s', (user, verb, logComment, lane) => {
  expect(laneOf({ user, verb, logComment })).toBe(lane);
});

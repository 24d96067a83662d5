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
  ['SELECT', '{"by":"gateway"}', 'reads'],
  ['SHOW', '{"by":"worker","load":1}', 'reads'],
  ['SELECT', '{"by":"live-list"}', 'news'],
  ['SELECT', '{"by":"scan"}', 'scans'],
  ['INSERT', '{"by":"load"}', 'loads'],
  ['INSERT', '{"by":"worker"}', 'writes'],
  ['SELECT', undefined, 'strangers'],
  ['SELECT', 'my dashboard', 'strangers'],
  ['SELECT', '{"by":7}', 'strangers'],
  ['SELECT', 'null', 'strangers'],
] as const)('%s with log_comment %s goes to %s', (verb, logComment, lane) => {
  expect(laneOf({ verb, logComment })).toBe(lane);
});

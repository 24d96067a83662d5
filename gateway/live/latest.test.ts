import { describe, expect, it } from 'vitest';
import { createLatest, type Latest } from './latest.ts';

function started(): { latest: Latest<number>; log: string[] } {
  const log: string[] = [];
  const latest = createLatest<number>({ begin: () => log.push('begin'), over: () => log.push('over') });
  return { latest, log };
}

describe('a stream of the latest', () => {
  it('begins with the first read, and holds nothing before', async () => {
    const { latest, log } = started();
    latest.put(1);
    await latest.stream.return?.();
    expect(log).toEqual([]);
    expect(await latest.stream.next()).toEqual({ value: undefined, done: true });
  });

  it('gives a slow reader the newest value, once', async () => {
    const { latest, log } = started();
    const first = latest.stream.next();
    for (const value of [1, 2, 3, 4]) latest.put(value);
    expect(await first).toEqual({ value: 1, done: false });
    expect(await latest.stream.next()).toEqual({ value: 4, done: false });
    const next = latest.stream.next();
    latest.put(5);
    expect(await next).toEqual({ value: 5, done: false });
    expect(log).toEqual(['begin']);
  });

  it('ends a read that waits, at once, and is over once', async () => {
    const { latest, log } = started();
    const waiting = [latest.stream.next(), latest.stream.next()];
    await latest.stream.return?.();
    latest.end();
    latest.put(1);
    for (const each of [...waiting, latest.stream.next()])
      expect(await each).toEqual({ value: undefined, done: true });
    expect(log).toEqual(['begin', 'over']);
  });

  it('gives what was put before its end', async () => {
    const { latest } = started();
    void latest.stream.next();
    latest.put(1);
    latest.put(2);
    latest.end();
    expect(await latest.stream.next()).toEqual({ value: 2, done: false });
    expect(await latest.stream.next()).toEqual({ value: undefined, done: true });
  });
});

import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { watchInstallation } from './watch-installation.mjs';

let said: string[];
let far: string;
const watch = () =>
  watchInstallation({
    say: (line) => said.push(line),
    what: 'installing packages',
    from: () => 'the registry',
    advice: 'check the network',
    progress: () => far,
  });

beforeEach(() => {
  vi.useFakeTimers();
  said = [];
  far = '0 of 9';
});
afterEach(() => void vi.useRealTimers());

it('tells within ten seconds that nobody answers, and again every half minute', () => {
  const watched = watch();
  vi.advanceTimersByTime(9_900);
  const silence = (seconds: number) =>
    `the registry has not answered for ${seconds} s: check the network. It is still asked; Ctrl-C gives up`;
  expect(said).toEqual([silence(7)]);
  vi.advanceTimersByTime(30_000);
  expect(said).toEqual([silence(7), silence(37)]);
  watched.end();
  vi.advanceTimersByTime(100_000);
  expect(said).toHaveLength(2);
});

it('tells each reason once, as soon as it is known', () => {
  const watched = watch();
  watched.failed('ECONNREFUSED');
  watched.failed('ECONNREFUSED');
  vi.advanceTimersByTime(20_000);
  expect(said).toEqual([
    'the registry does not answer (ECONNREFUSED): check the network. It is asked again; Ctrl-C gives up',
  ]);
  watched.end();
});

it('tells how far it is every few seconds, and when nothing comes any more', () => {
  const watched = watch();
  watched.answered();
  vi.advanceTimersByTime(5_000);
  far = '3 of 9';
  vi.advanceTimersByTime(5_000);
  expect(said).toEqual([
    'installing packages: 0 of 9, 5 s so far',
    'installing packages: 3 of 9, 10 s so far',
  ]);
  vi.advanceTimersByTime(20_000);
  expect(said.at(-2)).toMatch(/^the registry has given nothing for 20 s; .* Otherwise check the network$/);
  watched.end();
});

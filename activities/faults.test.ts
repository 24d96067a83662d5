import { expect, it } from 'vitest';
import { SourceError } from '../sources/source-error.ts';
import { createFaults } from './faults.ts';

const failure = new SourceError('unavailable', 'the body ended early');
const nonsense = new SourceError('broken', 'other bytes than those asked for');

it('does not take a host that is down for a file that is broken', () => {
  const faults = createFaults();
  faults.answered();
  for (let count = 0; count < 1_000; count += 1) expect(faults.isLasting('chunk', failure)).toBe(false);
});

it('believes a failure that goes on while the source answers otherwise', () => {
  const faults = createFaults();
  const believed = Array.from({ length: 5 }, () => {
    faults.answered('another chunk');
    return faults.isLasting('chunk', failure);
  });
  expect(believed).toEqual([false, false, false, false, true]);
});

it('believes nonsense the third time, and forgets it after a right answer', () => {
  const faults = createFaults();
  expect(faults.isLasting('chunk', nonsense)).toBe(false);
  expect(faults.isLasting('chunk', nonsense)).toBe(false);
  expect(faults.isLasting('chunk', nonsense)).toBe(true);
  faults.answered('chunk');
  expect(faults.isLasting('chunk', nonsense)).toBe(false);
});

it('leaves throttling, other versions and our own mistakes to others', () => {
  const faults = createFaults();
  for (const error of [
    new SourceError('throttled', '429'),
    new SourceError('changed', '412'),
    new Error('ours'),
  ])
    for (let count = 0; count < 20; count += 1) expect(faults.isLasting('chunk', error)).toBe(false);
});

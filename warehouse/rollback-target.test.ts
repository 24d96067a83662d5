import { expect, it } from 'vitest';
import { rollbackTarget } from './rollback-target.ts';

/** `ABCB`: A, B and C were published, then B again. Says live and previous, with their sequences. */
function target(log: string): string {
  const publications = log.split('').map((loadId, index) => ({ loadId, sequence: index + 1 }));
  const { live, previous } = rollbackTarget(publications);
  const shown = (load: typeof live) => (load === undefined ? '-' : `${load.loadId}${load.sequence}`);
  return `${shown(live)} ${shown(previous)}`;
}

it.each([
  ['', '- -'],
  ['A', 'A1 -'],
  ['AB', 'B2 A1'],
  ['ABC', 'C3 B2'],
  ['ABCB', 'B4 A1'],
  ['ABCBA', 'A5 -'],
  ['ABCBD', 'D5 B4'],
  ['ABCBDB', 'B6 A1'],
  ['ABCBDA', 'A6 -'],
])('after %j: %s', (log, expected) => {
  expect(target(log)).toBe(expected);
});

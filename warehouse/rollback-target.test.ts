import { expect, it } from 'vitest';
import { rollbackTarget } from './rollback-target.ts';

/** `ABCB`: A, B and C were published, then B again; `-`: the file was taken out; a small letter is a load that was swept. Says live and previous, with their sequences. */
function target(log: string): string {
  const changes = log.split('').map((letter, index) => ({
    sequence: index + 1,
    load: letter === '-' ? null : { loadId: letter.toUpperCase() },
    isSwept: letter !== letter.toUpperCase(),
  }));
  const { live, previous } = rollbackTarget(changes);
  const shown = (change: typeof live) =>
    change === undefined ? '-' : `${change.load?.loadId}${change.sequence}`;
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
  ['aB', 'B2 -'],
  ['AbC', 'C3 A1'],
  // Taken out: back to what it lost, swept or not.
  ['A-', '- A1'],
  ['AB-', '- B2'],
  ['Ab-', '- B2'],
  ['AB-B', 'B4 A1'],
  ['AB-BA-', '- A5'],
  // Loaded again after it was taken out.
  ['A-B', 'B3 A1'],
  ['a-B', 'B3 -'],
  ['A-B-', '- B3'],
])('after %j: %s', (log, expected) => {
  expect(target(log)).toBe(expected);
});

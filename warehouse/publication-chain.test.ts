import { expect, it } from 'vitest';
import { seededRandom } from '../test/support/random.ts';
import { followChain, type LoggedChange } from './publication-chain.ts';

/** `7<6`: 7 names 6 before it; `7`: from before there were links; `7<6:2`: one of its two rows; `x`: given up. */
function row(text: string): LoggedChange {
  const [, sequence, previous, changes, givenUp] = /^(\d+)(?:<(\d+))?(?::(\d+))?(x?)$/.exec(text) ?? [];
  return {
    sequence: Number(sequence),
    previous: previous === undefined ? null : Number(previous),
    changes: Number(changes ?? 1),
    source: 'yellow',
    filename: 'a',
    counts: givenUp === '',
  };
}
const other = (change: LoggedChange): LoggedChange => ({ ...change, filename: 'b' });
const taken = (rows: readonly LoggedChange[], after = 0): string =>
  followChain(rows, after)
    .publications.map(({ sequence }) => sequence)
    .join(' ');

it.each([
  ['', 0, ''],
  // Without links, by the order of sequences, as yesterday.
  ['1 2 5', 0, '1 2 5'],
  ['1 2 5', 2, '5'],
  ['1 2x 5', 0, '1 5'],
  // Links follow where those end.
  ['1 2 3<2 4<3', 0, '1 2 3 4'],
  ['1 2x 3<1', 0, '1 3'],
  ['1 2 3<1', 0, '1 3'],
  ['1<0 2<1 3<2', 1, '2 3'],
  ['1<0 3<1', 0, '1 3'],
  // One that is not there is waited for.
  ['7<6', 5, ''],
  ['7<6 6<5', 5, '6 7'],
  ['2<1', 0, ''],
  // Given up, or never whole.
  ['6<5x 7<5', 5, '7'],
  ['6<5 7<5', 5, '7'],
  ['6<5:2 7<5', 5, '7'],
  ['6<5:2', 5, ''],
  ['6<5:2 7<6', 5, ''],
  // Nonsense names no one before.
  ['6<6', 6, ''],
  ['6<6', 5, ''],
  ['6<9', 5, ''],
])('of %j after %i: %j', (log, after, expected) => {
  const rows = log.split(' ').filter(Boolean).map(row);
  expect(taken(rows, after)).toBe(expected);
  expect(taken(rows.toReversed(), after)).toBe(expected);
  expect(taken([...rows, ...rows], after)).toBe(expected);
});

it('takes the rows of a publication together', () => {
  const half = row('6<5:2');
  expect(taken([half, half], 5)).toBe('');
  expect(followChain([half, other(half), half], 5).publications[0]?.rows).toEqual([half, other(half)]);
});

it('says what waits, and when what was taken was given up', () => {
  const told = (log: string, after: number) => {
    const { forked, waiting } = followChain(log.split(' ').map(row), after);
    return { forked, waiting };
  };
  expect(told('7<6 8<7', 5)).toEqual({ forked: false, waiting: [7, 8] });
  expect(told('6<5 7<6', 5)).toEqual({ forked: false, waiting: [] });
  expect(told('7<5', 6)).toEqual({ forked: true, waiting: [7] });
});

it('whatever a reader sees first, it takes each publication once, in order and whole', () => {
  const random = seededRandom(23);
  for (let round = 0; round < 200; round += 1) {
    const rows: LoggedChange[] = [];
    const chain: number[] = [];
    const unlinked = Math.floor(random() * 4);
    let last = 0;
    for (let sequence = 1; sequence <= 12; sequence += 1) {
      const changes = 1 + Math.floor(random() * 3);
      const isGivenUp = sequence > unlinked && random() < 0.2;
      for (let at = 0; at < (sequence > unlinked ? changes : 1); at += 1)
        rows.push({
          sequence,
          previous: sequence > unlinked ? last : null,
          changes: sequence > unlinked ? changes : 1,
          source: 'yellow',
          filename: String(at),
          counts: !isGivenUp,
        });
      if (isGivenUp) continue;
      chain.push(sequence);
      last = sequence;
    }
    // Rows from before there were links come in order, as only one publisher wrote them and nobody lagged.
    const visible = new Set(rows.filter(({ previous }) => previous === null));
    const hidden = rows.filter((each) => !visible.has(each));
    const read: number[] = [];
    let after = 0;
    while (hidden.length > 0 || read.length < chain.length) {
      for (const { sequence, rows: found } of followChain([...visible], after).publications) {
        expect(found.length).toBe(found[0]?.changes);
        read.push(sequence);
        after = sequence;
      }
      const [next] = hidden.splice(Math.floor(random() * hidden.length), 1);
      if (next !== undefined) visible.add(next);
    }
    expect(read).toEqual(chain);
  }
});

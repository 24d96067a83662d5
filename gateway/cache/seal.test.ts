import { expect, it } from 'vitest';
import { createSeal } from './seal.ts';

const seal = createSeal('the-operators-own-token');
const same = createSeal('the-operators-own-token');
const other = createSeal('another-operators-token');
const value = Buffer.from('an answer');

it('is known to all who have the secret, at its own place', () => {
  const sealed = seal.close('here', value);
  expect(same.open('here', sealed)).toEqual(value);
  expect(same.open('there', sealed)).toBeUndefined();
  expect(other.open('here', sealed)).toBeUndefined();
  expect([seal.nameOf('a'), seal.nameOf('a') === seal.nameOf('b')]).toEqual([same.nameOf('a'), false]);
  expect(other.nameOf('a')).not.toBe(seal.nameOf('a'));
});

it('breaks with any byte', () => {
  const sealed = seal.close('here', value);
  for (let at = 0; at < sealed.length; at += 1) {
    const changed = Buffer.from(sealed);
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(seal.open('here', changed)).toBeUndefined();
  }
  expect(seal.open('here', sealed.subarray(0, -1))).toBeUndefined();
  expect(seal.open('here', Buffer.concat([sealed, value]))).toBeUndefined();
  for (const length of [0, 1, 31]) expect(seal.open('here', sealed.subarray(0, length))).toBeUndefined();
});

it('says what was made just now, and not what was kept', () => {
  let now = 1_000_000;
  const here = createSeal('the-operators-own-token', () => now);
  const stamp = here.stamp('lock');
  expect(here.stamp('lock')).not.toEqual(stamp);
  for (const [at, isFresh] of [
    [1_000_000, true],
    // Another gateway's clock is behind, or in front.
    [993_000, true],
    [1_009_000, true],
    [1_011_000, false],
    [980_000, false],
  ] as const) {
    now = at;
    expect([at, here.isFresh('lock', stamp, 2_000)]).toEqual([at, isFresh]);
  }
  now = 1_000_000;
  expect(here.isFresh('another lock', stamp, 2_000)).toBe(false);
  expect(here.isFresh('lock', Buffer.from('1000000 planted'), 2_000)).toBe(false);
});

import { describe, expect, it } from 'vitest';
import { interpolatedRank, LevelError, parseLevel } from './level.ts';

describe('parseLevel', () => {
  it.each([
    [0.9, 9n, 10n],
    [0.07, 7n, 100n],
    [0.123456789, 123456789n, 1000000000n],
    [1e-7, 1n, 10000000n],
    [2.5e-8, 25n, 1000000000n],
  ])('reads %d as the decimal that was written', (p, numerator, denominator) => {
    expect(parseLevel(p)).toEqual({ p, numerator, denominator });
  });

  it.each([0, 1, -0.5, 1.5, Number.NaN, Infinity])('refuses %d', (p) => {
    expect(() => parseLevel(p)).toThrow(LevelError);
  });

  it('keeps the smallest doubles within 256 bits without moving any rank', () => {
    const level = parseLevel(Number.MIN_VALUE);
    expect(level.p).toBe(Number.MIN_VALUE);
    expect((10n ** 15n * level.numerator + level.denominator - 1n) / level.denominator).toBe(1n);
  });
});

describe('interpolatedRank', () => {
  it('is 1 + (n − 1)·p', () => {
    expect(interpolatedRank(parseLevel(0.9), 11n)).toEqual({ lower: 10n, upper: 10n, fraction: 0 });
    expect(interpolatedRank(parseLevel(0.9), 2n)).toEqual({ lower: 1n, upper: 2n, fraction: 0.9 });
    expect(interpolatedRank(parseLevel(0.5), 1n)).toEqual({ lower: 1n, upper: 1n, fraction: 0 });
  });
});

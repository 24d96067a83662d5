/** The level of a percentile as the decimal that was written, so that ranks are computed in integers. */

export interface Level {
  /** As it was given. */
  p: number;
  numerator: bigint;
  denominator: bigint;
}

export class LevelError extends Error {
  override name = 'LevelError';
}

const SMALLEST = 1e-30;

/**
 * A double prints as the shortest decimal that reads back as the same double: 0.07 is 7/100, where 0.07 × 100 is
 * 7.000000000000001 in floating point.
 * @throws LevelError unless p lies strictly between 0 and 1
 */
export function parseLevel(p: number): Level {
  if (!(p > 0 && p < 1)) {
    throw new LevelError(
      `p is ${p}: it must lie strictly between 0 and 1, as in 0.9 for the 90th percentile`,
    );
  }
  // The ranks of fewer than 2^53 trips are the same for every p below this, and the engine computes in 256 bits.
  if (p < SMALLEST) return { ...parseLevel(SMALLEST), p };
  const [digits = '', exponent = '0'] = String(p).split('e');
  const [whole = '0', decimals = ''] = digits.split('.');
  return {
    p,
    numerator: BigInt(whole + decimals),
    denominator: 10n ** (BigInt(decimals.length) - BigInt(exponent)),
  };
}

/** Ranks count from 1. `upper` and `fraction` (of the way from lower to upper, in [0, 1)) are for interpolation. */
export interface Ranks {
  lower: bigint;
  upper: bigint;
  fraction: number;
}

/** SQL's percentile_disc: ⌈p·n⌉, from 1. For n ≥ 1. Hyndman & Fan 1996, definition 1. */
export function nearestRank({ numerator, denominator }: Level, n: bigint): bigint {
  return (n * numerator + denominator - 1n) / denominator;
}

/** SQL's percentile_cont, numpy's default: position 1 + (n − 1)·p. Hyndman & Fan 1996, definition 7. For n ≥ 1. */
export function interpolatedRank({ numerator, denominator }: Level, n: bigint): Ranks {
  const scaled = (n - 1n) * numerator;
  const lower = scaled / denominator + 1n;
  const remainder = scaled % denominator;
  return {
    lower,
    upper: remainder === 0n ? lower : lower + 1n,
    fraction: Number(remainder) / Number(denominator),
  };
}

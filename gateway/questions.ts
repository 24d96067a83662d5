/** From what clients write to a percentile question; every mistake becomes BAD_USER_INPUT. */
import { badUserInput } from './errors.ts';
import { LevelError, parseLevel } from './percentile/level.ts';
import { closeRange, PickupRangeError, type PickupRange } from './percentile/pickup-range.ts';
import type { PercentileQuestion } from './percentile/percentile.ts';

/** @throws GraphQLError BAD_USER_INPUT */
export function askPercentile({
  p,
  pickup,
  interpolate,
}: {
  p: number;
  pickup: PickupRange;
  interpolate: boolean;
}): PercentileQuestion {
  try {
    return { level: parseLevel(p), span: closeRange(pickup), interpolate };
  } catch (error) {
    if (error instanceof LevelError || error instanceof PickupRangeError) throw badUserInput(error.message);
    throw error;
  }
}

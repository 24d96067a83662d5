/** From what clients write to a question; every mistake becomes BAD_USER_INPUT. */
import { badUserInput } from './errors.ts';
import { LevelError, parseLevel, type Level } from './ladder/level.ts';
import { closeRange, PickupRangeError, type PickupRange, type Span } from './percentile/pickup-range.ts';

/** @throws GraphQLError BAD_USER_INPUT */
export const askLevel = (p: number): Level => orBadInput(() => parseLevel(p));

/** @throws GraphQLError BAD_USER_INPUT */
export const askSpan = (pickup: PickupRange): Span => orBadInput(() => closeRange(pickup));

function orBadInput<Value>(parse: () => Value): Value {
  try {
    return parse();
  } catch (error) {
    if (error instanceof LevelError || error instanceof PickupRangeError) throw badUserInput(error.message);
    throw error;
  }
}

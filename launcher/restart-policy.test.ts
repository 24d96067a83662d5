import { describe, expect, test } from 'vitest';
import { afterEnd, FIRST_START, STARTS_IN_A_ROW, type RestartState } from './restart-policy.ts';

/** The pauses of a part that ends again and again, each time after it was ready for that long. */
function pauses(readyForMs: readonly (number | undefined)[]): (number | undefined)[] {
  let state: RestartState = FIRST_START;
  return readyForMs.map((ready) => {
    const next = afterEnd(state, { readyForMs: ready });
    state = next.state;
    return next.pauseMs;
  });
}

describe('restart policy', () => {
  test('gives up after five starts in a row that never became ready', () => {
    expect(pauses(Array.from({ length: STARTS_IN_A_ROW }, () => undefined))).toEqual([
      100,
      200,
      400,
      800,
      undefined,
    ]);
  });
  test('one start that became ready begins the count anew', () => {
    expect(
      pauses([undefined, undefined, undefined, undefined, 10, undefined]).every((ms) => ms !== undefined),
    ).toBe(true);
  });
  test('never gives up a part that becomes ready each time, and slows down to 5 s', () => {
    const all = pauses(Array.from({ length: 20 }, () => 1_000));
    expect(all).not.toContain(undefined);
    expect(all.at(-1)).toBe(5_000);
  });
  test('starts a part that was well for long at once', () => {
    expect(pauses([1_000, 1_000, 1_000, 60_000])).toEqual([100, 200, 400, 100]);
  });
});

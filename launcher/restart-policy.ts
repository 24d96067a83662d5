/** A part is given up after this many starts in a row that never became ready. */
export const STARTS_IN_A_ROW = 5;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
/** A part that was ready for this long was well: the next pause is the first again. */
const WELL_MS = 30_000;

/** How often a part has failed lately, and how. */
export interface RestartState {
  neverReadyInARow: number;
  endsInARow: number;
}

export const FIRST_START: RestartState = { neverReadyInARow: 0, endsInARow: 0 };

/**
 * What to do about a part that ended without being asked to.
 * @param readyForMs how long it was ready; undefined when it never was
 * @returns the new state, and the pause before the next start in milliseconds: undefined means to give up
 */
export function afterEnd(
  state: RestartState,
  { readyForMs }: { readyForMs: number | undefined },
): { state: RestartState; pauseMs: number | undefined } {
  const neverReadyInARow = readyForMs === undefined ? state.neverReadyInARow + 1 : 0;
  const endsInARow = readyForMs !== undefined && readyForMs >= WELL_MS ? 1 : state.endsInARow + 1;
  const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (endsInARow - 1));
  return {
    state: { neverReadyInARow, endsInARow },
    pauseMs: neverReadyInARow >= STARTS_IN_A_ROW ? undefined : pauseMs,
  };
}

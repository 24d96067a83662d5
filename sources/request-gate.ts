/** What lets requests to a source through, one by one: all workers together must not upset its server. */
export interface RequestGate {
  /**
   * Waits until one more request may be under way.
   * @throws SourceError `throttled` with `retryAfterMs` when the server needs a longer rest, or the signal's reason
   */
  enter(signal: AbortSignal): Promise<Pass>;
}

/** One request under way; to be left exactly once, when its answer has been read or has failed. */
export interface Pass {
  leave(outcome: RequestOutcome): void;
}

/**
 * How a request ended, as far as the server's patience is concerned:
 * - `good`: it answered, whatever it said (404 and 412 too)
 * - `throttled`: it said slow down (403, 429, 503)
 * - `undecided`: 403 on a file never seen, alone: it may not be published yet
 * - `failed`: reset, timeout, cut off, 5xx
 */
export interface RequestOutcome {
  kind: 'good' | 'throttled' | 'undecided' | 'failed';
  /** Milliseconds from now, from `Retry-After`. */
  retryAfterMs?: number | undefined;
}

/** For sources that nobody can upset, and for tests of other things. */
export const OPEN_GATE: RequestGate = { enter: () => Promise.resolve({ leave: () => undefined }) };

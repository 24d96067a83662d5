/** When the demo source answers 403: like TLC's CDN it does not say how much is too much. */
export interface ThrottleOptions {
  requestsPerSecond: number;
  /** So many requests may come at once after a quiet time. */
  burst: number;
  maxConcurrent: number;
  /** Milliseconds of a clock that never goes back. */
  elapsed?: () => number;
}

export interface Throttle {
  /** May this request be answered? If so, `leave` must follow. */
  enter(): boolean;
  leave(): void;
}

/** A token bucket and a limit on concurrency. A refused request costs its token too. */
export function createThrottle(options: ThrottleOptions): Throttle {
  const { requestsPerSecond, burst, maxConcurrent, elapsed = () => performance.now() } = options;
  let tokens = burst;
  let atMs = elapsed();
  let inFlight = 0;
  return {
    enter() {
      const nowMs = elapsed();
      tokens = Math.min(burst, tokens + ((nowMs - atMs) / 1000) * requestsPerSecond);
      atMs = nowMs;
      const granted = tokens >= 1 && inFlight < maxConcurrent;
      tokens = Math.max(tokens - 1, 0);
      if (granted) inFlight++;
      return granted;
    },
    leave() {
      inFlight--;
    },
  };
}

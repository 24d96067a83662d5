/** Asks again and again: often while somebody needs to know, and seldom while nobody does. */

/** So long after the last question it goes on as before. */
const CALM_AFTER_MS = 10_000;
const REST_EVERY_MS = 10_000;

export interface PacedPoll {
  /** Somebody asks right now. Cheap: it is called with every question. */
  asked(): void;
  /** From the last poll to the next, in milliseconds; it may come sooner. */
  pauseMs(): number;
  stop(): void;
}

/**
 * Polls at once, and again `everyMs` after each poll has ended, or `restEveryMs` while all is calm.
 * @param poll must not throw
 * @param isBusy is there another reason to poll often?
 */
export function startPacedPoll({
  poll,
  everyMs,
  restEveryMs = Math.max(REST_EVERY_MS, everyMs),
  isBusy,
}: {
  poll: () => Promise<void>;
  everyMs: number;
  restEveryMs?: number;
  isBusy: () => boolean;
}): PacedPoll {
  let askedMs = performance.now();
  let timer: NodeJS.Timeout | undefined;
  let pauseMs = everyMs;
  let polling = false;
  let stopped = false;

  const isCalm = (): boolean => performance.now() - askedMs > CALM_AFTER_MS && !isBusy();
  async function run(): Promise<void> {
    polling = true;
    await poll();
    polling = false;
    if (stopped) return;
    pauseMs = isCalm() ? restEveryMs : everyMs;
    timer = setTimeout(() => void run(), pauseMs);
  }
  void run();
  return {
    asked() {
      const isFirst = performance.now() - askedMs > CALM_AFTER_MS;
      askedMs = performance.now();
      if (!isFirst || polling || stopped || pauseMs === everyMs) return;
      clearTimeout(timer);
      timer = setTimeout(() => void run(), everyMs);
    },
    pauseMs: () => pauseMs,
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

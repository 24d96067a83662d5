/** Who loads beside whom: a load that is under suspicion runs alone, so that what happens is its own doing. */

/** A load that hangs must not keep the others from going on: nobody waits longer for it. Milliseconds. */
const LONGEST_WAIT_MS = 30_000;

export interface LoadTurns {
  /**
   * Runs a load when it may begin: beside others, or with `alone` when the others under way have ended; new ones wait meanwhile.
   * @param load is told whether it has the worker for itself: false, too, where the wait for that took too long
   * @throws the signal's reason when it aborts first
   */
  run<Result>(
    turn: { alone: boolean; signal: AbortSignal },
    load: (isAlone: boolean) => Promise<Result>,
  ): Promise<Result>;
}

/** Of one worker: loads of another are not known here. */
export function createLoadTurns({ longestWaitMs = LONGEST_WAIT_MS } = {}): LoadTurns {
  /** Loads under way that others may run beside, and those that want to run alone, in order. */
  const shared = new Set<Promise<unknown>>();
  let lastAlone: Promise<unknown> = Promise.resolve();
  return {
    async run({ alone, signal }, load) {
      const before = alone ? Promise.all([lastAlone, ...shared]) : lastAlone;
      let end = (): void => undefined;
      const ended = new Promise<void>((resolve) => (end = resolve));
      if (alone) lastAlone = Promise.all([lastAlone, ended]);
      else shared.add(ended);
      try {
        const inTime = await within(before, { milliseconds: longestWaitMs, signal });
        return await load(alone && inTime);
      } finally {
        end();
        shared.delete(ended);
      }
    },
  };
}

/** @returns whether it was done in time */
async function within(
  done: Promise<unknown>,
  { milliseconds, signal }: { milliseconds: number; signal: AbortSignal },
): Promise<boolean> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(false), milliseconds);
    const abort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    void done
      .then(() => resolve(true))
      .finally(() => {
        clearTimeout(timer);
        signal.removeEventListener('abort', abort);
      });
  });
}

/** One call after any number of reasons for it, so often at most, and again until it has succeeded. */

export interface ThrottledCall {
  /** There is a reason. */
  ask(): void;
  close(): void;
}

/** A change seldom comes alone: a copy is a name, then bytes. */
const SOON_MS = 20;

/**
 * @param call is not called again while it runs; when it fails it is, after the pause
 * @param everyMs from the beginning of one call to that of the next, at least
 */
export function createThrottledCall({
  call,
  everyMs,
}: {
  call: () => Promise<void>;
  everyMs: number;
}): ThrottledCall {
  let due = false;
  let running = false;
  let timer: NodeJS.Timeout | undefined;
  let lastMs = -Infinity;
  let closed = false;

  function schedule(): void {
    if (!due || running || timer !== undefined || closed) return;
    timer = setTimeout(() => void run(), Math.max(SOON_MS, lastMs + everyMs - performance.now()));
    timer.unref();
  }
  async function run(): Promise<void> {
    timer = undefined;
    due = false;
    running = true;
    lastMs = performance.now();
    try {
      await call();
    } catch {
      due = true;
    }
    running = false;
    schedule();
  }
  return {
    ask() {
      due = true;
      schedule();
    },
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}

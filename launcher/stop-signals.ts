/** Ctrl-C reaches us twice: from the terminal, and passed on by npm. */
const SAME_PRESS_MS = 500;
const PARENT_CHECK_MS = 500;

/**
 * Calls `stop` at the first SIGINT, SIGTERM or SIGHUP, or when the npm that started us is gone, and `hasten` at each further signal.
 */
export function onStopSignals({ stop, hasten }: { stop: (why: string) => void; hasten: () => void }): void {
  let firstAt: number | undefined;
  const onSignal = (why: string) => {
    if (firstAt === undefined) {
      firstAt = performance.now();
      stop(why);
    } else if (performance.now() - firstAt > SAME_PRESS_MS) hasten();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  if (process.env['npm_lifecycle_event'] === undefined) return;
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent && firstAt === undefined) onSignal('npm is gone');
  }, PARENT_CHECK_MS).unref();
}

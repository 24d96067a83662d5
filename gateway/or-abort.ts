import type { Soon } from './ladder/soon.ts';
import type { Patience } from './scans/scans.ts';

/** Stops waiting when the signal aborts; what others wait for too goes on. */
export async function orAbort<Value>(value: Soon<Value>, patience: () => Patience): Promise<Value> {
  if (!(value instanceof Promise)) return value;
  const { signal } = patience();
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason as Error);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
  });
  try {
    return await Promise.race([value, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

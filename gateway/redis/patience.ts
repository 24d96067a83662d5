/** Waiting for something of little importance, and not for long. */

/** What did not come in time. */
export class TooLateError extends Error {
  override name = 'TooLateError';
}

const SLICES = 4;

/**
 * The work's outcome, if it comes within so many milliseconds. A process that is late itself finds its timers due before it has read what arrived
 * meanwhile: so the time is taken in slices, between which it reads, and its own pause counts as one of them.
 * @throws TooLateError
 */
export function within<Value>(ms: number, work: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    let slices = 0;
    const timer = setInterval(() => {
      slices += 1;
      if (slices < SLICES) return;
      clearInterval(timer);
      reject(new TooLateError(`no answer within ${ms} ms`));
    }, ms / SLICES);
    work.then(resolve, reject).finally(() => clearInterval(timer));
  });
}

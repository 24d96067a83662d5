import { setMaxListeners } from 'node:events';
import type { Caller } from './access/caller.ts';
import type { Asking } from './answers.ts';
import { Reads } from './cache/reads.ts';
import type { Patience } from './scans/scans.ts';

/**
 * What one request keeps to. Its signal is made when something waits for it: most answers are there before it could matter, and a timer for each would
 * be thousands.
 */
export function askingFor(
  clientGone: () => AbortSignal,
  {
    requestTimeoutMs,
    caller,
    began = performance.now(),
  }: {
    requestTimeoutMs: number;
    caller: Caller;
    /** When its time began, by `performance.now()`. */
    began?: number;
  },
): Asking {
  let patience: Patience | undefined;
  return {
    pin: {},
    reads: new Reads(),
    cost: { client: caller.name, rows: 0 },
    patience() {
      const deadlineMs = Math.max(1, Math.ceil(requestTimeoutMs - (performance.now() - began)));
      if (patience === undefined) {
        const signal = AbortSignal.any([clientGone(), AbortSignal.timeout(deadlineMs)]);
        // Each question of the request listens to it.
        setMaxListeners(0, signal);
        patience = { signal, deadlineMs };
      }
      return patience;
    },
  };
}

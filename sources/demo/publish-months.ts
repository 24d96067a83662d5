/** Publishes the planned months one after another, at a pace. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { generateMonth } from './generate-month.ts';
import type { PlannedMonth } from './publication-plan.ts';
import type { Shelf } from './shelf.ts';

const RETRY_MS = 1_000;

/**
 * The first `atOnce` months right away, the rest `everyMs` apart; months that are on the shelf already are passed over. An
 * engine that is away is asked again until it is back. Resolves when all are published or `signal` fires.
 */
export async function publishMonths(options: {
  plan: readonly PlannedMonth[];
  shelf: Shelf;
  engineUrl: string;
  seed: number;
  atOnce: number;
  everyMs: number;
  log: Logger;
  signal: AbortSignal;
}): Promise<void> {
  const { plan, shelf, engineUrl, seed, atOnce, everyMs, log, signal } = options;
  for (const [position, { month, filename, rows }] of plan.entries()) {
    if (shelf.find(filename) !== undefined) continue;
    if (position >= atOnce) await pause(everyMs, undefined, { signal }).catch(() => undefined);
    for (let published = false; !published && !signal.aborted;) {
      try {
        const path = shelf.path(filename);
        await generateMonth({ engineUrl, month, rows, seed, path, signal });
        const { sizeBytes } = await shelf.publish(filename);
        log.info({ filename, rows, sizeBytes }, 'a generated month is published');
        published = true;
      } catch (error) {
        if (signal.aborted) return;
        log.warn({ filename, error: String(error) }, 'the engine cannot make a month yet');
        await pause(RETRY_MS, undefined, { signal }).catch(() => undefined);
      }
    }
    if (signal.aborted) return;
  }
}

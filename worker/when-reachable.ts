import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../config/logging.ts';
import { ClickHouseError } from '../warehouse/warehouse.ts';

const RETRY_MS = 500;

/** Waits for a server for as long as it takes: one that starts again is no reason for the worker to end. */
export async function whenReachable<Answer>({
  server,
  logger,
  ask,
}: {
  /** As people call it. */
  server: string;
  logger: Logger;
  ask: () => Promise<Answer>;
}): Promise<Answer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask();
    } catch (error) {
      // A statement that the server refuses stays refused; a server that is not there may come.
      if (error instanceof ClickHouseError) throw error;
      if (attempt % 20 === 1) logger.warn({ error: String(error) }, `waiting for ${server}`);
      await sleep(RETRY_MS);
    }
  }
}

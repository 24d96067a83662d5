import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../config/logging.ts';
import { migrate } from '../warehouse/migrate.ts';
import { ClickHouseError, type Warehouse } from '../warehouse/warehouse.ts';

const RETRY_MS = 500;

/** Waits for the warehouse for as long as it takes, and brings its tables up to date. */
export async function migrateWhenReachable({
  warehouse,
  logger,
}: {
  warehouse: Warehouse;
  logger: Logger;
}): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const applied = await migrate(warehouse);
      if (applied.length > 0) logger.info({ applied }, 'warehouse migrated');
      return;
    } catch (error) {
      // A statement that the server refuses stays refused; a server that is not there may come.
      if (error instanceof ClickHouseError) throw error;
      if (attempt % 20 === 1) logger.warn({ error: String(error) }, 'waiting for the warehouse');
      await sleep(RETRY_MS);
    }
  }
}

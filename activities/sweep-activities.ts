import type { Client } from '@temporalio/client';
import { findSweepableLoads, sweepLoad, type SweepableLoad } from '../warehouse/sweep.ts';
import type { Warehouse } from '../warehouse/warehouse.ts';
import { withHeartbeat } from './heartbeat.ts';
import { isRunning } from './is-running.ts';

/** Of one sweep: their ids are kept in its history, and by the publisher. The next sweep takes the others. */
const MOST_LOADS = 2_000;

export function createSweepActivities({
  warehouse,
  client,
  keepLoadsMs,
  release,
}: {
  warehouse: Warehouse;
  client: Client;
  keepLoadsMs: number;
  /** Asks the publisher never to publish these again; answers those that it does not hold. */
  release: (loadIds: string[]) => Promise<string[]>;
}) {
  return {
    /**
     * Removes every load that no reader needs and no running workflow can publish.
     * @returns the ids of the loads that were removed
     */
    async sweepLoads(): Promise<string[]> {
      return withHeartbeat(async (signal) => {
        const candidates = await findSweepableLoads(warehouse, { keepMs: keepLoadsMs });
        const removable: SweepableLoad[] = [];
        for (const load of candidates) {
          if (removable.length === MOST_LOADS) break;
          // A superseded load was published already; an unpublished one may belong to an ingestion that still runs.
          if (load.published || load.workflowId === '' || !(await isRunning(client, load.workflowId)))
            removable.push(load);
        }
        // Asked after the workflows: a load that one handed over before it ended is not released. From here on no
        // rollback makes one of them live.
        const released = new Set(
          removable.length === 0 ? [] : await release(removable.map(({ loadId }) => loadId)),
        );
        // And read again after both: one that was published between the first look and these answers is live now.
        const still = new Set(
          (await findSweepableLoads(warehouse, { keepMs: keepLoadsMs })).map(({ loadId }) => loadId),
        );
        const swept: string[] = [];
        for (const load of removable) {
          if (!released.has(load.loadId) || !still.has(load.loadId)) continue;
          await sweepLoad(warehouse, load, { signal });
          swept.push(load.loadId);
        }
        return swept;
      });
    },
  };
}

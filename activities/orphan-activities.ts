/** What is held and belongs to nobody. */
import type { Client } from '@temporalio/client';
import type { Lake } from '../lake/lake.ts';
import { fileMonth, readKnownVersions } from '../warehouse/files.ts';
import { findSweepableLoads } from '../warehouse/sweep.ts';
import type { Warehouse } from '../warehouse/warehouse.ts';
import type { Difference } from './file-differences.ts';
import { withHeartbeat } from './heartbeat.ts';
import { isRunning } from './is-running.ts';
import { within, type Months } from './months.ts';
import { withinBytes } from './within-bytes.ts';

/** Loads that are told of; the sweep takes the others too. */
const MOST_LOADS = 500;
/** Lake files that are named: the report must stay small however many there are. */
const MOST_NAMED = 20;

export function createOrphanActivities({
  sourceName,
  lake,
  warehouse,
  client,
  keepLoadsMs,
}: {
  sourceName: string;
  lake: Lake;
  warehouse: Warehouse;
  client: Client;
  keepLoadsMs: number;
}) {
  return {
    /** Loads that were never published and that no workflow will publish; the sweep removes them. */
    async findOrphanLoads({ months }: { months?: Months }): Promise<Difference[]> {
      return withHeartbeat(async () => {
        const differences: Difference[] = [];
        const fits = withinBytes();
        for (const load of await findSweepableLoads(warehouse, { keepMs: keepLoadsMs })) {
          if (load.published || (load.source !== '' && load.source !== sourceName)) continue;
          if (!within(fileMonth(load.filename), months)) continue;
          if (load.workflowId !== '' && (await isRunning(client, load.workflowId))) continue;
          const detail = `load ${load.loadId} was never published: the sweep removes it`;
          const orphan: Difference = { filename: load.filename, kind: 'ORPHAN_LOAD', detail };
          if (differences.length === MOST_LOADS || !fits(orphan)) break;
          differences.push(orphan);
        }
        return differences;
      });
    },

    /** Raw files of no version that we know, as after a warehouse was lost: nothing will ever read them. */
    async findOrphanLakeFiles(): Promise<Difference[]> {
      return withHeartbeat(async () => {
        // In this order: a version is known before its first byte is fetched.
        const held = await lake.keys();
        const known = new Set((await readKnownVersions(warehouse)).map((version) => lake.key(version)));
        const orphans = held.filter((key) => !known.has(key)).toSorted();
        if (orphans.length === 0) return [];
        const named = orphans.slice(0, MOST_NAMED).join(', ') + (orphans.length > MOST_NAMED ? ', …' : '');
        const detail = `raw files in the lake that are of no known version, and that nothing reads: ${orphans.length} (${named})`;
        return [{ filename: '', kind: 'ORPHAN_LAKE_FILES', detail }];
      });
    },
  };
}

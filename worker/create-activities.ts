import type { Client } from '@temporalio/client';
import type { Activities } from '../activities/activities.ts';
import { createControlActivities } from '../activities/control-activities.ts';
import { createFaults } from '../activities/faults.ts';
import { createFetchActivities } from '../activities/fetch-activities.ts';
import { createLoadJudge } from '../activities/judge-load.ts';
import { createListActivities } from '../activities/list-activities.ts';
import { createLoadActivities } from '../activities/load-activities.ts';
import { createOrphanActivities } from '../activities/orphan-activities.ts';
import { createPublishActivities } from '../activities/publish-activities.ts';
import { withHeartbeats } from '../activities/heartbeat.ts';
import { createIngestRecordActivities } from '../activities/record-activities.ts';
import { isRunning } from '../activities/is-running.ts';
import { createReconcileActivities } from '../activities/reconcile-activities.ts';
import { createSweepActivities } from '../activities/sweep-activities.ts';
import { createSweepLakeActivities } from '../activities/sweep-lake-activities.ts';
import type { DiskRoom } from '../config/disk-room.ts';
import type { Environment } from '../config/environment.ts';
import type { Lake } from '../lake/lake.ts';
import type { Source } from '../sources/source.ts';
import { readFiles } from '../warehouse/files.ts';
import { createReadAlone } from '../warehouse/lone-reader.ts';
import type { Warehouse } from '../warehouse/warehouse.ts';
import { ingestId, PUBLISHER_ID, releaseLoads } from '../workflows/messages.ts';
import type { Announcer } from './announcer.ts';

/** Activities that are short as a rule, and do not say themselves that they go on. */
const SHORT = [
  'recordStage',
  'lastSequence',
  'publishAs',
  'condemn',
  'findEnded',
  'findPreviousLoad',
  'findLiveLoad',
  'planReload',
  'acceptFile',
  'holdBack',
  'findQuarantined',
  'checkFooter',
  'assembleFile',
] as const;

/** Every activity with what it needs. `loader` is the warehouse as loads see it: a lane of its own in the engine. */
export function createActivities({
  source,
  lake,
  warehouse,
  loader,
  client,
  announcer,
  room,
  isWatched,
  environment,
}: {
  source: Source;
  lake: Lake;
  warehouse: Warehouse;
  loader: Warehouse;
  client: Client;
  announcer: Announcer;
  room: DiskRoom;
  /** Is somebody told of whatever differs from the source's last listing? */
  isWatched: () => boolean;
  environment: Pick<
    Environment,
    | 'sourceName'
    | 'pollEveryMs'
    | 'maxFileBytes'
    | 'chunkBytes'
    | 'keepLoadsMs'
    | 'engineMemoryMb'
    | 'onSourceDelete'
    | 'maxRejectedShare'
    | 'filePattern'
  >;
}): Activities {
  const { sourceName, pollEveryMs, maxFileBytes, chunkBytes, keepLoadsMs, engineMemoryMb } = environment;
  const { onSourceDelete, maxRejectedShare, filePattern } = environment;
  const faults = createFaults();
  const activities = {
    ...createListActivities({
      ...{ source, warehouse, client, pollEveryMs, onSourceDelete, isWatched },
      now: Date.now,
      faults,
      trouble: () => room.trouble(),
    }),
    ...createFetchActivities({ source, lake, warehouse, maxFileBytes, chunkBytes, filePattern, faults }),
    ...createLoadActivities({
      lake,
      warehouse: loader,
      readAlone: createReadAlone({ memoryMb: engineMemoryMb }),
      judge: createLoadJudge({ lake, warehouse: loader, maxRejectedShare }),
    }),
    ...createIngestRecordActivities({ warehouse }),
    ...createPublishActivities({ warehouse, announce: announcer.announce, now: Date.now }),
    ...createControlActivities({ lake, warehouse, now: Date.now }),
    ...createSweepLakeActivities({
      lake,
      knownFiles: () => readFiles(warehouse, { source: sourceName }),
      isIngesting: (filename) => isRunning(client, ingestId(sourceName, filename)),
      now: Date.now,
    }),
    ...createReconcileActivities({
      source,
      sourceName,
      lake,
      warehouse: loader,
      client,
      ingestId,
      now: Date.now,
    }),
    ...createOrphanActivities({ sourceName, lake, warehouse: loader, client, keepLoadsMs }),
    ...createSweepActivities({
      warehouse: loader,
      client,
      keepLoadsMs,
      release: (loadIds) =>
        client.workflow.getHandle(PUBLISHER_ID).executeUpdate(releaseLoads, { args: [{ loadIds }] }),
    }),
  };
  return { ...activities, ...withHeartbeats(activities, SHORT) };
}

/** How long activities may take and how they are tried again. Durations are upper bounds, not expectations. */
import { proxyActivities, type ActivityOptions } from '@temporalio/workflow';
import type { Chunk } from '../activities/chunks.ts';
import type { Activities } from '../activities/activities.ts';

/** Short questions to the warehouse or to Temporal; retried for ever, a minute apart at most. */
export const warehouseActivities = proxyActivities<
  Pick<
    Activities,
    | 'recordStage'
    | 'lastSequence'
    | 'publishAs'
    | 'condemn'
    | 'findEnded'
    | 'findPreviousLoad'
    | 'findLiveLoad'
    | 'planReload'
    | 'acceptFile'
    | 'holdBack'
    | 'findQuarantined'
  >
>({
  startToCloseTimeout: '2 minutes',
  heartbeatTimeout: '15 seconds',
  retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '1 minute' },
});

/** Questions to the source; polls come again anyway, so a few tries. */
export const listActivities = proxyActivities<Pick<Activities, 'listChanges'>>({
  startToCloseTimeout: '10 minutes',
  heartbeatTimeout: '2 minutes',
  retry: { initialInterval: '1 second', maximumInterval: '30 seconds', maximumAttempts: 3 },
});

/** Requests to the source. A throttled source says itself when to come back (`nextRetryDelay`). */
const REQUEST: ActivityOptions = {
  startToCloseTimeout: '30 minutes',
  heartbeatTimeout: '30 seconds',
  retry: { initialInterval: '500 milliseconds', backoffCoefficient: 2, maximumInterval: '10 seconds' },
};
export const sourceActivities = proxyActivities<Pick<Activities, 'prepareFile'>>(REQUEST);

/** One activity per chunk, whose id and summary show in Temporal's UI which one it is. */
export function chunkActivities({ chunkId, chunkStart, chunkEnd }: Chunk): Pick<Activities, 'fetchChunk'> {
  return proxyActivities<Pick<Activities, 'fetchChunk'>>({
    ...REQUEST,
    activityId: `chunk-${chunkId}`,
    summary: `bytes ${chunkStart} to ${chunkEnd}`,
  });
}

/** Work on files in the lake. */
export const lakeActivities = proxyActivities<Pick<Activities, 'checkFooter' | 'assembleFile'>>({
  startToCloseTimeout: '5 minutes',
  heartbeatTimeout: '15 seconds',
  retry: { initialInterval: '500 milliseconds', maximumInterval: '1 minute' },
});

export const loadActivities = proxyActivities<Pick<Activities, 'loadIntoWarehouse'>>({
  startToCloseTimeout: '45 minutes',
  heartbeatTimeout: '15 seconds',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute' },
});

/** A page of `reconcile`, or one file of it. */
export const auditActivities = proxyActivities<
  Pick<
    Activities,
    'auditFiles' | 'auditFile' | 'planRepair' | 'removeFromLake' | 'findOrphanLoads' | 'findOrphanLakeFiles'
  >
>({
  startToCloseTimeout: '1 hour',
  heartbeatTimeout: '1 minute',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute' },
});

export const sweepActivities = proxyActivities<Pick<Activities, 'sweepLoads' | 'sweepLake'>>({
  startToCloseTimeout: '1 hour',
  heartbeatTimeout: '1 minute',
  retry: { initialInterval: '5 seconds', maximumInterval: '2 minutes', maximumAttempts: 5 },
});

import {
  ScheduleAlreadyRunning,
  ScheduleOverlapPolicy,
  type Client,
  type Connection,
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
} from '@temporalio/client';
import type { Logger } from '../config/logging.ts';
import { PUBLISHER_ID, SWEEP_ID, watcherId } from '../workflows/messages.ts';
import type { publisher } from '../workflows/publisher.ts';
import type { sweep } from '../workflows/sweep.ts';
import type { watchSource } from '../workflows/watch-source.ts';

const SWEEP_EVERY = '10 minutes';

/** Starts the long-lived workflows and the sweep's schedule where they do not run yet; idempotent. */
export async function ensureRunning({
  client,
  connection,
  namespace,
  taskQueue,
  sourceName,
  logger,
}: {
  client: Client;
  connection: Connection;
  namespace: string;
  taskQueue: string;
  sourceName: string;
  logger: Logger;
}): Promise<void> {
  await registerSearchAttributes(connection, namespace, logger);
  const always = {
    taskQueue,
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
    workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
  };
  await client.workflow.start<typeof publisher>('publisher', {
    ...always,
    workflowId: PUBLISHER_ID,
    args: [{}],
  });
  await client.workflow.start<typeof watchSource>('watchSource', {
    ...always,
    workflowId: watcherId(sourceName),
    args: [{ source: sourceName }],
  });
  try {
    await client.schedule.create<typeof sweep>({
      scheduleId: SWEEP_ID,
      spec: { intervals: [{ every: SWEEP_EVERY }] },
      policies: { overlap: ScheduleOverlapPolicy.SKIP },
      action: { type: 'startWorkflow', workflowType: 'sweep', workflowId: SWEEP_ID, taskQueue, args: [] },
    });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
  }
}

/** temporal.api.enums.v1.IndexedValueType; @temporalio/proto is not for ES modules. */
const KEYWORD = 2;
const INT = 3;
const SEARCH_ATTRIBUTES = { Source: KEYWORD, FileMonth: KEYWORD, Stage: KEYWORD, RowsLoaded: INT };

/** gRPC's codes for what a server does not let us do, and what it does not have. */
const NOT_OURS: readonly unknown[] = [7, 12];

/** Temporal Cloud lets nobody register by this way: there it is done once, by hand. */
async function registerSearchAttributes(
  connection: Connection,
  namespace: string,
  logger: Logger,
): Promise<void> {
  try {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    const missing = Object.entries(SEARCH_ATTRIBUTES).filter(([name]) => !(name in customAttributes));
    if (missing.length === 0) return;
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(missing),
    });
  } catch (error) {
    if (!NOT_OURS.includes((error as { code?: unknown }).code)) throw error;
    logger.warn(
      { namespace, error: String(error) },
      'search attributes cannot be registered here; the namespace needs Source, FileMonth and Stage (Keyword) and RowsLoaded (Int)',
    );
  }
}

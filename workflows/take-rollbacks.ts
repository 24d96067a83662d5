/** The watcher's part of a rollback: the publisher finds and publishes the older load, the newer version is held back. */
import {
  ApplicationFailure,
  ChildWorkflowFailure,
  executeChild,
  log,
  ParentClosePolicy,
  setHandler,
} from '@temporalio/workflow';
import { warehouseActivities } from './activity-options.ts';
import type { BusyFiles } from './busy-files.ts';
import { mistakeInFile } from './control-requests.ts';
import { ingestId, rollback, rollbackLoad, rollbackSettled, type RollbackAnswer } from './messages.ts';
import { publisherRequests } from './publisher-requests.ts';
import { refuse } from './refuse.ts';
import { reloadFile } from './reload-file.ts';

/** Handles the update `rollback` from now on. */
export function takeRollbacks({ source, busy }: { source: string; busy: BusyFiles }): void {
  const askPublisher = publisherRequests({ request: rollbackLoad, settled: rollbackSettled });
  setHandler(
    rollback,
    ({ filename }): Promise<RollbackAnswer> =>
      busy.during(filename, 'rolled back', async () => {
        const outcome = await askPublisher({ source, filename });
        if (outcome.outcome === 'reload') return reload({ source, filename, version: outcome.version });
        if (outcome.outcome !== 'published')
          throw ApplicationFailure.nonRetryable(outcome.message, outcome.outcome);
        const { sequence, from, to } = outcome;
        await warehouseActivities.holdBack({ source, filename, sequence, from, to });
        const heldBack = from === null || from.version === to.version ? null : from.version;
        log.info('rolled back', { file: filename, version: to.version, heldBack, dataVersion: sequence });
        return { filename, sequence, version: to.version, heldBack };
      }),
    { validator: (request) => refuse(mistakeInFile(request)) },
  );
}

/** Of a file that was taken out, and whose load was swept since: from the lake, as a new load. */
async function reload(file: { source: string; filename: string; version: string }): Promise<RollbackAnswer> {
  const { source, filename, version } = file;
  const plan = await warehouseActivities.planReload(file);
  if ('mistake' in plan) throw ApplicationFailure.nonRetryable(plan.mistake, plan.type);
  const { failure, loaded } = await executeChild(reloadFile, {
    workflowId: ingestId(source, filename),
    parentClosePolicy: ParentClosePolicy.ABANDON,
    args: [{ ...plan.load, record: null }],
  }).catch((error: unknown) => ({ failure: whyNot(error), loaded: undefined }));
  if (loaded === undefined)
    throw ApplicationFailure.nonRetryable(`${filename} could not be loaded again: ${failure}`, 'Conflict');
  const { sequence, loadId } = loaded;
  await warehouseActivities.holdBack({ source, filename, sequence, from: null, to: { loadId, version } });
  log.info('rolled back, loaded from the lake', { file: filename, version, dataVersion: sequence });
  return { filename, sequence, version, heldBack: null };
}

/** What else is thrown would fail the watcher's task, not the request. */
function whyNot(error: unknown): string {
  if (error instanceof ChildWorkflowFailure) return error.cause?.message ?? error.message;
  if (error instanceof Error && error.name === 'WorkflowExecutionAlreadyStartedError')
    return 'it is being ingested right now';
  throw error;
}

/** The watcher's part of a rollback: the publisher finds and publishes the older load, the newer version is held back. */
import {
  ApplicationFailure,
  condition,
  getExternalWorkflowHandle,
  setHandler,
  uuid4,
  workflowInfo,
} from '@temporalio/workflow';
import { warehouseActivities } from './activity-options.ts';
import { mistakeInRollback } from './control-requests.ts';
import { textField } from './message-fields.ts';
import {
  PUBLISHER_ID,
  rollback,
  rollbackLoad,
  rollbackSettled,
  type RollbackAnswer,
  type RollbackLoad,
  type RollbackSettled,
} from './messages.ts';
import { refuse } from './refuse.ts';

/**
 * Handles the update `rollback` from now on.
 * @returns the files that go back right now: nothing of them may be started meanwhile
 */
export function takeRollbacks({
  source,
  underWay,
}: {
  source: string;
  /** Files that wait or are being ingested. */
  underWay: () => readonly { filename: string }[];
}): ReadonlySet<string> {
  const goingBack = new Set<string>();
  /** By request id; null until the publisher has answered. */
  const outcomes = new Map<string, RollbackSettled | null>();

  setHandler(rollbackSettled, (message) => {
    const requestId = textField(message, 'requestId');
    if (requestId !== undefined && outcomes.has(requestId)) outcomes.set(requestId, message);
  });
  setHandler(
    rollback,
    async ({ filename }): Promise<RollbackAnswer> => {
      if (goingBack.has(filename)) throw conflict(`${filename} is being rolled back already`);
      if (underWay().some((file) => file.filename === filename))
        throw conflict(`${filename} is being ingested right now: roll it back when that has ended`);
      goingBack.add(filename);
      const requestId = uuid4();
      outcomes.set(requestId, null);
      try {
        await askPublisher({ source, filename, requestId, replyTo: workflowInfo().workflowId });
        await condition(() => outcomes.get(requestId) !== null);
        const outcome = outcomes.get(requestId) as RollbackSettled; // the condition above
        if (outcome.outcome !== 'published')
          throw ApplicationFailure.nonRetryable(outcome.message, outcome.outcome);
        const { sequence, from, to } = outcome;
        await warehouseActivities.holdBack({ source, filename, sequence, from, to });
        const heldBack = from.version === to.version ? null : from.version;
        return { filename, sequence, version: to.version, heldBack };
      } finally {
        goingBack.delete(filename);
        outcomes.delete(requestId);
      }
    },
    { validator: (request) => refuse(mistakeInRollback(request)) },
  );
  return goingBack;
}

function conflict(mistake: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(mistake, 'Conflict');
}

async function askPublisher(request: RollbackLoad): Promise<void> {
  try {
    await getExternalWorkflowHandle(PUBLISHER_ID).signal(rollbackLoad, request);
  } catch {
    throw ApplicationFailure.nonRetryable('the publisher does not run: is a worker running?', 'Unavailable');
  }
}

/** The watcher's part of taking files out: the publisher publishes that they are gone, and their versions are left out. */
import {
  ApplicationFailure,
  condition,
  getExternalWorkflowHandle,
  log,
  setHandler,
  uuid4,
  workflowInfo,
} from '@temporalio/workflow';
import { warehouseActivities } from './activity-options.ts';
import type { BusyFiles } from './busy-files.ts';
import { mistakeInFile } from './control-requests.ts';
import { textField } from './message-fields.ts';
import {
  PUBLISHER_ID,
  withdraw,
  withdrawalSettled,
  withdrawFile,
  type WithdrawalSettled,
  type WithdrawAnswer,
  type WithdrawFile,
} from './messages.ts';
import { refuse } from './refuse.ts';

/**
 * Handles the update `withdraw` from now on.
 * @returns takes out a file that is gone at the source; one that is busy is left for the next poll
 */
export function takeWithdrawals({
  source,
  busy,
}: {
  source: string;
  busy: BusyFiles;
}): (filename: string) => Promise<void> {
  /** By request id; null until the publisher has answered. */
  const outcomes = new Map<string, WithdrawalSettled | null>();

  setHandler(withdrawalSettled, (message) => {
    const requestId = textField(message, 'requestId');
    if (requestId !== undefined && outcomes.has(requestId)) outcomes.set(requestId, message);
  });

  const takeOut = (filename: string, { gone }: { gone: boolean }): Promise<WithdrawAnswer> =>
    busy.during(filename, 'withdrawn', async () => {
      const requestId = uuid4();
      outcomes.set(requestId, null);
      try {
        await askPublisher({ source, filename, requestId, replyTo: workflowInfo().workflowId });
        await condition(() => outcomes.get(requestId) !== null);
        const outcome = outcomes.get(requestId) as WithdrawalSettled; // the condition above
        if (outcome.outcome !== 'published')
          throw ApplicationFailure.nonRetryable(outcome.message, outcome.outcome);
        const { sequence, from } = outcome;
        await warehouseActivities.holdBack({ source, filename, sequence, from, to: null, gone });
        const why = gone ? 'it is gone at the source' : 'an operator asked for it';
        log.info('withdrawn', { file: filename, why, dataVersion: sequence });
        return { filename, sequence, version: from.version };
      } finally {
        outcomes.delete(requestId);
      }
    });

  setHandler(withdraw, ({ filename }) => takeOut(filename, { gone: false }), {
    validator: (request) => refuse(mistakeInFile(request)),
  });
  return async (filename) => {
    try {
      await takeOut(filename, { gone: true });
    } catch (error) {
      if (!(error instanceof ApplicationFailure)) throw error;
    }
  };
}

async function askPublisher(request: WithdrawFile): Promise<void> {
  try {
    await getExternalWorkflowHandle(PUBLISHER_ID).signal(withdrawFile, request);
  } catch {
    throw ApplicationFailure.nonRetryable('the publisher does not run: is a worker running?', 'Unavailable');
  }
}

/** The watcher's part of taking files out: the publisher publishes that they are gone, and their versions are left out. */
import { ApplicationFailure, log, setHandler } from '@temporalio/workflow';
import { warehouseActivities } from './activity-options.ts';
import type { BusyFiles } from './busy-files.ts';
import { mistakeInFile } from './control-requests.ts';
import { withdraw, withdrawalSettled, withdrawFile, type WithdrawAnswer } from './messages.ts';
import { publisherRequests } from './publisher-requests.ts';
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
  const askPublisher = publisherRequests({ request: withdrawFile, settled: withdrawalSettled });

  const takeOut = (filename: string, { gone }: { gone: boolean }): Promise<WithdrawAnswer> =>
    busy.during(filename, 'withdrawn', async () => {
      const outcome = await askPublisher({ source, filename });
      if (outcome.outcome !== 'published')
        throw ApplicationFailure.nonRetryable(outcome.message, outcome.outcome);
      const { sequence, from } = outcome;
      await warehouseActivities.holdBack({ source, filename, sequence, from, to: null, gone });
      const why = gone ? 'it is gone at the source' : 'an operator asked for it';
      log.info('withdrawn', { file: filename, why, dataVersion: sequence });
      return { filename, sequence, version: from.version };
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

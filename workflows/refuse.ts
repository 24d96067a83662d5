import { ApplicationFailure } from '@temporalio/workflow';

/** For validators of updates: with a mistake the update is turned away, and nothing of it is in the history. */
export function refuse(mistake: string | undefined): void {
  if (mistake !== undefined) throw ApplicationFailure.nonRetryable(mistake, 'BadInput');
}

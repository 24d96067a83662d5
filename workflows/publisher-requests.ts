/** What a workflow asks the publisher about a file: a signal there, and a signal back. */
import {
  ApplicationFailure,
  condition,
  getExternalWorkflowHandle,
  setHandler,
  uuid4,
  workflowInfo,
  type SignalDefinition,
} from '@temporalio/workflow';
import { textField } from './message-fields.ts';
import { PUBLISHER_ID, type PublisherRequest } from './messages.ts';

/**
 * Handles the signal `settled` from now on.
 * @returns sends `request` to the publisher, and waits for what came of it; throws ApplicationFailure `Unavailable` where no publisher runs
 */
export function publisherRequests<Settled extends { requestId: string }>({
  request,
  settled,
}: {
  request: SignalDefinition<[PublisherRequest]>;
  settled: SignalDefinition<[Settled]>;
}): (file: { source: string; filename: string }) => Promise<Settled> {
  /** By request id; null until the publisher has answered. */
  const outcomes = new Map<string, Settled | null>();

  setHandler(settled, (message) => {
    const requestId = textField(message, 'requestId');
    if (requestId !== undefined && outcomes.has(requestId)) outcomes.set(requestId, message);
  });
  return async (file) => {
    const requestId = uuid4();
    outcomes.set(requestId, null);
    try {
      await send(request, { ...file, requestId, replyTo: workflowInfo().workflowId });
      await condition(() => outcomes.get(requestId) !== null);
      return outcomes.get(requestId) as Settled; // the condition above
    } finally {
      outcomes.delete(requestId);
    }
  };
}

async function send(request: SignalDefinition<[PublisherRequest]>, content: PublisherRequest): Promise<void> {
  try {
    await getExternalWorkflowHandle(PUBLISHER_ID).signal(request, content);
  } catch {
    throw ApplicationFailure.nonRetryable('the publisher does not run: is a worker running?', 'Unavailable');
  }
}

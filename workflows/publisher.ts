/**
 * The only workflow that publishes, one load after the other: it issues the sequences. Sequence n + 1 is issued only
 * after n has been read back or refused for good (its load is condemned, so that no late attempt can make it live).
 */
import {
  allHandlersFinished,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  log,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { warehouseActivities } from './activity-options.ts';
import { textField } from './message-fields.ts';
import { loadSettled, publish, publisherStatus, type PublishRequest } from './messages.ts';

export interface PublisherInput {
  /** Carried over from the run before. */
  lastSequence?: number;
  waiting?: PublishRequest[];
}

export async function publisher(input: PublisherInput = {}): Promise<void> {
  const waiting: PublishRequest[] = [...(input.waiting ?? [])];
  let lastSequence = input.lastSequence ?? null;
  setHandler(publish, (request) => {
    // The same load asked for twice is one publication; anything but a load is nothing.
    const loadId = textField(request?.load, 'loadId');
    if (loadId === undefined) log.warn('a publish signal without a load is ignored');
    else if (!waiting.some(({ load }) => load.loadId === loadId)) waiting.push(request);
  });
  setHandler(publisherStatus, () => ({ lastSequence, waiting: waiting.map(({ load }) => load.loadId) }));

  lastSequence ??= await warehouseActivities.lastSequence();
  while (!workflowInfo().continueAsNewSuggested) {
    await condition(() => waiting.length > 0);
    const [request] = waiting;
    if (request === undefined) continue;
    lastSequence = await settle(request, lastSequence);
    // Only now: until it is settled, the sweep must see it among those that wait.
    waiting.shift();
  }
  await condition(allHandlersFinished);
  await continueAsNew<typeof publisher>({ lastSequence, waiting });
}

/** @returns the last sequence that is taken afterwards */
async function settle({ load, replyTo }: PublishRequest, lastSequence: number): Promise<number> {
  let sequence = lastSequence + 1;
  let outcome = await warehouseActivities.publishAs({ sequence, load });
  while (outcome === 'sequenceTaken') {
    // The log is ahead of us (a Temporal of before wrote it): go on from where it is.
    sequence = (await warehouseActivities.lastSequence()) + 1;
    outcome = await warehouseActivities.publishAs({ sequence, load });
  }
  if (outcome === 'refused') await warehouseActivities.condemn(load);
  try {
    const reply = { loadId: load.loadId, sequence: outcome === 'published' ? sequence : null };
    await getExternalWorkflowHandle(replyTo).signal(loadSettled, reply);
  } catch {
    log.warn('nobody waits for this publication any more', { loadId: load.loadId, replyTo });
  }
  return sequence;
}

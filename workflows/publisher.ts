/**
 * The only workflow that publishes, one load after the other: it issues the sequences. Sequence n + 1 is issued only
 * after n has been read back or refused for good (its load is condemned, so that no late attempt can make it live).
 * A rollback publishes an older load once more; what the sweep was given is never published again.
 */
import type { VerifiedLoad } from '../warehouse/load-file.ts';
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
import {
  loadSettled,
  publish,
  publisherStatus,
  releaseLoads,
  rollbackLoad,
  rollbackSettled,
  type PublishRequest,
  type RollbackLoad,
  type RollbackSettled,
} from './messages.ts';

export interface PublisherInput {
  /** Carried over from the run before. */
  lastSequence?: number;
  waiting?: PublishRequest[];
  rollbacks?: RollbackLoad[];
  released?: string[];
}

/** Load ids: the sweep condemns within minutes what it was given, and a condemned load is refused by itself. */
const KEPT_RELEASED = 2_000;

export async function publisher(input: PublisherInput = {}): Promise<void> {
  const waiting: PublishRequest[] = [...(input.waiting ?? [])];
  const rollbacks: RollbackLoad[] = [...(input.rollbacks ?? [])];
  let released: string[] = [...(input.released ?? [])];
  /** The older load that is being published again. */
  let goingBackTo: string | undefined;
  let lastSequence = input.lastSequence ?? null;
  setHandler(publish, (request) => {
    // The same load asked for twice is one publication; anything but a load is nothing, and would only be in the way.
    if (!isPublishRequest(request)) log.warn('a publish signal without a load is ignored');
    else if (!waiting.some(({ load }) => load.loadId === request.load.loadId)) waiting.push(request);
  });
  setHandler(rollbackLoad, (request) => {
    const names = ['source', 'filename', 'requestId', 'replyTo'];
    if (names.some((name) => textField(request, name) === undefined))
      log.warn('a rollback signal that lacks something is ignored');
    else if (!rollbacks.some(({ requestId }) => requestId === request.requestId)) rollbacks.push(request);
  });
  const waitingIds = (): string[] => [
    ...waiting.map(({ load }) => load.loadId),
    ...(goingBackTo === undefined ? [] : [goingBackTo]),
  ];
  setHandler(publisherStatus, () => ({ lastSequence, waiting: waitingIds() }));
  setHandler(
    releaseLoads,
    ({ loadIds }) => {
      const awaited = new Set(waitingIds());
      const given = loadIds.filter((loadId) => !awaited.has(loadId));
      released = [...released, ...given].slice(-KEPT_RELEASED);
      return given;
    },
    {
      validator: (request: unknown) => {
        const loadIds = (request as { loadIds?: unknown } | null | undefined)?.loadIds;
        if (!Array.isArray(loadIds) || loadIds.some((loadId) => typeof loadId !== 'string'))
          throw new Error('expected {"loadIds": ["…"]}');
      },
    },
  );

  const goBack = async (request: RollbackLoad, last: number): Promise<number> => {
    const { source, filename, requestId, replyTo } = request;
    const found = await warehouseActivities.findPreviousLoad({ source, filename });
    const reply = (outcome: RollbackSettled): Promise<void> =>
      tell(replyTo, () => getExternalWorkflowHandle(replyTo).signal(rollbackSettled, outcome));
    if ('mistake' in found) {
      await reply({ requestId, outcome: found.type, message: found.mistake });
      return last;
    }
    const { load, from } = found;
    const swept = {
      requestId,
      outcome: 'Conflict',
      message: `${filename}: the load before is being swept`,
    } as const;
    if (released.includes(load.loadId)) {
      await reply(swept);
      return last;
    }
    goingBackTo = load.loadId;
    const { sequence, published } = await issue(load, last);
    goingBackTo = undefined;
    const to = { loadId: load.loadId, version: load.version };
    await reply(published ? { requestId, outcome: 'published', sequence, from, to } : swept);
    return sequence;
  };

  lastSequence ??= await warehouseActivities.lastSequence();
  while (!workflowInfo().continueAsNewSuggested) {
    await condition(() => waiting.length > 0 || rollbacks.length > 0);
    const [back] = rollbacks;
    if (back !== undefined) {
      lastSequence = await goBack(back, lastSequence);
      rollbacks.shift();
      continue;
    }
    const [request] = waiting;
    if (request === undefined) continue;
    lastSequence = await settle(request, lastSequence);
    // Only now: until it is settled, the sweep must see it among those that wait.
    waiting.shift();
  }
  await condition(allHandlersFinished);
  await continueAsNew<typeof publisher>({ lastSequence, waiting, rollbacks, released });
}

/** @returns the last sequence that is taken afterwards */
async function settle({ load, replyTo }: PublishRequest, lastSequence: number): Promise<number> {
  const { sequence, published } = await issue(load, lastSequence);
  const reply = { loadId: load.loadId, sequence: published ? sequence : null };
  await tell(replyTo, () => getExternalWorkflowHandle(replyTo).signal(loadSettled, reply));
  return sequence;
}

/** Publishes a load under the next sequence, or condemns it. */
async function issue(
  load: VerifiedLoad,
  lastSequence: number,
): Promise<{ sequence: number; published: boolean }> {
  let sequence = lastSequence + 1;
  let outcome = await warehouseActivities.publishAs({ sequence, load });
  while (outcome === 'sequenceTaken') {
    // The log is ahead of us (a Temporal of before wrote it): go on from where it is.
    sequence = (await warehouseActivities.lastSequence()) + 1;
    outcome = await warehouseActivities.publishAs({ sequence, load });
  }
  if (outcome === 'refused') await warehouseActivities.condemn(load);
  return { sequence, published: outcome === 'published' };
}

async function tell(replyTo: string, send: () => Promise<void>): Promise<void> {
  try {
    await send();
  } catch {
    log.warn('nobody waits for this publication any more', { replyTo });
  }
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function isPublishRequest(request: Partial<PublishRequest> | null | undefined): request is PublishRequest {
  const load = request?.load;
  const texts = ['source', 'filename', 'version'].map((name) => textField(load, name));
  const numbers: unknown[] = [load?.rows, load?.rejected];
  return (
    UUID.test(textField(load, 'loadId') ?? '') &&
    textField(request, 'replyTo') !== undefined &&
    (load?.dataThrough === null || textField(load, 'dataThrough') !== undefined) &&
    typeof load?.proof === 'object' &&
    !texts.includes(undefined) &&
    numbers.every((value) => Number.isSafeInteger(value) && Number(value) >= 0)
  );
}

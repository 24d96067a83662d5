/**
 * The only workflow that publishes, one publication after the other: it issues the sequences. Sequence n + 1 is issued only
 * after n has been read back or refused for good (its load is condemned, so that no late attempt can make it live), and names the last one that was read back.
 * A rollback publishes an older load once more, a withdrawal takes a file out; what the sweep was given is never published again.
 */
import {
  allHandlersFinished,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  log as workflowLog,
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
  withdrawalSettled,
  withdrawFile,
  type LoadSettled,
  type PublisherRequest,
  type PublishRequest,
  type RollbackSettled,
  type WithdrawalSettled,
} from './messages.ts';
import { PublicationIssuer, type IssuerState } from './publication-issuer.ts';

/** Carried over from the run before. */
export interface PublisherInput extends IssuerState {
  waiting?: PublishRequest[];
  rollbacks?: PublisherRequest[];
  /** Absent from older runs. */
  withdrawals?: PublisherRequest[];
  released?: string[];
}

/** Load ids: the sweep condemns within minutes what it was given, and a condemned load is refused by itself. */
const KEPT_RELEASED = 2_000;

export async function publisher(input: PublisherInput = {}): Promise<void> {
  const waiting: PublishRequest[] = [...(input.waiting ?? [])];
  const rollbacks: PublisherRequest[] = [...(input.rollbacks ?? [])];
  const withdrawals: PublisherRequest[] = [...(input.withdrawals ?? [])];
  let released: string[] = [...(input.released ?? [])];
  /** The older load that is being published again. */
  let goingBackTo: string | undefined;
  const log = new PublicationIssuer(input);
  setHandler(publish, (request) => {
    // The same load asked for twice is one publication; anything but a load is nothing, and would only be in the way.
    if (!isPublishRequest(request)) warn('a publish signal without a load is ignored');
    else if (!waiting.some(({ load }) => load.loadId === request.load.loadId)) waiting.push(request);
  });
  setHandler(rollbackLoad, (request) => takeRequest(rollbacks, request, 'rollback'));
  setHandler(withdrawFile, (request) => takeRequest(withdrawals, request, 'withdrawal'));
  const waitingIds = (): string[] => [
    ...waiting.map(({ load }) => load.loadId),
    ...(goingBackTo === undefined ? [] : [goingBackTo]),
  ];
  setHandler(publisherStatus, () => ({ lastSequence: log.lastSequence, waiting: waitingIds() }));
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

  const goBack = async ({ source, filename, requestId, replyTo }: PublisherRequest): Promise<void> => {
    const found = await warehouseActivities.findPreviousLoad({ source, filename });
    const reply = (outcome: RollbackSettled): Promise<void> =>
      tell(replyTo, () => getExternalWorkflowHandle(replyTo).signal(rollbackSettled, outcome));
    if ('mistake' in found) return reply({ requestId, outcome: found.type, message: found.mistake });
    if ('reload' in found) return reply({ requestId, outcome: 'reload', version: found.reload.version });
    const { load, from } = found;
    const conflict = (message: string): Promise<void> =>
      reply({ requestId, outcome: 'Conflict', message: `${filename}: ${message}` });
    if (released.includes(load.loadId))
      return from === null
        ? reply({ requestId, outcome: 'reload', version: load.version })
        : conflict('the load before is being swept');
    goingBackTo = load.loadId;
    const issued = await log.issue([{ source, filename, load }], { accepted: true });
    goingBackTo = undefined;
    if (issued.duplicate !== undefined)
      return conflict(`the load before cannot come back: ${issued.duplicate}`);
    if (!issued.published) return conflict('the load before is being swept');
    const to = { loadId: load.loadId, version: load.version };
    return reply({ requestId, outcome: 'published', sequence: issued.sequence, from, to });
  };

  await log.begin();
  while (!workflowInfo().continueAsNewSuggested) {
    await condition(() => waiting.length > 0 || rollbacks.length > 0 || withdrawals.length > 0);
    const [back] = rollbacks;
    if (back !== undefined) {
      await goBack(back);
      rollbacks.shift();
      continue;
    }
    const [out] = withdrawals;
    if (out !== undefined) {
      await takeOut(out, log);
      withdrawals.shift();
      continue;
    }
    const [request] = waiting;
    if (request === undefined) continue;
    await settle(request, log);
    // Only now: until it is settled, the sweep must see it among those that wait.
    waiting.shift();
  }
  await condition(allHandlersFinished);
  await continueAsNew<typeof publisher>({ ...log.state(), waiting, rollbacks, withdrawals, released });
}

/** From outside: what lacks something would only be in the way. */
function takeRequest(requests: PublisherRequest[], request: PublisherRequest, what: string): void {
  const names = ['source', 'filename', 'requestId', 'replyTo'];
  if (names.some((name) => textField(request, name) === undefined))
    warn(`a ${what} signal that lacks something is ignored`);
  else if (!requests.some(({ requestId }) => requestId === request.requestId)) requests.push(request);
}

async function settle({ load, replyTo }: PublishRequest, log: PublicationIssuer): Promise<void> {
  const { source, filename, loadId } = load;
  const issued = await log.issue([{ source, filename, load }]);
  const reply: LoadSettled = {
    loadId,
    sequence: issued.published ? issued.sequence : null,
    ...(issued.duplicate === undefined ? {} : { duplicate: issued.duplicate }),
  };
  await tell(replyTo, () => getExternalWorkflowHandle(replyTo).signal(loadSettled, reply));
}

async function takeOut(
  { source, filename, requestId, replyTo }: PublisherRequest,
  log: PublicationIssuer,
): Promise<void> {
  const reply = (outcome: WithdrawalSettled): Promise<void> =>
    tell(replyTo, () => getExternalWorkflowHandle(replyTo).signal(withdrawalSettled, outcome));
  const found = await warehouseActivities.findLiveLoad({ source, filename });
  if ('mistake' in found) return reply({ requestId, outcome: found.type, message: found.mistake });
  const { live: from } = found;
  const { sequence } = await log.issue([{ source, filename, load: null, withdrawnVersion: from.version }]);
  return reply({ requestId, outcome: 'published', sequence, from });
}

async function tell(replyTo: string, send: () => Promise<void>): Promise<void> {
  try {
    await send();
  } catch {
    workflowLog.warn('nobody waits for this publication any more', { replyTo });
  }
}

const warn = (message: string): void => workflowLog.warn(message);

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

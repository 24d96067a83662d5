/** Steering ingestion: signals and updates to the watcher, with errors that clients understand. */
import {
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type Client,
  type Connection,
  type WorkflowHandle,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { GraphQLError } from 'graphql';
import type { ZodType } from 'zod';
import {
  accept,
  backfill,
  fileArrived,
  governorId,
  pause,
  resume,
  retryQuarantined,
  rollback,
  setLimits,
  watcherId,
  withdraw,
  type AcceptAnswer,
  type AcceptRequest,
  type BackfillRequest,
  type RetryAnswer,
  type RetryRequest,
  type RollbackAnswer,
  type RollbackRequest,
  type WithdrawAnswer,
  type WithdrawRequest,
} from '../workflows/messages.ts';
import type { OriginLimits } from '../workflows/origin-state.ts';
import { badUserInput, conflict, notFound, serviceUnavailable } from './errors.ts';
import {
  acceptAnswer,
  originLimits,
  retryAnswer,
  rollbackAnswer,
  withdrawAnswer,
} from './temporal-answers.ts';

/** Milliseconds for a signal, which needs Temporal alone. */
const SIGNAL_PATIENCE_MS = 5_000;
/** For an update, which needs a worker, and a rollback the warehouse too. */
const UPDATE_PATIENCE_MS = 30_000;

const NO_WATCHER = serviceUnavailable(
  'Nothing watches the source: is a worker running? It starts the watcher.',
);

const NONSENSE = serviceUnavailable(
  'What answered is no workflow of this version: it may be done, or not. Look before you ask again, and see that worker and gateway are of one version.',
);

/** Every method throws GraphQLError: SERVICE_UNAVAILABLE while Temporal or the watcher is away. */
export interface Control {
  pause(source: string): Promise<void>;
  resume(source: string): Promise<void>;
  backfill(source: string, request: BackfillRequest): Promise<void>;
  fileArrived(source: string, filename: string): Promise<void>;
  /** @throws GraphQLError NOT_FOUND or CONFLICT, for a file that is not known or not quarantined */
  retryQuarantined(source: string, request: RetryRequest): Promise<RetryAnswer>;
  /** @throws GraphQLError NOT_FOUND or CONFLICT, for a file that is not known or has nothing to go back to */
  rollback(source: string, request: RollbackRequest): Promise<RollbackAnswer>;
  /** @throws GraphQLError NOT_FOUND or CONFLICT, for a file that is not known or of which nothing is counted */
  withdraw(source: string, request: WithdrawRequest): Promise<WithdrawAnswer>;
  /** @throws GraphQLError NOT_FOUND or CONFLICT, for a file that is not known or that nothing holds back */
  accept(source: string, request: AcceptRequest): Promise<AcceptAnswer>;
  /** @throws GraphQLError BAD_USER_INPUT, or NOT_FOUND when nothing was asked of that host yet */
  setLimits(host: string, limits: Partial<OriginLimits>): Promise<OriginLimits>;
}

/** @param afterwards what follows whatever it was asked for, also where that failed: it may be done nevertheless */
export function createControl({
  client,
  connection,
  afterwards,
}: {
  client: Client;
  connection: Connection;
  afterwards: () => void;
}): Control {
  const tell = async <Answer>(
    patienceMs: number,
    what: () => Promise<Answer>,
    absent: GraphQLError = NO_WATCHER,
  ): Promise<Answer> => {
    try {
      return await connection.withDeadline(Date.now() + patienceMs, what);
    } catch (error) {
      throw error instanceof WorkflowNotFoundError ? absent : clientError(error);
    } finally {
      afterwards();
    }
  };
  const watcher = (source: string) => client.workflow.getHandle(watcherId(source));
  /** An update waits for a worker, but not for a Temporal that is away or for a workflow that does not run. */
  const update = async <Answer>(
    handle: WorkflowHandle,
    shape: ZodType<Answer>,
    what: (handle: WorkflowHandle) => Promise<unknown>,
    absent: GraphQLError = NO_WATCHER,
  ): Promise<Answer> => {
    await tell(SIGNAL_PATIENCE_MS, () => handle.describe(), absent);
    const answer = shape.safeParse(await tell(UPDATE_PATIENCE_MS, () => what(handle), absent));
    if (!answer.success) throw NONSENSE;
    return answer.data;
  };
  return {
    pause: (source) => tell(SIGNAL_PATIENCE_MS, () => watcher(source).signal(pause)),
    resume: (source) => tell(SIGNAL_PATIENCE_MS, () => watcher(source).signal(resume)),
    backfill: (source, request) => tell(SIGNAL_PATIENCE_MS, () => watcher(source).signal(backfill, request)),
    fileArrived: (source, filename) =>
      tell(SIGNAL_PATIENCE_MS, () => watcher(source).signal(fileArrived, { filename })),
    retryQuarantined: (source, request) =>
      update(watcher(source), retryAnswer, (handle) =>
        handle.executeUpdate(retryQuarantined, { args: [request] }),
      ),
    rollback: (source, request) =>
      update(watcher(source), rollbackAnswer, (handle) =>
        handle.executeUpdate(rollback, { args: [request] }),
      ),
    withdraw: (source, request) =>
      update(watcher(source), withdrawAnswer, (handle) =>
        handle.executeUpdate(withdraw, { args: [request] }),
      ),
    accept: (source, request) =>
      update(watcher(source), acceptAnswer, (handle) => handle.executeUpdate(accept, { args: [request] })),
    setLimits: (host, limits) =>
      update(
        client.workflow.getHandle(governorId(host)),
        originLimits,
        (handle) => handle.executeUpdate(setLimits, { args: [limits] }),
        notFound(`Nothing was asked of the host ${JSON.stringify(host)} yet: there is nothing to limit.`),
      ),
  };
}

function clientError(error: unknown): GraphQLError {
  if (error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure) {
    const { type, message } = error.cause;
    if (type === 'NotFound') return notFound(message);
    if (type === 'Conflict') return conflict(message);
    // What a validator throws is an Error without a type of ours.
    return type === 'Unavailable' ? serviceUnavailable(message) : badUserInput(message);
  }
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) {
    return serviceUnavailable(
      'No confirmation yet: a worker may be away, and it may still be done. Look before you ask again.',
    );
  }
  return serviceUnavailable('Temporal does not answer right now. Ask again in a moment.');
}

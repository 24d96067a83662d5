/** What Temporal knows of ingestion right now; everything here is nice to have, and null while Temporal is away. */
import { Client, Connection } from '@temporalio/client';
import { ZodError } from 'zod';
import type { Logger } from '../config/logging.ts';
import { temporalConnection, type TemporalSettings } from '../config/temporal-settings.ts';
import {
  governorId,
  ingestId,
  originView,
  progress,
  status,
  watcherId,
  type IngestProgress,
  type OriginView,
  type WatcherStatus,
} from '../workflows/messages.ts';
import { createControl, type Control } from './control.ts';
import { createSharedLook } from './shared-look.ts';
import { ingestProgress, originViewAnswer, watcherStatus } from './temporal-answers.ts';

/** Milliseconds: a page must not wait for a Temporal that is away. */
const PATIENCE_MS = 1_500;
/** What workflows tell is some kB. */
const MOST_ANSWER_BYTES = 4 << 20;

/** What it tells is up to a second old, and none of it from before something that `control` was asked for. */
export interface Ingestion {
  control: Control;
  watcher(source: string): Promise<{ status: WatcherStatus | null; problem: string | null }>;
  /** Null for a file that is not being ingested. */
  progress(source: string, filename: string): Promise<IngestProgress | null>;
  /** Null where no governor runs yet. */
  origin(host: string): Promise<OriginView | null>;
  close(): Promise<void>;
}

/** @param onNews the watcher has said how it is, or was told something: what somebody knows of files may be older */
export function connectIngestion({
  temporal,
  onNews,
  logger,
}: {
  temporal: TemporalSettings;
  onNews: () => void;
  logger: Logger;
}): Ingestion {
  const connection = Connection.lazy({
    ...temporalConnection(temporal),
    connectTimeout: PATIENCE_MS,
    channelArgs: { 'grpc.max_receive_message_length': MOST_ANSWER_BYTES },
  });
  const client = new Client({ connection, namespace: temporal.namespace });
  const ask = <Answer>(question: () => Promise<Answer>): Promise<Answer> =>
    connection.withDeadline(Date.now() + PATIENCE_MS, question);
  const handleOf = (workflowId: string) => client.workflow.getHandle(workflowId);
  // Each query takes a worker's time.
  const watchers = createSharedLook(async (workflowId) => {
    const seen = watcherStatus.parse(await ask(() => handleOf(workflowId).query(status)));
    onNews();
    return seen;
  });
  const ingestions = createSharedLook(async (workflowId) =>
    ingestProgress.parse(await ask(() => handleOf(workflowId).query(progress))),
  );
  const governors = createSharedLook(async (workflowId) =>
    originViewAnswer.parse(await ask(() => handleOf(workflowId).query(originView))),
  );
  function forget(): void {
    for (const each of [watchers, ingestions, governors]) each.forget();
    onNews();
  }
  return {
    control: createControl({ client, connection, afterwards: forget }),
    async watcher(source) {
      try {
        const answer = await watchers.at(watcherId(source));
        return { status: answer, problem: answer.problem };
      } catch (error) {
        logger.debug({ error: String(error) }, 'the watcher does not answer');
        const isNonsense = error instanceof ZodError;
        return {
          status: null,
          problem: isNonsense
            ? 'What answers in the watcher’s place is none, or one of another version: ingestion may stand still.'
            : 'Temporal or the watcher does not answer: ingestion may stand still.',
        };
      }
    },
    async progress(source, filename) {
      try {
        return await ingestions.at(ingestId(source, filename));
      } catch {
        return null;
      }
    },
    async origin(host) {
      try {
        return await governors.at(governorId(host));
      } catch {
        return null;
      }
    },
    close: () => connection.close(),
  };
}

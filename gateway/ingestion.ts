/** What Temporal knows of ingestion right now; everything here is nice to have, and null while Temporal is away. */
import { Client, Connection } from '@temporalio/client';
import type { Logger } from '../config/logging.ts';
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

/** Milliseconds: a page must not wait for a Temporal that is away. */
const PATIENCE_MS = 1_500;

export interface Ingestion {
  control: Control;
  watcher(source: string): Promise<{ status: WatcherStatus | null; problem: string | null }>;
  /** Null for a file that is not being ingested. */
  progress(source: string, filename: string): Promise<IngestProgress | null>;
  /** Null where no governor runs yet. */
  origin(host: string): Promise<OriginView | null>;
  close(): Promise<void>;
}

export function connectIngestion({
  address,
  namespace,
  logger,
}: {
  address: string;
  namespace: string;
  logger: Logger;
}): Ingestion {
  const connection = Connection.lazy({ address, connectTimeout: PATIENCE_MS });
  const client = new Client({ connection, namespace });
  const ask = <Answer>(question: () => Promise<Answer>): Promise<Answer> =>
    connection.withDeadline(Date.now() + PATIENCE_MS, question);
  return {
    control: createControl({ client, connection }),
    async watcher(source) {
      try {
        const answer = await ask(() => client.workflow.getHandle(watcherId(source)).query(status));
        return { status: answer, problem: answer.problem };
      } catch (error) {
        logger.debug({ error: String(error) }, 'the watcher does not answer');
        return {
          status: null,
          problem: 'Temporal or the watcher does not answer: ingestion may stand still.',
        };
      }
    },
    async progress(source, filename) {
      try {
        return await ask(() => client.workflow.getHandle(ingestId(source, filename)).query(progress));
      } catch {
        return null;
      }
    },
    async origin(host) {
      try {
        return await ask(() => client.workflow.getHandle(governorId(host)).query(originView));
      } catch {
        return null;
      }
    },
    close: () => connection.close(),
  };
}

import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { Logger } from '../config/logging.ts';
import type { Source, SourceWatch } from '../sources/source.ts';
import { sourceChanged, watcherId } from '../workflows/messages.ts';
import { createThrottledCall } from './throttled-call.ts';

/** Signals fill the watcher's history, and the folder of somebody who writes without end wakes it no more often. */
const SIGNAL_EVERY_MS = 1_000;

/** Tells the watcher when something changes at a source that can be watched; undefined for one that cannot. */
export function watchSource({
  source,
  client,
  sourceName,
  logger,
}: {
  source: Pick<Source, 'watch'>;
  client: Client;
  sourceName: string;
  logger: Logger;
}): SourceWatch | undefined {
  if (source.watch === undefined) return undefined;
  const telling = createThrottledCall({
    everyMs: SIGNAL_EVERY_MS,
    async call() {
      try {
        await client.workflow.getHandle(watcherId(sourceName)).signal(sourceChanged);
      } catch (error) {
        logger.debug({ error: String(error) }, 'the watcher could not be told of a change at the source');
        // One that somebody ended looks at everything when it is started.
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      }
    },
  });
  const watch = source.watch({
    onChange: telling.ask,
    onTrouble(why) {
      if (why === null) logger.info('the source is watched again');
      else logger.info({ why }, 'the source cannot be watched: it is looked at every second');
    },
  });
  return {
    isReliable: watch.isReliable,
    close() {
      watch.close();
      telling.close();
    },
  };
}

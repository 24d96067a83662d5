/** Looks at something once a second while anybody reads, and tells all readers of what has changed. */
import type { Logger } from '../../config/logging.ts';
import { inTurns } from './in-turns.ts';
import { createLatest, type Latest } from './latest.ts';

export interface ProgressWatch<State> {
  /** The state at once, and then each one that is not like the one before. */
  watch(): AsyncIterableIterator<State>;
  /** Readers. */
  size(): number;
  /** Ends every stream. */
  close(): void;
}

/**
 * @param look gives plain data. When it fails the state of before stands, and it is asked again.
 * @param everyMs from one look to the next, that begins when every reader was told of the last
 */
export function createProgressWatch<State>({
  look,
  everyMs,
  logger,
}: {
  look: () => Promise<State>;
  everyMs: number;
  logger: Logger;
}): ProgressWatch<State> {
  /** With what each was told last. */
  const readers = new Map<Latest<State>, State | undefined>();
  let last: { state: State; text: string } | undefined;
  let closed = false;
  let looking = false;
  let failing = false;
  let timer: NodeJS.Timeout | undefined;

  function tell(reader: Latest<State>, state: State): void {
    if (readers.get(reader) === state) return;
    readers.set(reader, state);
    reader.put(state);
  }

  async function lookOnce(): Promise<void> {
    timer = undefined;
    looking = true;
    const began = performance.now();
    try {
      const state = await look();
      const text = JSON.stringify(state);
      if (readers.size > 0 && text !== last?.text) {
        last = { state, text };
        await inTurns(readers.keys(), (reader) => tell(reader, state));
      }
      failing = false;
    } catch (error) {
      if (!failing)
        logger.warn({ error: String(error) }, 'the progress of ingestion cannot be told right now');
      failing = true;
    }
    looking = false;
    if (readers.size > 0)
      timer = setTimeout(() => void lookOnce(), Math.max(0, everyMs - (performance.now() - began)));
    else last = undefined;
  }

  return {
    watch: () =>
      createLatest<State>({
        begin(reader) {
          if (closed) return reader.end();
          readers.set(reader, undefined);
          if (last !== undefined) tell(reader, last.state);
          if (!looking && timer === undefined) void lookOnce();
        },
        over(reader) {
          readers.delete(reader);
          if (readers.size > 0) return;
          clearTimeout(timer);
          timer = undefined;
          last = undefined;
        },
      }).stream,
    size: () => readers.size,
    close() {
      closed = true;
      for (const reader of readers.keys()) reader.end();
    },
  };
}

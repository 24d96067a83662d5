import type { ServerResponse } from 'node:http';

/** Aborts when the client has gone before its answer. The listener is there once somebody asks for the signal. */
export function untilGone(response: ServerResponse): () => AbortSignal {
  let signal: AbortSignal | undefined;
  return () => {
    if (signal !== undefined) return signal;
    const gone = new AbortController();
    ({ signal } = gone);
    const closed = (): void => {
      if (!response.writableFinished) gone.abort();
    };
    if (response.closed) closed();
    else response.once('close', closed);
    return signal;
  };
}

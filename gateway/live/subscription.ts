/** A stream as one client holds it. */
import type { GraphQLError } from 'graphql';
import { unauthenticated } from '../errors.ts';

/** Of a timer: 24 days. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * @param enter called with the first read; what it gives, once the stream is over
 * @param expiresAtMs since 1970: the stream ends then, and UNAUTHENTICATED is the last that it gives
 */
export function asSubscription<Value>(
  stream: AsyncIterableIterator<Value>,
  { enter, expiresAtMs }: { enter: () => () => void; expiresAtMs: number | undefined },
): AsyncIterableIterator<Value | GraphQLError> {
  let leave: (() => void) | undefined;
  let timer: NodeJS.Timeout | undefined;
  let refusal: GraphQLError | undefined;

  function waitForExpiry(atMs: number): void {
    const leftMs = atMs - Date.now();
    timer = setTimeout(
      () => {
        if (leftMs > LONGEST_MS) return waitForExpiry(atMs);
        refusal = unauthenticated('Your token has expired: subscribe again with a new one.');
        void stream.return?.();
      },
      Math.min(leftMs, LONGEST_MS),
    );
  }
  function over(): void {
    clearTimeout(timer);
    leave?.();
  }

  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      if (leave === undefined) {
        leave = enter();
        if (expiresAtMs !== undefined) waitForExpiry(expiresAtMs);
      }
      const result = await stream.next();
      if (result.done !== true) return result;
      over();
      if (refusal === undefined) return result;
      const value = refusal;
      refusal = undefined;
      return { value, done: false };
    },
    async return() {
      over();
      refusal = undefined;
      return (await stream.return?.()) ?? { value: undefined, done: true };
    },
  };
}

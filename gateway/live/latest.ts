/** A stream of which only the newest value counts. */

export interface Latest<Value> {
  /** For one consumer. Nothing begins before its first value is asked for, so one that is dropped unread holds nothing. */
  stream: AsyncIterableIterator<Value>;
  /** In the place of a value that was not taken yet. */
  put(value: Value): void;
  /** What was put is still given, then the stream is over. */
  end(): void;
}

/**
 * Holds one value at most, however slowly it is read.
 * @param begin when the first value is asked for
 * @param over once, when nobody reads it any more or it was ended; not for one that never began
 */
export function createLatest<Value>({
  begin,
  over,
}: {
  begin: (latest: Latest<Value>) => void;
  over: (latest: Latest<Value>) => void;
}): Latest<Value> {
  const DONE: IteratorReturnResult<undefined> = { value: undefined, done: true };
  let held: { value: Value } | undefined;
  let waiting: ((result: IteratorResult<Value, undefined>) => void)[] = [];
  let stage: 'new' | 'begun' | 'over' = 'new';

  const latest: Latest<Value> = {
    put(value) {
      if (stage !== 'begun') return;
      const next = waiting.shift();
      if (next === undefined) held = { value };
      else next({ value, done: false });
    },
    end() {
      const before = stage;
      stage = 'over';
      for (const next of waiting) next(DONE);
      waiting = [];
      if (before === 'begun') over(latest);
    },
    stream: {
      [Symbol.asyncIterator]() {
        return this;
      },
      async next() {
        if (stage === 'new') {
          stage = 'begun';
          begin(latest);
        }
        if (held !== undefined) {
          const { value } = held;
          held = undefined;
          return { value, done: false };
        }
        if (stage === 'over') return DONE;
        return new Promise((resolve) => waiting.push(resolve));
      },
      /** At once, also while a value is waited for. */
      async return() {
        held = undefined;
        latest.end();
        return DONE;
      },
    },
  };
  return latest;
}

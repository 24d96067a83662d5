/** A deadline that is kept here too: a connection that was lost without a word, or a server that says nothing, keeps none. */
import { ClickHouseError } from '@clickhouse/client';
import { TIMEOUT_EXCEEDED } from './engine-trouble.ts';

/** The engine's own error comes first: it says that the statement is over there too. */
const LATER_MS = 2_000;

export interface OwnDeadline {
  /** Aborts when the caller's does, and when the time is over. */
  signal: AbortSignal;
  /** Calls it when the signal aborts, until `end`. The client itself listens only until an answer begins. */
  whenOver(stop: () => void): void;
  /** What to throw for an error: when the time is over, TIMEOUT_EXCEEDED, as the engine says it. */
  explain(error: unknown): unknown;
  /** The answer is there. */
  end(): void;
}

/** @param deadlineMs the engine's, which counts in whole seconds; undefined: there is none */
export function ownDeadline({
  signal,
  deadlineMs,
}: {
  signal?: AbortSignal | undefined;
  deadlineMs?: number | undefined;
}): OwnDeadline {
  const late = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  if (deadlineMs !== undefined) {
    const afterMs = Math.ceil(deadlineMs / 1000) * 1000 + LATER_MS;
    const giveUp = (): void => {
      const message = `Timeout exceeded: there was no answer within ${afterMs / 1000} s.`;
      late.abort(new ClickHouseError({ message, code: TIMEOUT_EXCEEDED, type: 'TIMEOUT_EXCEEDED' }));
    };
    timer = setTimeout(giveUp, afterMs);
  }
  const either = signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]);
  let stopListening = (): void => undefined;
  return {
    signal: either,
    whenOver(stop) {
      either.addEventListener('abort', stop, { once: true });
      stopListening = () => either.removeEventListener('abort', stop);
    },
    explain: (error) => (late.signal.aborted ? late.signal.reason : error),
    end() {
      clearTimeout(timer);
      stopListening();
    },
  };
}

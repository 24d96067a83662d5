/** Answers that are kept until a publication changes what they were computed from; equal questions at the same time are computed once. */
import { LRUCache } from 'lru-cache';
import type { LiveLoads } from '../live-loads.ts';
import { Flight } from './flight.ts';
import { keepAnswer, type KeptAnswer } from './kept-answer.ts';
import { areCurrent, type Reads } from './reads.ts';
import type { SharedAnswers } from './shared-answers.ts';

/** What came of computing: JSON, and whether it may be kept. */
export interface Computed<Failure> {
  reads: Reads;
  /** Undefined: it failed. */
  body: Buffer | undefined;
  failure: Failure | undefined;
  /** Whom a failure says something of: what one client is refused, or one request had no time for, is no answer for others. */
  concerns: 'all' | 'client' | 'request';
}

/** How an answer was come by. */
export type CacheOutcome = 'hit' | 'shared' | 'joined' | 'miss';

export type Found<Failure> =
  | { kept: KeptAnswer; failure?: undefined; outcome: CacheOutcome }
  | { kept?: undefined; failure: Failure; outcome: CacheOutcome };

/** A failure with whom it is of. */
type Landed<Failure> =
  | Extract<Found<Failure>, { kept: KeptAnswer }>
  | (Extract<Found<Failure>, { failure: Failure }> &
      Pick<Computed<Failure>, 'concerns'> & { client: string });

export interface Question<Failure> {
  /** Names it: form, document, operation and variables. */
  key: string;
  /** It may cost SQL, so it is shared through Redis. */
  isShared: boolean;
  /** Name of who asks. */
  client: string;
  /** Aborts when this client is gone. */
  gone: () => AbortSignal;
  compute: (allGone: () => AbortSignal) => Promise<Computed<Failure>>;
  /** Milliseconds from now on that are left. */
  deadlineMs: () => number;
}

export interface AnswerCache {
  /** What is kept and current. */
  get(key: string): KeptAnswer | undefined;
  answer<Failure>(question: Question<Failure>): Promise<Found<Failure>>;
  /** What is kept in memory, in bytes. */
  bytes(): number;
}

/** For the heads and the bookkeeping of one answer, and for each fact that it hangs on. */
const OVERHEAD_BYTES = 2_048;
const READ_BYTES = 128;
/** How often an answer is computed anew because a publication changed it meanwhile. */
const ATTEMPTS = 3;
/** What is asked about the schema alone is answered without a warehouse, too. */
const NOTHING_READ = { logId: '', sequence: 0 };

export function createAnswerCache({
  liveLoads,
  shared,
  namespace,
  memoryBytes,
}: {
  liveLoads: LiveLoads;
  shared: SharedAnswers;
  /** Names the code: see `codeDigest`. */
  namespace: string;
  /** 0: nothing is kept, and equal questions at the same time are still one. */
  memoryBytes: number;
}): AnswerCache {
  const kept = new LRUCache<string, KeptAnswer>({
    maxSize: Math.max(1, memoryBytes),
    maxEntrySize: Math.max(1, Math.ceil(memoryBytes / 8)),
    // Its compressed form, made later, is never longer.
    sizeCalculation: ({ body, reads }, key) =>
      2 * body.length + key.length + READ_BYTES * reads.length + OVERHEAD_BYTES,
  });
  const flights = new Map<string, Flight<Landed<unknown>>>();

  function isCurrent(answer: KeptAnswer): boolean {
    const snapshot = liveLoads.current();
    if (snapshot === undefined) return answer.reads.length === 0;
    if (answer.currentAt === snapshot) return true;
    if (!areCurrent(answer.reads, snapshot)) return false;
    answer.currentAt = snapshot;
    return true;
  }

  function get(key: string): KeptAnswer | undefined {
    const answer = kept.get(key);
    if (answer === undefined || isCurrent(answer)) return answer;
    kept.delete(key);
    return undefined;
  }

  async function compute<Failure>(
    { key, client, compute: run }: Question<Failure>,
    allGone: () => AbortSignal,
  ): Promise<Landed<Failure>> {
    const { body, reads, failure, concerns } = await run(allGone);
    if (body === undefined) return { failure: failure as Failure, outcome: 'miss', concerns, client };
    const snapshot = liveLoads.current() ?? NOTHING_READ;
    const answer = keepAnswer({ question: key, namespace, body, reads: reads.noted, snapshot });
    return { kept: answer, outcome: 'miss' };
  }

  async function fly<Failure>(
    question: Question<Failure>,
    allGone: () => AbortSignal,
  ): Promise<Landed<Failure>> {
    const { key, isShared } = question;
    const found = isShared
      ? await shared.once({
          key,
          isCurrent: (answer) => isCurrentOrSoon(answer),
          compute: () => compute(question, allGone),
          allGone,
          deadlineMs: question.deadlineMs,
        })
      : await compute(question, allGone);
    if (found.kept !== undefined && isCurrent(found.kept)) kept.set(key, found.kept);
    return found;
  }

  function forgetWhenDone(key: string, flight: Flight<Landed<unknown>>): void {
    const forget = (): void => {
      if (flights.get(key) === flight) flights.delete(key);
    };
    flight.outcome.then(forget).catch(forget);
  }

  /** One that was computed from newer publications than are known here. */
  async function isCurrentOrSoon(answer: KeptAnswer): Promise<boolean> {
    const sequence = liveLoads.current()?.sequence ?? 0;
    if (answer.sequence > sequence) await liveLoads.refresh().catch(() => undefined);
    return isCurrent(answer);
  }

  return {
    get,
    bytes: () => kept.calculatedSize,
    async answer<Failure>(question: Question<Failure>) {
      const { key, client, gone, deadlineMs } = question;
      let attempts = 0;
      for (let isFirst = true; ; isFirst = false) {
        const held = get(key);
        if (held !== undefined) return { kept: held, outcome: isFirst ? 'hit' : 'joined' };
        // Others have failed until its time was over: what that means for it is its own.
        if (!isFirst && deadlineMs() <= 0) return compute(question, gone);
        let flight = flights.get(key) as Flight<Landed<Failure>> | undefined;
        const isMine = flight === undefined;
        if (flight === undefined) {
          flight = new Flight(gone, (allGone) => fly(question, allGone));
          flights.set(key, flight);
          forgetWhenDone(key, flight);
        } else void flight.join(gone).catch(() => undefined);
        const found = await flight.outcome;
        if (found.kept === undefined) {
          const { concerns } = found;
          if (isMine || concerns === 'all' || (concerns === 'client' && found.client === client))
            return found;
          continue;
        }
        attempts += 1;
        // A publication came meanwhile: whoever has seen its answers must not be given an older one.
        if (attempts < ATTEMPTS && !isCurrent(found.kept)) continue;
        return isMine ? found : { ...found, outcome: 'joined' };
      }
    },
  };
}

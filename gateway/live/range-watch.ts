/** Tells of every publication that touched a range, and of no other; equal questions are one. */
import type { Logger } from '../../config/logging.ts';
import type { Snapshot } from '../load-log.ts';
import type { Span } from '../percentile/pickup-range.ts';
import { inTurns } from './in-turns.ts';
import { createLatest, type Latest } from './latest.ts';

export interface WatchedQuestion {
  span: Span;
  interpolate: boolean;
}

export interface RangeWatch<Answer> {
  /**
   * A new answer after each publication that added or removed trips on the days of the span; the newest for a reader that is slower than they are.
   * @param since the data version that the reader knows of; by default the one at the first read
   */
  watch(question: WatchedQuestion, since?: number): AsyncIterableIterator<Answer>;
  /** To be called with each new snapshot. */
  published(snapshot: Snapshot): void;
  /** Distinct questions and readers. */
  size(): { questions: number; readers: number };
  /** Ends every stream. */
  close(): void;
}

interface Watched<Answer> {
  key: string;
  question: WatchedQuestion;
  /** Of the span in the newest snapshot; undefined before there is one. */
  version: number | undefined;
  /** With the data version that each knows of; undefined before there is a snapshot. */
  readers: Map<Latest<Answer>, number | undefined>;
  /** From the begin of a computation until each reader was told. */
  busy: boolean;
  /** Aborted when nobody reads any more. */
  gone: AbortController;
}

/** Questions that are computed at the same time: enough that their pages are few statements. */
const AT_ONCE = 64;
const FIRST_REST_MS = 1_000;
const LONGEST_REST_MS = 10_000;

/**
 * @param current the newest snapshot; the same as was last `published`
 * @param compute of a snapshot that is at least as new as the newest when it begins. It may fail: it is asked again until it answers.
 */
export function createRangeWatch<Answer extends { dataVersion: number }>({
  current,
  compute,
  logger,
}: {
  current: () => Snapshot | undefined;
  compute: (question: WatchedQuestion, gone: AbortSignal) => Promise<Answer>;
  logger: Logger;
}): RangeWatch<Answer> {
  const byKey = new Map<string, Watched<Answer>>();
  /** Those to be computed, in order. */
  const queue = new Set<Watched<Answer>>();
  let readers = 0;
  let closed = false;
  let running = 0;
  let turn: NodeJS.Immediate | undefined;
  /** Rests since the last success. What fails is most likely the warehouse: one attempt at a time finds out whether it is back. */
  let rests = 0;
  let resting: NodeJS.Timeout | undefined;

  function entryOf(question: WatchedQuestion): Watched<Answer> {
    const { span, interpolate } = question;
    const key = `${span.from} ${span.to} ${interpolate}`;
    const known = byKey.get(key);
    if (known !== undefined) return known;
    const version = current()?.versionOf(span);
    const gone = new AbortController();
    const entry = { key, question, version, readers: new Map(), busy: false, gone };
    byKey.set(key, entry);
    return entry;
  }

  /** Does a reader not know of the newest version yet? */
  function isBehind({ version, readers }: Watched<Answer>): boolean {
    if (version === undefined) return false;
    for (const seen of readers.values()) if (seen !== undefined && seen < version) return true;
    return false;
  }

  function compareAnew(entry: Watched<Answer>): void {
    if (!entry.busy && isBehind(entry)) queue.add(entry);
    begin();
  }

  /** In a turn of its own: what begins together is read together, and other requests are not held up by thousands of questions. */
  function begin(): void {
    if (queue.size > 0) turn ??= setImmediate(beginNow);
  }

  function beginNow(): void {
    turn = undefined;
    for (const entry of queue) {
      if (resting !== undefined || running >= (rests > 0 ? 1 : AT_ONCE)) return;
      queue.delete(entry);
      entry.busy = true;
      running += 1;
      void tell(entry);
    }
  }

  async function tell(entry: Watched<Answer>): Promise<void> {
    try {
      const answer = await compute(entry.question, entry.gone.signal);
      rests = 0;
      await inTurns(entry.readers.keys(), (reader) => {
        const seen = entry.readers.get(reader);
        if (seen === undefined || seen >= answer.dataVersion) return;
        entry.readers.set(reader, answer.dataVersion);
        reader.put(answer);
      });
    } catch (error) {
      if (entry.readers.size > 0) rest(error);
    }
    entry.busy = false;
    running -= 1;
    // Behind the others: after a failure, and when there was a publication meanwhile.
    compareAnew(entry);
  }

  function rest(error: unknown): void {
    if (resting !== undefined) return;
    if (rests === 0)
      logger.warn({ error: String(error) }, 'subscribers wait for a new p90: it is tried again');
    resting = setTimeout(wake, Math.min(FIRST_REST_MS * 2 ** rests, LONGEST_REST_MS));
    rests += 1;
  }

  function wake(): void {
    clearTimeout(resting);
    resting = undefined;
    begin();
  }

  function leave(entry: Watched<Answer>, reader: Latest<Answer>): void {
    readers -= 1;
    entry.readers.delete(reader);
    if (entry.readers.size > 0) return;
    byKey.delete(entry.key);
    queue.delete(entry);
    entry.gone.abort();
    if (byKey.size === 0) wake();
  }

  return {
    watch(question, since) {
      let entry: Watched<Answer> | undefined;
      return createLatest<Answer>({
        begin(reader) {
          if (closed) return reader.end();
          readers += 1;
          entry = entryOf(question);
          entry.readers.set(reader, since ?? entry.version);
          compareAnew(entry);
        },
        over(reader) {
          if (entry !== undefined) leave(entry, reader);
        },
      }).stream;
    },
    published(snapshot) {
      for (const entry of byKey.values()) {
        const version = snapshot.versionOf(entry.question.span);
        if (version === entry.version) continue;
        entry.version = version;
        // Nothing was known when these began: this is where they begin from.
        for (const [reader, seen] of entry.readers)
          if (seen === undefined) entry.readers.set(reader, version);
        if (!entry.busy && isBehind(entry)) queue.add(entry);
      }
      // The warehouse has answered: no need to rest on.
      wake();
    },
    size: () => ({ questions: byKey.size, readers }),
    close() {
      closed = true;
      for (const entry of byKey.values()) for (const reader of entry.readers.keys()) reader.end();
    },
  };
}

/** The live list: which load of each file counts now, kept in memory, and at which version each day is. */
import { LRUCache } from 'lru-cache';
import type { Logger } from '../config/logging.ts';
import { ClickHouseError, WarehouseAnswerError, type Warehouse } from '../warehouse/warehouse.ts';
import { ALONE, type NewestSequence } from './processes/newest-sequence.ts';
import { LoadLog, type Snapshot } from './load-log.ts';
import { startPacedPoll } from './paced-poll.ts';
import { readPublications, type ReadPublications } from './read-publications.ts';

/** A table, or a column that a newer worker has not added yet. */
const NOT_MIGRATED: readonly string[] = ['60', '47'];

export interface LiveLoads {
  /** The newest snapshot known; undefined before the first one was read. Never goes back in time. */
  current(): Snapshot | undefined;
  /**
   * Reads what was published until now: by a statement that begins after the call, as one that is under way may have looked before it. Callers that
   * wait for the same statement share it.
   */
  refresh(): Promise<Snapshot>;
  /** Refreshes unless the publication of that sequence is known; once, as what others say may be wrong. */
  refreshTo(sequence: number): Promise<void>;
  /**
   * Has another process of this gateway answered from newer publications, or was nothing read for so long that some may be missed? Then `catchUp` before
   * you answer. Polls are frequent while this is asked, and rare while it is not.
   */
  isBehind(): boolean;
  /** @returns whether one may answer now: also while the warehouse is away, but never from older publications than another process did */
  catchUp(): Promise<boolean>;
  /** When the warehouse was last read, by `performance.now()`; -Infinity before. */
  lastRead(): number;
  /** Is it there, as far as is known? One of which nothing was read for so long, beyond the pause between polls, is not. */
  wasReadWithin(ms: number): boolean;
  /** Polls are frequent while somebody waits for news. */
  pollQuicklyWhile(isAwaited: () => boolean): void;
  /** What is wrong with the warehouse, for people; undefined while it answers. */
  trouble(): string | undefined;
  /** As it was at an earlier sequence; undefined for one that is not reached yet. */
  at(sequence: number): Snapshot | undefined;
  /** Calls the listener after the first read, and after each that brought something new: `current()` is the snapshot already. It must not throw. */
  onSnapshot(listener: (snapshot: Snapshot) => void): void;
  stop(): void;
}

/**
 * An answer knows what was published a second before its question was sent, also in a process that gets no time to poll: one whose newest read began
 * longer ago than this reads again first.
 */
const MOST_LATE_MS = 900;
/** A warehouse that takes longer is away, and answers go on without it until it is quicker. */
const CATCH_UP_MS = 3_000;
/** A publication that is not there for so long after one that follows it is missing. */
const GAP_MS = 10_000;
/** Earlier snapshots that are kept at hand. */
const MOST_PAST = 16;

/** Starts polling at once, every `pollEveryMs`; less often while nobody asks. */
export function followLiveLoads({
  warehouse,
  source,
  logger,
  pollEveryMs,
  newest = ALONE,
}: {
  warehouse: Warehouse;
  source: string;
  logger: Logger;
  pollEveryMs: number;
  newest?: NewestSequence;
}): LiveLoads {
  let log = new LoadLog();
  /** The last publication of the chain that was taken, of whatever source. */
  let taken = 0;
  /** Since when a publication waits for one before it that is not there, by `performance.now()`. */
  let gapSince: number | undefined;
  const listeners: ((snapshot: Snapshot) => void)[] = [];
  const past = new LRUCache<number, Snapshot>({ max: MOST_PAST });
  let snapshot: Snapshot | undefined;
  let reading: Promise<Snapshot> | undefined;
  /** The read that begins when the one under way has ended. */
  let next: Promise<Snapshot> | undefined;
  const startedAt = performance.now();
  let away = false;
  let hasTables = true;
  let trouble: string | undefined;
  let lastRead = -Infinity;
  /** When the read under way began. */
  let readingSince = -Infinity;
  /** When the newest read that has ended began. */
  let knownAsOf = -Infinity;
  /** Does it answer, and soon? */
  let mayWait = false;

  /** Every publication after that one; where the publisher gave up the one that was taken last, all of them, into a new log. */
  async function readAfter(after: number): Promise<ReadPublications> {
    const found = await readPublications(warehouse, { source, after });
    if (!found.forked || after === 0) return found;
    logger.warn({ taken: after }, 'the publisher went on from an earlier publication: the log is read again');
    const all = await readPublications(warehouse, { source, after: 0 });
    log = new LoadLog();
    taken = 0;
    past.clear();
    return all;
  }
  function noteGap(waiting: readonly number[]): void {
    if (waiting.length === 0) gapSince = undefined;
    else if (gapSince === undefined) {
      gapSince = performance.now();
      logger.warn(
        { taken, waiting: waiting.slice(0, 10) },
        'publications wait for one that is not there yet',
      );
    }
  }
  const hasGap = (): boolean => gapSince !== undefined && performance.now() - gapSince > GAP_MS;

  async function read(): Promise<Snapshot> {
    const began = performance.now();
    readingSince = began;
    const found = await readAfter(taken);
    lastRead = performance.now();
    knownAsOf = began;
    mayWait = lastRead - began < CATCH_UP_MS;
    if (!mayWait)
      logger.warn(
        { milliseconds: Math.round(lastRead - began) },
        'the warehouse took long to tell of publications: answers do not wait for it until it is quicker',
      );
    noteGap(found.waiting);
    const { publications } = found;
    if (snapshot === undefined || publications.length > 0) {
      taken = publications.at(-1)?.sequence ?? taken;
      log.append(publications);
      newest.announce(log.lastSequence);
      snapshot = log.snapshot();
      for (const listener of listeners) listener(snapshot);
      if (publications.length > 0)
        logger.debug({ sequence: snapshot.sequence, files: snapshot.liveByFile.size }, 'new publications');
    }
    return snapshot;
  }
  function begin(): Promise<Snapshot> {
    next = undefined;
    reading = read()
      .catch((error: unknown) => {
        mayWait = false;
        throw error;
      })
      .finally(() => {
        reading = undefined;
      });
    return reading;
  }
  const refresh = (): Promise<Snapshot> => {
    if (next !== undefined) return next;
    if (reading === undefined) return begin();
    next = reading.then(begin, begin);
    return next;
  };
  const isOlder = (): boolean => newest.read() > (snapshot?.sequence ?? 0);
  const isLate = (): boolean => mayWait && performance.now() - knownAsOf > MOST_LATE_MS;
  async function catchUp(): Promise<boolean> {
    const mayJoin = !isOlder() && performance.now() - readingSince <= MOST_LATE_MS;
    const read = mayJoin && reading !== undefined ? reading : refresh();
    await Promise.race([read.catch(() => undefined), after(CATCH_UP_MS)]);
    if (isLate()) mayWait = false;
    return !isOlder();
  }
  const poll = async (): Promise<void> => {
    try {
      await (reading ?? next ?? begin());
      if (away) logger.info(hasTables ? 'the warehouse is back' : 'the warehouse has its tables');
      away = false;
      hasTables = true;
      trouble = undefined;
    } catch (error) {
      trouble = troubleOf(error);
      const unmigrated = error instanceof ClickHouseError && NOT_MIGRATED.includes(error.code);
      if (away) return;
      hasTables = !unmigrated;
      if (unmigrated) logger.info('the warehouse has no tables yet: the worker makes them');
      else logger.warn({ error: String(error) }, 'the warehouse does not answer: cached answers only');
      away = true;
    }
  };
  const awaited: (() => boolean)[] = [];
  const polling = startPacedPoll({
    poll,
    everyMs: pollEveryMs,
    isBusy: () => snapshot === undefined || away || gapSince !== undefined || awaited.some((is) => is()),
  });
  const wasReadWithin = (ms: number, since = lastRead): boolean =>
    performance.now() - since < ms + polling.pauseMs();
  return {
    current: () => snapshot,
    refresh,
    async refreshTo(sequence) {
      if ((snapshot?.sequence ?? 0) < sequence) await refresh();
    },
    isBehind() {
      polling.asked();
      return isOlder() || isLate();
    },
    catchUp,
    lastRead: () => lastRead,
    wasReadWithin: (ms) => wasReadWithin(ms),
    pollQuicklyWhile: (isAwaited) => void awaited.push(isAwaited),
    trouble() {
      const isSilent = !wasReadWithin(CATCH_UP_MS, Math.max(lastRead, startedAt));
      return trouble ?? (isSilent ? AWAY : hasGap() ? GAP : undefined);
    },
    at(sequence) {
      if (snapshot === undefined || sequence > snapshot.sequence) return undefined;
      const held = past.get(sequence) ?? log.snapshotAt(sequence);
      past.set(sequence, held);
      return held;
    },
    onSnapshot: (listener) => void listeners.push(listener),
    stop() {
      polling.stop();
      newest.close();
    },
  };
}

const GAP =
  'The log of publications lacks one that others follow: what was published after it is not shown. The gateway’s log says which.';
const AWAY = 'The warehouse does not answer: answers that need it are refused.';

/** Nothing of the error itself: it may hold whatever answered. */
function troubleOf(error: unknown): string {
  if (error instanceof WarehouseAnswerError)
    return 'What answers at the warehouse’s address is not ClickHouse, or its answers come cut: the gateway’s log says what is wrong with them.';
  if (error instanceof ClickHouseError && NOT_MIGRATED.includes(error.code))
    return 'The warehouse has no tables yet: the worker makes them when it starts.';
  return AWAY;
}

const after = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms).unref());

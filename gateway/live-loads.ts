/** The live list: which load of each file counts now, kept in memory, and at which version each day is. */
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { Logger } from '../config/logging.ts';
import { count, day, loadId, moment, smallCount } from '../warehouse/row-shapes.ts';
import { ClickHouseError, statement, WarehouseAnswerError, type Warehouse } from '../warehouse/warehouse.ts';
import { ALONE, type NewestSequence } from './processes/newest-sequence.ts';
import { LoadLog, type Publication, type Snapshot } from './load-log.ts';

const PUBLICATION_ROW = z.object({
  sequence: count,
  source: z.string(),
  filename: z.string(),
  load_id: loadId,
  version: z.string(),
  rows: count,
  days: z.record(day, smallCount),
  data_through: moment.nullable(),
  published_at: moment,
});

const UNKNOWN_TABLE = '60';
const READ_DEADLINE_MS = 10_000;

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
   * you answer.
   */
  isBehind(): boolean;
  /** @returns whether one may answer now: also while the warehouse is away, but never from older publications than another process did */
  catchUp(): Promise<boolean>;
  /** When the warehouse was last read, by `performance.now()`; -Infinity before. */
  lastRead(): number;
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
/** Earlier snapshots that are kept at hand. */
const MOST_PAST = 16;

/** Starts polling at once, every `pollEveryMs`. */
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
  const log = new LoadLog();
  const listeners: ((snapshot: Snapshot) => void)[] = [];
  let snapshot: Snapshot | undefined;
  let reading: Promise<Snapshot> | undefined;
  /** The read that begins when the one under way has ended. */
  let next: Promise<Snapshot> | undefined;
  const startedAt = performance.now();
  let away = false;
  let trouble: string | undefined;
  let lastRead = -Infinity;
  /** When the read under way began. */
  let readingSince = -Infinity;
  /** When the newest read that has ended began. */
  let knownAsOf = -Infinity;
  /** Does it answer, and soon? */
  let mayWait = false;

  async function read(): Promise<Snapshot> {
    const began = performance.now();
    readingSince = began;
    const rows = await warehouse.rows(statement('read_publications'), {
      row: PUBLICATION_ROW,
      params: { source, after: log.lastSequence },
      deadlineMs: READ_DEADLINE_MS,
    });
    lastRead = performance.now();
    knownAsOf = began;
    mayWait = lastRead - began < CATCH_UP_MS;
    if (snapshot === undefined || rows.length > 0) {
      log.append(rows.map(parsePublication));
      newest.announce(log.lastSequence);
      snapshot = log.snapshot();
      for (const listener of listeners) listener(snapshot);
      if (rows.length > 0)
        logger.info({ sequence: snapshot.sequence, files: snapshot.liveByFile.size }, 'new publications');
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
      if (away) logger.info('the warehouse is back');
      away = false;
      trouble = undefined;
    } catch (error) {
      trouble = troubleOf(error);
      const unmigrated = error instanceof ClickHouseError && error.code === UNKNOWN_TABLE;
      if (away) return;
      if (unmigrated) logger.info('the warehouse has no tables yet: the worker makes them');
      else logger.warn({ error: String(error) }, 'the warehouse does not answer: cached answers only');
      away = true;
    }
  };
  void poll();
  const timer = setInterval(() => void poll(), pollEveryMs);
  const past = new LRUCache<number, Snapshot>({ max: MOST_PAST });
  return {
    current: () => snapshot,
    refresh,
    async refreshTo(sequence) {
      if ((snapshot?.sequence ?? 0) < sequence) await refresh();
    },
    isBehind: () => isOlder() || isLate(),
    catchUp,
    lastRead: () => lastRead,
    trouble() {
      const isSilent = performance.now() - Math.max(lastRead, startedAt) > CATCH_UP_MS;
      return trouble ?? (isSilent ? AWAY : undefined);
    },
    at(sequence) {
      if (snapshot === undefined || sequence > snapshot.sequence) return undefined;
      const held = past.get(sequence) ?? log.snapshotAt(sequence);
      past.set(sequence, held);
      return held;
    },
    onSnapshot: (listener) => void listeners.push(listener),
    stop() {
      clearInterval(timer);
      newest.close();
    },
  };
}

const AWAY = 'The warehouse does not answer: answers that need it are refused.';

/** Nothing of the error itself: it may hold whatever answered. */
function troubleOf(error: unknown): string {
  if (error instanceof WarehouseAnswerError)
    return 'What answers at the warehouse’s address is not ClickHouse, or its answers come cut: the gateway’s log says what is wrong with them.';
  if (error instanceof ClickHouseError && error.code === UNKNOWN_TABLE)
    return 'The warehouse has no tables yet: the worker makes them when it starts.';
  return AWAY;
}

const after = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms).unref());

function parsePublication(row: z.infer<typeof PUBLICATION_ROW>): Publication {
  return {
    sequence: row.sequence,
    source: row.source,
    filename: row.filename,
    loadId: row.load_id,
    version: row.version,
    rows: row.rows,
    days: new Map(Object.entries(row.days).map(([date, trips]) => [dayNumber(date), trips])),
    dataThrough: row.data_through,
    publishedAt: row.published_at,
  };
}

/** Days since 1970 of `YYYY-MM-DD`. */
function dayNumber(date: string): number {
  return Date.parse(`${date}T00:00:00Z`) / 86_400_000;
}

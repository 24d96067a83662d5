/** The live list: which load of each file counts now, kept in memory, and at which version each day is. */
import { LRUCache } from 'lru-cache';
import type { Logger } from '../config/logging.ts';
import { ClickHouseError, statement, type Warehouse } from '../warehouse/warehouse.ts';
import { ALONE, type NewestSequence } from './processes/newest-sequence.ts';
import { LoadLog, type Publication, type Snapshot } from './load-log.ts';

interface PublicationRow {
  sequence: string;
  source: string;
  filename: string;
  load_id: string;
  version: string;
  rows: string;
  rejected: string;
  days: Record<string, number>;
  data_through: string | null;
  published_at: string;
}

const UNKNOWN_TABLE = '60';
const READ_DEADLINE_MS = 10_000;

export interface LiveLoads {
  /** The newest snapshot known; undefined before the first one was read. Never goes back in time. */
  current(): Snapshot | undefined;
  /** Reads what was published since; callers at the same time share one statement. */
  refresh(): Promise<Snapshot>;
  /** The same, until the publication of that sequence is known; a few times at most, as what others say may be wrong. */
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
/** A read that was under way already may be too old, and the one after it is not. */
const MOST_READS = 3;
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
  let away = false;
  let lastRead = -Infinity;
  /** When the newest read that has ended began. */
  let knownAsOf = -Infinity;
  /** Does it answer, and soon? */
  let mayWait = false;
  let catchingUp: Promise<boolean> | undefined;

  async function read(): Promise<Snapshot> {
    const began = performance.now();
    const rows = await warehouse.rows<PublicationRow>(statement('read_publications'), {
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
  const refresh = (): Promise<Snapshot> => {
    reading ??= read()
      .catch((error: unknown) => {
        mayWait = false;
        throw error;
      })
      .finally(() => {
        reading = undefined;
      });
    return reading;
  };
  const isOlder = (): boolean => newest.read() > (snapshot?.sequence ?? 0);
  const isLate = (): boolean => mayWait && performance.now() - knownAsOf > MOST_LATE_MS;
  async function catchUp(): Promise<boolean> {
    let hasEnded = true;
    // A read that was under way already may be too old, and the one after it is not.
    for (let attempt = 0; attempt < 2 && hasEnded && (isOlder() || isLate()); attempt += 1) {
      const ended = refresh().then(
        () => true,
        () => true,
      );
      hasEnded = await Promise.race([ended, after(CATCH_UP_MS)]);
    }
    if (isLate()) mayWait = false;
    return !isOlder();
  }
  const poll = async (): Promise<void> => {
    try {
      await refresh();
      if (away) logger.info('the warehouse is back');
      away = false;
    } catch (error) {
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
      for (let attempt = 0; attempt < MOST_READS && (snapshot?.sequence ?? 0) < sequence; attempt += 1)
        await refresh();
    },
    isBehind: () => isOlder() || isLate(),
    catchUp() {
      catchingUp ??= catchUp().finally(() => {
        catchingUp = undefined;
      });
      return catchingUp;
    },
    lastRead: () => lastRead,
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

const after = (ms: number): Promise<false> =>
  new Promise((resolve) => void setTimeout(resolve, ms, false).unref());

function parsePublication(row: PublicationRow): Publication {
  return {
    sequence: Number(row.sequence),
    source: row.source,
    filename: row.filename,
    loadId: row.load_id,
    version: row.version,
    rows: Number(row.rows),
    days: new Map(Object.entries(row.days).map(([day, trips]) => [dayNumber(day), trips])),
    dataThrough: row.data_through,
    publishedAt: row.published_at,
  };
}

/** Days since 1970 of `YYYY-MM-DD`. */
function dayNumber(day: string): number {
  return Date.parse(`${day}T00:00:00Z`) / 86_400_000;
}

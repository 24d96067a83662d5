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
  /** Has another process of this gateway answered from newer publications? Then refresh first. */
  isBehind(): boolean;
  /** When the warehouse was last read, by `performance.now()`; -Infinity before. */
  lastRead(): number;
  /** As it was at an earlier sequence; undefined for one that is not reached yet. */
  at(sequence: number): Snapshot | undefined;
  /** Calls the listener after the first read, and after each that brought something new: `current()` is the snapshot already. It must not throw. */
  onSnapshot(listener: (snapshot: Snapshot) => void): void;
  stop(): void;
}

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

  async function read(): Promise<Snapshot> {
    const rows = await warehouse.rows<PublicationRow>(statement('read_publications'), {
      params: { source, after: log.lastSequence },
      deadlineMs: READ_DEADLINE_MS,
    });
    lastRead = performance.now();
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
    reading ??= read().finally(() => {
      reading = undefined;
    });
    return reading;
  };
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
    isBehind: () => newest.read() > (snapshot?.sequence ?? 0),
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

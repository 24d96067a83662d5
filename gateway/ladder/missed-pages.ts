/**
 * Pages that are not in memory, and who waits for them. Each is read once, whoever wants it; clients take turns, page by page, so that one with
 * thousands of them delays nobody else by more than the statements under way; and what nobody waits for any more is not read.
 */
import type { Snapshot } from '../load-log.ts';

/** Of one rung at a time: what is missed while they run is one statement after them. */
const STATEMENTS_AT_ONCE = 2;
/** Pages of one rung: 16 statements or more. A request of fifty questions misses a few hundred. */
const MOST_WAITING = 2_000;

/** Who wants pages. Its signal is asked for when there is something to wait for. */
export interface Asker {
  cost: { client: string };
  patience: () => { signal: AbortSignal };
}

export interface Bucket {
  snapshot: Snapshot;
  unit: number;
  /** Highest sequence that touched it. */
  version: number;
}

/** A client waits for as many pages as it may. */
export class TooManyPagesError extends Error {
  override name = 'TooManyPagesError';
  readonly waiting: number;

  constructor(waiting: number) {
    super(`${waiting} pages are waited for already`);
    this.waiting = waiting;
  }
}

interface Missed<Page> {
  bucket: Bucket;
  page: Promise<Page>;
  resolve: (page: Page) => void;
  reject: (reason: unknown) => void;
  /** By client: how each of its askers leaves. Empty once it is being read. */
  askers: Map<string, Map<AbortSignal, () => void>>;
  isRead: boolean;
}

export interface MissedPages<Page> {
  /**
   * @param accept of the page that was read: until it has ended, who wants the same page gets the same one
   * @throws TooManyPagesError at once; the asker's reason, when nobody waits for the page any more
   */
  load(bucket: Bucket, asker: Asker, accept: (page: Page) => Promise<Page>): Promise<Page>;
}

/** @param read pages in the order of their buckets, which are at most `mostAtOnce` and of one snapshot */
export function createMissedPages<Page>({
  keyOf,
  mostAtOnce,
  read,
}: {
  keyOf: (bucket: Bucket) => string;
  mostAtOnce: number;
  read: (buckets: readonly Bucket[]) => Promise<Page[]>;
}): MissedPages<Page> {
  const byKey = new Map<string, Missed<Page>>();
  /** Of clients that wait, in the order of their turns. */
  const queues = new Map<string, Set<Missed<Page>>>();
  let running = 0;
  let isScheduled = false;

  function missedOf(bucket: Bucket): Missed<Page> {
    let resolve: Missed<Page>['resolve'] = () => undefined;
    let reject: Missed<Page>['reject'] = () => undefined;
    const page = new Promise<Page>((onRead, onFailure) => {
      resolve = onRead;
      reject = onFailure;
    });
    return { bucket, page, resolve, reject, askers: new Map(), isRead: false };
  }

  function forget(missed: Missed<Page>): void {
    const key = keyOf(missed.bucket);
    if (byKey.get(key) === missed) byKey.delete(key);
  }

  function dequeue(client: string, missed: Missed<Page>): void {
    const queue = queues.get(client);
    queue?.delete(missed);
    if (queue?.size === 0) queues.delete(client);
  }

  function join(missed: Missed<Page>, client: string, signal: AbortSignal): void {
    const own = missed.askers.get(client) ?? new Map<AbortSignal, () => void>();
    if (own.has(signal)) return;
    const leave = (): void => {
      own.delete(signal);
      if (own.size > 0) return;
      missed.askers.delete(client);
      dequeue(client, missed);
      if (missed.askers.size > 0) return;
      forget(missed);
      missed.reject(signal.reason);
    };
    own.set(signal, leave);
    missed.askers.set(client, own);
    const queue = queues.get(client) ?? new Set();
    queues.set(client, queue.add(missed));
    signal.addEventListener('abort', leave, { once: true });
  }

  function begin(missed: Missed<Page>): void {
    missed.isRead = true;
    for (const [client, own] of missed.askers) {
      dequeue(client, missed);
      for (const [signal, leave] of own) signal.removeEventListener('abort', leave);
    }
    missed.askers.clear();
  }

  /** Of the snapshot of whose turn it is; clients that wait for another one first keep their places. */
  function nextBatch(): Missed<Page>[] {
    const batch: Missed<Page>[] = [];
    for (let before = -1; before < batch.length && batch.length < mostAtOnce;) {
      before = batch.length;
      for (const [client, queue] of [...queues]) {
        const [first] = queue;
        if (first === undefined || batch.length >= mostAtOnce) continue;
        if (first.bucket.snapshot !== (batch[0] ?? first).bucket.snapshot) continue;
        begin(first);
        batch.push(first);
        // Its client's next turn is after everybody else's.
        if (queues.delete(client)) queues.set(client, queue);
      }
    }
    return batch;
  }

  async function readBatch(batch: readonly Missed<Page>[]): Promise<void> {
    running += 1;
    try {
      const pages = await read(batch.map(({ bucket }) => bucket));
      for (const [index, { resolve }] of batch.entries()) resolve(pages[index]!);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
    running -= 1;
    beginNext();
  }

  /** At the end of the tick, or when a statement before has ended. */
  function schedule(): void {
    if (isScheduled || running >= STATEMENTS_AT_ONCE) return;
    isScheduled = true;
    setImmediate(beginNext);
  }

  function beginNext(): void {
    isScheduled = false;
    while (running < STATEMENTS_AT_ONCE && queues.size > 0) void readBatch(nextBatch());
  }

  return {
    async load(bucket, { cost: { client }, patience }, accept) {
      const { signal } = patience();
      signal.throwIfAborted();
      const key = keyOf(bucket);
      const missed = byKey.get(key) ?? missedOf(bucket);
      if (!missed.isRead) {
        const queue = queues.get(client);
        if (queue !== undefined && queue.size >= MOST_WAITING && !queue.has(missed))
          throw new TooManyPagesError(queue.size);
        byKey.set(key, missed);
        join(missed, client, signal);
        schedule();
      }
      try {
        return await accept(await missed.page);
      } finally {
        forget(missed);
      }
    },
  };
}

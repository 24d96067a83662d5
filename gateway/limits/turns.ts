/** Who goes next, of several clients that all want to. */
import { createHolders } from './holders.ts';

interface Waiting {
  begin: () => void;
}

export interface Turns {
  /**
   * Waits for a turn. Clients take turns; of one client, who came first goes first.
   * @returns ends the turn; to be called once the work is over, more than once does no harm
   * @throws TooManyWaitingError at once; the signal's reason, once it aborts
   */
  take(client: string, signal: AbortSignal): Promise<() => void>;
  running(): number;
  waiting(): number;
}

/** There is no place in the queue. */
export class TooManyWaitingError extends Error {
  readonly waiting: number;
  /** Or all clients together. */
  readonly ofOneClient: boolean;

  constructor({ waiting, ofOneClient }: { waiting: number; ofOneClient: boolean }) {
    super(`${waiting} wait already`);
    this.waiting = waiting;
    this.ofOneClient = ofOneClient;
  }
}

/** Never more than `atOnce` turns at a time, `atOncePerClient` of them one client's. */
export function createTurns({
  atOnce,
  atOncePerClient,
  mostWaiting,
  mostWaitingPerClient,
}: {
  atOnce: number;
  atOncePerClient: number;
  mostWaiting: number;
  mostWaitingPerClient: number;
}): Turns {
  /** Of clients that wait, in the order of their turns. A set keeps the order, and lets those in the midst of it go. */
  const queues = new Map<string, Set<Waiting>>();
  const running = createHolders();
  let waiting = 0;

  function beginNext(): void {
    while (running.all() < atOnce) {
      const client = nextClient();
      if (client === undefined) return;
      const queue = queues.get(client);
      const [first] = queue ?? [];
      if (queue === undefined || first === undefined) return;
      // Its client's next turn is after everybody else's.
      queues.delete(client);
      queues.set(client, queue);
      leave(client, first);
      first.begin();
    }
  }

  /** Passes those who have all they may; these are fewer than there are turns at once. */
  function nextClient(): string | undefined {
    for (const client of queues.keys()) if (running.of(client) < atOncePerClient) return client;
    return undefined;
  }

  function leave(client: string, who: Waiting): void {
    const queue = queues.get(client);
    if (queue?.delete(who) !== true) return;
    waiting -= 1;
    if (queue.size === 0) queues.delete(client);
  }

  /** Its first place in the queue is its place in the round. */
  function join(client: string, who: Waiting): void {
    const queue = queues.get(client) ?? new Set();
    queues.set(client, queue);
    queue.add(who);
    waiting += 1;
  }

  return {
    async take(client, signal) {
      signal.throwIfAborted();
      const own = queues.get(client)?.size ?? 0;
      if (own >= mostWaitingPerClient) throw new TooManyWaitingError({ waiting: own, ofOneClient: true });
      if (waiting >= mostWaiting) throw new TooManyWaitingError({ waiting, ofOneClient: false });
      return new Promise((resolve, reject) => {
        const giveUp = (): void => {
          leave(client, who);
          reject(signal.reason as Error);
        };
        const who: Waiting = {
          begin() {
            signal.removeEventListener('abort', giveUp);
            const end = running.enter(client);
            resolve(() => {
              end();
              beginNext();
            });
          },
        };
        join(client, who);
        signal.addEventListener('abort', giveUp, { once: true });
        beginNext();
      });
    },
    running: running.all,
    waiting: () => waiting,
  };
}

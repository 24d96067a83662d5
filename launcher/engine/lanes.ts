import { availableParallelism } from 'node:os';
import type { EngineUser } from './engine-credentials.ts';
import { exceptionOf } from './exception.ts';
import { READ_VERBS } from './statement.ts';

/**
 * Who may run how much at once. Each lane has its own permits, so that neither loads nor strangers make the gateway's reads wait:
 * - `news`: what was published: every answer may wait for it
 * - `reads`: reads of ours, at most a few milliseconds each
 * - `scans`: questions that read many trips, seconds at times
 * - `downloads`: as long as their readers take
 * - `writes`: small writes of ours
 * - `loads`: files that are loaded, seconds to minutes each
 * - `strangers`: readers, and everybody else
 */
export type LaneName = 'news' | 'reads' | 'scans' | 'downloads' | 'writes' | 'loads' | 'strangers';

/** More loads at once than there are cores only wait for each other: with 4 on 2 cores, a backlog took a fifth longer than with 2. */
const LOADS = Math.min(4, Math.max(2, availableParallelism()));

export const LANE_PERMITS: Readonly<Record<LaneName, number>> = {
  news: 2,
  reads: 8,
  scans: 2,
  downloads: 2,
  writes: 2,
  loads: LOADS,
  strangers: 6,
};

/** Of reads, by who asks; all others are `reads`. */
const READ_LANES: ReadonlyMap<string, LaneName> = new Map([
  ['live-list', 'news'],
  ['scan', 'scans'],
  ['download', 'downloads'],
]);

/** More than these waiting in one lane are refused. */
const MAX_WAITING = 1000;

/**
 * The user decides first: a reader is a stranger, whatever it says. Parts of Tripline say in `log_comment` what a statement is for: `{"by":"scan", …}`.
 */
export function laneOf({
  user,
  verb,
  logComment,
}: {
  user: EngineUser;
  verb: string;
  logComment: string | undefined;
}): LaneName {
  if (user === 'reader') return 'strangers';
  const by = byOf(logComment);
  // Somebody with a password of ours and a tool of their own.
  if (by === undefined) return 'strangers';
  if (READ_VERBS.has(verb)) return READ_LANES.get(by) ?? 'reads';
  return by === 'load' ? 'loads' : 'writes';
}

function byOf(logComment: string | undefined): string | undefined {
  let comment: unknown;
  try {
    comment = JSON.parse(logComment ?? 'null');
  } catch {
    return undefined;
  }
  const by = typeof comment === 'object' && comment !== null && 'by' in comment ? comment.by : undefined;
  return typeof by === 'string' ? by : undefined;
}

/** A fair semaphore. */
export class Lane {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(permits: number) {
    this.#free = permits;
  }

  /**
   * Waits for a turn.
   * @returns gives the permit back; call it once
   * @throws the signal's reason when it aborts first; ClickHouseException (202) when too many wait
   */
  async enter(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#free > 0) this.#free--;
    else {
      if (this.#waiting.length >= MAX_WAITING) {
        throw exceptionOf(
          'TOO_MANY_SIMULTANEOUS_QUERIES',
          `Too many simultaneous queries: ${MAX_WAITING} are waiting.`,
        );
      }
      await this.#turn(signal);
    }
    return () => {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    };
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const turn = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(turn), 1);
        reject(signal.reason as Error);
      };
      this.#waiting.push(turn);
      signal.addEventListener('abort', leave, { once: true });
    });
  }
}

export function createLanes(): Readonly<Record<LaneName, Lane>> {
  const lanes = Object.entries(LANE_PERMITS).map(([name, permits]) => [name, new Lane(permits)]);
  return Object.fromEntries(lanes) as Record<LaneName, Lane>;
}

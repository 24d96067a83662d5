/** Answers by question and data version, so that none is ever stale: in the process, and shared through Redis. */
import { LRUCache } from 'lru-cache';
import type { Redis } from 'ioredis';
import type { PercentileCounts } from './percentile/percentile.ts';

export interface AnswerCache {
  get(key: string): Promise<PercentileCounts | undefined>;
  set(key: string, counts: PercentileCounts): Promise<void>;
}

const IN_PROCESS_ENTRIES = 20_000;
/** Seconds. Redis forgets what nobody asks for; nothing becomes wrong with age. */
const REDIS_TTL_SECONDS = 7 * 86_400;
/** Changes when what is stored changes its shape. */
const PREFIX = 'tripline:answer:1:';

/** @param redis undefined: answers are kept in the process alone */
export function createAnswerCache({ redis }: { redis: Redis | undefined }): AnswerCache {
  const local = new LRUCache<string, PercentileCounts>({ max: IN_PROCESS_ENTRIES });
  return {
    async get(key) {
      const held = local.get(key);
      if (held !== undefined || redis === undefined) return held;
      try {
        const stored = parseCounts(await redis.get(PREFIX + key));
        if (stored !== undefined) local.set(key, stored);
        return stored;
      } catch {
        // Redis away means slower, never an error; its state is logged where it is connected.
        return undefined;
      }
    },
    async set(key, counts) {
      local.set(key, counts);
      try {
        await redis?.set(PREFIX + key, JSON.stringify(counts), 'EX', REDIS_TTL_SECONDS);
      } catch {
        // As above.
      }
    },
  };
}

/** Anybody may write to Redis: what is not an answer is none. */
function parseCounts(text: string | null): PercentileCounts | undefined {
  if (text === null) return undefined;
  let stored: unknown;
  try {
    stored = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof stored !== 'object' || stored === null) return undefined;
  const { value, trips, tripsOver } = stored as Record<string, unknown>;
  if (typeof trips !== 'number' || typeof tripsOver !== 'number') return undefined;
  return value === null || typeof value === 'number' ? { value, trips, tripsOver } : undefined;
}

/** What one client may have read in a minute, by all gateways together. */
import type { Redis } from 'ioredis';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { rateLimited, tooExpensive } from '../errors.ts';
import { within } from '../redis/patience.ts';
import { REDIS_PATIENCE_MS } from '../redis/redis-store.ts';

/** A client's minute begins with its first question. */
const MINUTE_SECONDS = 60;
/** A Redis that is slow is as good as none: the answer does not wait for it. After so long it is asked again. */
const REDIS_PAUSE_MS = 1_000;

/** Redis said something that an account cannot be, and is as good as none. */
class NoAccountError extends Error {}

export interface MinuteBudget {
  rowsPerMinute: number;
  /**
   * Without Redis each gateway keeps its own account.
   * @returns gives it back, when nothing of it was read
   * @throws GraphQLError RATE_LIMITED, or TOO_EXPENSIVE when it is more than any minute allows
   */
  charge(client: string, rows: number): Promise<() => void>;
}

/** @param redis which nothing may wait for: see `createRedisStore` */
export function createMinuteBudget({
  redis,
  rowsPerMinute,
}: {
  redis: Redis | undefined;
  rowsPerMinute: number;
}): MinuteBudget {
  const account = { points: rowsPerMinute, duration: MINUTE_SECONDS, keyPrefix: 'tripline:budget' };
  const own = new RateLimiterMemory(account);
  const shared =
    redis === undefined
      ? undefined
      : new RateLimiterRedis({ ...account, storeClient: redis, rejectIfRedisNotReady: true });
  let pausedUntil = 0;
  let isAway = false;

  /** The library's own insurance would ask a Redis that stands still again for each question. */
  async function ask(what: 'consume' | 'reward', client: string, rows: number): Promise<RateLimiterRes> {
    if (shared !== undefined && performance.now() >= pausedUntil) {
      // One question finds out whether it is back, and the others do not wait for that.
      if (isAway) pausedUntil = performance.now() + REDIS_PAUSE_MS;
      try {
        const left = await within(REDIS_PATIENCE_MS, shared[what](client, rows));
        if (!isAccount(left, what === 'consume' ? rows : -rows)) throw new NoAccountError();
        isAway = false;
        pausedUntil = 0;
        return left;
      } catch (error) {
        isAway = !(error instanceof RateLimiterRes && isAccount(error, rows));
        pausedUntil = isAway ? performance.now() + REDIS_PAUSE_MS : 0;
        if (!isAway) throw error;
      }
    }
    return own[what](client, rows);
  }

  return {
    rowsPerMinute,
    async charge(client, rows) {
      if (rows === 0) return () => undefined;
      if (rows > rowsPerMinute)
        throw tooExpensive({ estimatedRows: rows, budgetRowsPerMinute: rowsPerMinute });
      const giveBack = (): void => void ask('reward', client, rows).catch(() => undefined);
      try {
        await ask('consume', client, rows);
      } catch (refusal) {
        if (!(refusal instanceof RateLimiterRes)) throw refusal;
        // What was refused was counted too.
        giveBack();
        throw rateLimited({
          estimatedRows: rows,
          budgetRowsPerMinute: rowsPerMinute,
          remainingRows: Math.max(0, rowsPerMinute - (refusal.consumedPoints - rows)),
          retryAfterSeconds: Math.max(1, Math.ceil(refusal.msBeforeNext / 1_000)),
        });
      }
      return giveBack;
    },
  };
}

/** What was charged is in it, and its minute is not over. @param leastPoints what it must have at least */
const isAccount = ({ consumedPoints, msBeforeNext }: RateLimiterRes, leastPoints: number): boolean =>
  Number.isSafeInteger(consumedPoints) &&
  consumedPoints >= leastPoints &&
  Number.isInteger(msBeforeNext) &&
  msBeforeNext >= 0 &&
  msBeforeNext <= MINUTE_SECONDS * 1_000;

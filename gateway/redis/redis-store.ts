/** Redis as something that helps: every command has little time, and no answer hangs on it. */
import { ReplyError, type Redis } from 'ioredis';
import type { Logger } from '../../config/logging.ts';
import { createRedisClient } from '../../config/redis-client.ts';
import { within } from './patience.ts';

export interface RedisStore {
  /**
   * What the command gave; undefined when Redis is not there, too slow, talks nonsense, or refuses it (full, read-only). Never throws. What
   * a command gives has the shape that it should have; what it says is whatever somebody has written there.
   */
  run<Value>(command: (redis: Redis) => Promise<Value>): Promise<Value | undefined>;
  /** For libraries that take a client, and have patience of their own; undefined without a URL. */
  client: Redis | undefined;
  close(): void;
}

/** Milliseconds. Our commands take less than one. */
export const REDIS_PATIENCE_MS = 250;
/** After which nobody waits for a command any more. */
const GIVEN_UP_MS = 1_000;
/** After a command that took longer, Redis is left alone for so long: a server that hangs must not cost each answer its patience. */
const REST_MS = 1_000;
/** A refusal is told once in this time. */
const SAY_AGAIN_MS = 60_000;

export function createRedisStore({ url, logger }: { url: string | undefined; logger: Logger }): RedisStore {
  if (url === undefined)
    return { run: () => Promise.resolve(undefined), client: undefined, close: () => undefined };
  const { redis, hasAnswered } = createRedisClient(url, { commandTimeout: GIVEN_UP_MS });
  let isAway = false;
  let restUntil = 0;
  let refusalTold = -Infinity;
  const away = (error: Error): void => {
    if (!isAway) logger.warn({ error: error.message }, 'Redis is away: this gateway caches for itself');
    isAway = true;
  };
  const back = (): void => {
    if (isAway) logger.info('Redis is back');
    isAway = false;
    restUntil = 0;
    hasAnswered();
  };
  redis.on('error', away);
  redis.on('ready', () => {
    restUntil = 0;
    // A server that lets one connect may be any: it is back when it answers.
    void run((client) => client.ping());
  });

  async function run<Value>(command: (redis: Redis) => Promise<Value>): Promise<Value | undefined> {
    const now = performance.now();
    if (redis.status !== 'ready' || now < restUntil) return undefined;
    // One command finds out whether it is back, and the others do not wait for that.
    if (isAway) restUntil = now + REST_MS;
    try {
      const value = await within(REDIS_PATIENCE_MS, command(redis));
      back();
      return value;
    } catch (error) {
      // ioredis declares it as any.
      if (error instanceof (ReplyError as ErrorConstructor)) {
        back();
        if (now - refusalTold > SAY_AGAIN_MS)
          logger.warn({ error: error.message }, 'Redis refuses a command: this gateway caches for itself');
        refusalTold = now;
        return undefined;
      }
      restUntil = performance.now() + REST_MS;
      away(error instanceof Error ? error : new Error(String(error)));
      return undefined;
    }
  }

  return { client: redis, run, close: () => redis.disconnect() };
}

import { Redis } from 'ioredis';
import { PUBLICATIONS_CHANNEL } from '../config/announcement.ts';
import type { Logger } from '../config/logging.ts';

export interface GatewayRedis {
  /** Undefined when none is configured. Commands fail at once while Redis is away. */
  cache: Redis | undefined;
  close: () => void;
}

/** Connects the cache and the announcements of publications. Without a URL, says so and goes on. */
export function connectRedis({
  redisUrl,
  onPublication,
  logger,
}: {
  redisUrl: string | undefined;
  onPublication: () => void;
  logger: Logger;
}): GatewayRedis {
  if (redisUrl === undefined) {
    logger.warn('no Redis (REDIS_URL): answers are cached in this process alone');
    return { cache: undefined, close: () => undefined };
  }
  const cache = new Redis(redisUrl, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: 250,
  });
  const subscriber = new Redis(redisUrl, { maxRetriesPerRequest: null });
  let away = false;
  cache.on('error', (error: Error) => {
    if (!away)
      logger.warn({ error: error.message }, 'Redis is away: answers are cached in this process alone');
    away = true;
  });
  cache.on('ready', () => {
    if (away) logger.info('Redis is back');
    away = false;
  });
  // Said once, by the other connection.
  subscriber.on('error', () => undefined);
  subscriber.on('message', onPublication);
  subscriber.subscribe(PUBLICATIONS_CHANNEL).catch(() => undefined);
  return {
    cache,
    close: () => {
      cache.disconnect();
      subscriber.disconnect();
    },
  };
}

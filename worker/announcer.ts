import { PUBLICATIONS_CHANNEL } from '../config/announcement.ts';
import type { Logger } from '../config/logging.ts';
import { createRedisClient } from '../config/redis-client.ts';

export interface Announcer {
  /** Tells gateways of a publication. Never throws and never waits for a Redis that is away: gateways poll in any case. */
  announce: (sequence: number) => Promise<void>;
  close: () => void;
}

export function createAnnouncer({
  redisUrl,
  logger,
}: {
  redisUrl: string | undefined;
  logger: Logger;
}): Announcer {
  if (redisUrl === undefined) return { announce: () => Promise.resolve(), close: () => undefined };
  const { redis, hasAnswered } = createRedisClient(redisUrl, { commandTimeout: 500 });
  let away = false;
  redis.on('error', (error: Error) => {
    if (!away)
      logger.warn({ error: error.message }, 'Redis is away: gateways learn of publications by polling');
    away = true;
  });
  return {
    async announce(sequence) {
      try {
        await redis.publish(PUBLICATIONS_CHANNEL, String(sequence));
        hasAnswered();
        if (away) logger.info('Redis is back: gateways are told of publications');
        away = false;
      } catch {
        // Said once by the error listener.
      }
    },
    close: () => redis.disconnect(),
  };
}

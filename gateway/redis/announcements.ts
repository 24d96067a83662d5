import { PUBLICATIONS_CHANNEL } from '../../config/announcement.ts';
import type { Logger } from '../../config/logging.ts';
import { createRedisClient } from '../../config/redis-client.ts';
import { createWakeUp } from './wake-up.ts';

/** Milliseconds for Redis to say that it will tell. */
const SUBSCRIBED_WITHIN_MS = 2_000;

/**
 * Hears of publications as they are announced. Without a URL, or while Redis is away, says so; publications are noticed by polling then. What is
 * announced is believed by nobody: it wakes a look at the warehouse, and how often is bounded.
 * @param look for publications up to that sequence
 * @returns closes the connection
 */
export function followAnnouncements({
  redisUrl,
  known,
  look,
  logger,
}: {
  redisUrl: string | undefined;
  /** The newest sequence that is known. */
  known: () => number;
  look: (sequence: number) => Promise<void>;
  logger: Logger;
}): () => void {
  if (redisUrl === undefined) {
    logger.warn('no Redis (REDIS_URL): publications are noticed by polling alone');
    return () => undefined;
  }
  // Asked for nothing but to tell: a ready check would be one more answer to wait for.
  const { redis: subscriber, hasAnswered } = createRedisClient(redisUrl, {
    enableReadyCheck: false,
    commandTimeout: SUBSCRIBED_WITHIN_MS,
  });
  const wakeUp = createWakeUp({ known, look });
  let away = false;
  subscriber.on('error', (error: Error) => {
    if (!away)
      logger.warn({ error: error.message }, 'Redis is away: publications are noticed by polling alone');
    away = true;
  });
  subscriber.on('ready', () => {
    subscriber.subscribe(PUBLICATIONS_CHANNEL).then(
      () => {
        if (away) logger.info('Redis is back: publications are noticed as they are announced');
        away = false;
        hasAnswered();
      },
      () => subscriber.disconnect(true),
    );
  });
  subscriber.on('message', (channel, sequence) => {
    if (channel === PUBLICATIONS_CHANNEL && /^\d{1,15}$/.test(sequence)) wakeUp(Number(sequence));
  });
  return () => subscriber.disconnect();
}

import { Redis } from 'ioredis';
import { PUBLICATIONS_CHANNEL } from '../../config/announcement.ts';
import type { Logger } from '../../config/logging.ts';

/**
 * Hears of publications as they are announced. Without a URL, or while Redis is away, says so; publications are noticed by polling then.
 * @returns closes the connection
 */
export function followAnnouncements({
  redisUrl,
  onPublication,
  logger,
}: {
  redisUrl: string | undefined;
  onPublication: (sequence: number) => void;
  logger: Logger;
}): () => void {
  if (redisUrl === undefined) {
    logger.warn('no Redis (REDIS_URL): publications are noticed by polling alone');
    return () => undefined;
  }
  const subscriber = new Redis(redisUrl, { maxRetriesPerRequest: null });
  let away = false;
  subscriber.on('error', (error: Error) => {
    if (!away)
      logger.warn({ error: error.message }, 'Redis is away: publications are noticed by polling alone');
    away = true;
  });
  subscriber.on('ready', () => {
    if (away) logger.info('Redis is back');
    away = false;
  });
  subscriber.on('message', (_, sequence) => {
    if (/^\d{1,15}$/.test(sequence)) onPublication(Number(sequence));
  });
  subscriber.subscribe(PUBLICATIONS_CHANNEL).catch(() => undefined);
  return () => subscriber.disconnect();
}

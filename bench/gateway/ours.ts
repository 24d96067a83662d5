/** The gateway as people run it: with Redis, its own cache, metrics, and an access log that is written and thrown away. */
import type { Gateway, Loaded } from '../query/loaded.ts';

export const startCachingGateway = (
  { startGateway, redisUrl }: Loaded,
  env: Record<string, string> = {},
): Promise<Gateway> =>
  startGateway({ REDIS_URL: redisUrl, RESULT_CACHE_MB: '64', LOG_LEVEL: 'info', ...env }, { log: 'ignore' });

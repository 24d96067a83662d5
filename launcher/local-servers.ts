import { createRequire } from 'node:module';
import type { Environment } from '../config/environment.ts';
import { Refusal } from './refusal.ts';
import { waysToGet, type ServerName } from './servers/find-server.mjs';

export interface LocalServers {
  /** Path of the executable; undefined: configured by environment. */
  temporal: string | undefined;
  /** Undefined: configured by environment, or not to be had. */
  redis: string | undefined;
}

export type FindServer = (name: ServerName) => Promise<string | undefined>;

/**
 * Finds the servers that the environment doesn't configure.
 * @throws Refusal when one is missing that nothing works without
 */
export async function findLocalServers({
  environment,
  find,
}: {
  environment: Environment;
  find: FindServer;
}): Promise<LocalServers> {
  if (environment.clickhouseUrl === undefined) {
    try {
      createRequire(import.meta.url).resolve('chdb');
    } catch {
      throw new Refusal(
        "no embedded ClickHouse was found: npm's chdb has none for this platform; set CLICKHOUSE_URL",
      );
    }
  }
  const temporal = environment.temporal.address === undefined ? await find('temporal') : undefined;
  if (environment.temporal.address === undefined && temporal === undefined) {
    throw new Refusal(waysToGet('temporal'));
  }
  const redis = environment.redisUrl === undefined ? await find('redis-server') : undefined;
  return { temporal, redis };
}

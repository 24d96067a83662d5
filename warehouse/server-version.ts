/** Which ClickHouse it takes. */
import { z } from 'zod';
import { onlyRow, type Warehouse } from './warehouse.ts';

/**
 * Major and minor of the least server. Older ones read Parquet by another reader, which knows fewer types and takes no structure for them, and end the year
 * 2299 elsewhere.
 */
const LEAST = [26, 7] as const;

const VERSION_ROW = z.object({ version: z.string() });

export async function serverVersion(warehouse: Warehouse): Promise<string> {
  return onlyRow(await warehouse.rows('SELECT version() AS version', { row: VERSION_ROW })).version;
}

/** @returns why it is not enough, for people; undefined when it is */
export function versionFlaw(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [leastMajor, leastMinor] = LEAST;
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return undefined;
  return `ClickHouse ${version} is too old: it reads some Parquet files otherwise than they are. Tripline needs ${LEAST.join('.')} or newer: update the server at CLICKHOUSE_URL`;
}

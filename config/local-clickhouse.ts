import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const runFile = z.object({
  url: z.string(),
  /** A launcher of before wrote none, and its ClickHouse wants none. */
  headers: z.object({ 'X-ClickHouse-User': z.string(), 'X-ClickHouse-Key': z.string() }).optional(),
});

/**
 * Where a part that runs beside `npm start`, and is not told otherwise, finds ClickHouse: by the run files of the launcher on the same `DATA_DIR`.
 * @returns an address with user and password; the one of a ClickHouse of this machine that asks for none where there is no such file
 */
export function localClickhouse(dataDir: string, { as: user }: { as: 'reader' | 'loader' }): string {
  const name = user === 'reader' ? 'clickhouse.json' : 'clickhouse-loader.json';
  let text: string;
  try {
    text = readFileSync(join(dataDir, 'run', name), 'utf8');
  } catch {
    return 'http://127.0.0.1:8123';
  }
  const { url, headers } = runFile.parse(JSON.parse(text));
  if (headers === undefined) return url;
  return url.replace('://', `://${headers['X-ClickHouse-User']}:${headers['X-ClickHouse-Key']}@`);
}

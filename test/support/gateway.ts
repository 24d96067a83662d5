/** One more gateway beside the one of a whole Tripline, with settings of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { freePort, type Tripline } from './tripline.ts';
import { until } from './until.ts';
import { programArguments } from '../../config/program/program.ts';

export interface Gateway {
  url: string;
  /** Everything that it has printed. */
  log: () => string;
  stop: () => Promise<void>;
}

/** @param tripline or as much of one as is there: Redis and Temporal may be away */
export async function startGateway(
  { part, clickhouse, dataDir }: Pick<Tripline, 'part' | 'clickhouse' | 'dataDir'>,
  { sourceUrl, env = {} }: { sourceUrl: string; env?: Record<string, string> },
): Promise<Gateway> {
  const port = await freePort();
  const child = spawn(process.execPath, programArguments('gateway/main.ts'), {
    env: {
      ...process.env,
      SOURCE_URL: sourceUrl,
      DATA_DIR: dataDir,
      PORT: String(port),
      CLICKHOUSE_URL: clickhouse('reader'),
      REDIS_URL: part('redis').url,
      TEMPORAL_ADDRESS: part('temporal').url.replace(/^\w+:\/\//, ''),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (log += String(text)));
  const url = `http://127.0.0.1:${port}`;
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  };
  try {
    await until('the gateway is ready', async () => (await fetch(`${url}/readyz`)).ok);
  } catch (error) {
    child.kill('SIGKILL');
    throw new Error(`${String(error)}\n${log}`, { cause: error });
  }
  return { url, log: () => log, stop };
}

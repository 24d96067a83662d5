/** Temporal's dev server, for tests that set what the launcher leaves at its defaults. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Connection } from '@temporalio/client';
import { findServer } from '../../launcher/servers/find-server.mjs';
import { freePort } from './tripline.ts';
import { until } from './until.ts';

export interface TemporalServer {
  address: string;
  stop: () => Promise<void>;
}

/** @param dynamicConfig as in `limit.historyCount.suggestContinueAsNew=50`; the database is in memory */
export async function startTemporalServer({
  dynamicConfig = [],
}: { dynamicConfig?: readonly string[] } = {}): Promise<TemporalServer> {
  const executable = await findServer('temporal');
  if (executable === undefined) throw new Error('no Temporal server was found');
  const port = await freePort();
  const child = spawn(
    executable,
    [
      ...[
        'server',
        'start-dev',
        '--headless',
        '--log-level',
        'error',
        '--ip',
        '127.0.0.1',
        '--port',
        String(port),
      ],
      ...dynamicConfig.flatMap((value) => ['--dynamic-config-value', value]),
    ],
    { stdio: 'ignore' },
  );
  const address = `127.0.0.1:${port}`;
  await until(
    'Temporal answers',
    async () => {
      const connection = await Connection.connect({ address, connectTimeout: '1 second' });
      try {
        return await connection.workflowService.describeNamespace({ namespace: 'default' });
      } finally {
        await connection.close();
      }
    },
    { everyMs: 100 },
  );
  return {
    address,
    async stop() {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
    },
  };
}

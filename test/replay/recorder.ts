/** What a scene needs to bring workflows into a state and to keep their histories. */
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { findServer } from '../../launcher/servers/find-server.mjs';
import { ingestId, watcherId, type WatcherStatus } from '../../workflows/messages.ts';
import type { Tripline } from '../support/tripline.ts';
import { until } from '../support/until.ts';

export const SOURCE = 'yellow';
export const filenameOf = (month: string): string => `yellow_tripdata_${month}.parquet`;
export const fileId = (month: string): string => ingestId(SOURCE, filenameOf(month));
export const addressOf = (tripline: Tripline): string => new URL(tripline.part('temporal').url).host;

export interface Recorder {
  client: Client;
  watcher: {
    tell: (signal: string, argument?: unknown) => Promise<void>;
    status: () => Promise<WatcherStatus>;
    /** Nothing is being ingested and nothing waits. */
    idle: () => Promise<void>;
  };
  /** Keeps the history of a workflow's latest run as it is now. */
  keep: (state: string, workflowId: string, runId?: string) => Promise<void>;
}

export type Scene = (stage: {
  /** An empty folder, for the source's files. */
  folder: string;
  withRecorder: (address: string, play: (recorder: Recorder) => Promise<void>) => Promise<void>;
}) => Promise<void>;

/** @param recorded the folder that histories are kept in; it must not be there yet */
export async function createRecorder(
  recorded: string,
): Promise<(address: string, play: (recorder: Recorder) => Promise<void>) => Promise<void>> {
  const temporal = (await findServer('temporal')) ?? 'temporal';
  mkdirSync(recorded);

  async function historyOf(address: string, workflowId: string, runId?: string): Promise<string> {
    const run = runId === undefined ? [] : ['--run-id', runId];
    const which = ['--address', address, '--workflow-id', workflowId, ...run];
    const { stdout } = await promisify(execFile)(
      temporal,
      ['workflow', 'show', '--output', 'json', ...which],
      { maxBuffer: 64 * 2 ** 20 },
    );
    return stdout;
  }

  return async (address, play) => {
    const connection = await Connection.connect({ address });
    const client = new Client({ connection });
    const watcher = client.workflow.getHandle(watcherId(SOURCE));
    const status = () => watcher.query<WatcherStatus>('status');
    try {
      await play({
        client,
        watcher: {
          tell: (signal, ...argument) => watcher.signal(signal, ...argument),
          status,
          async idle() {
            await until('nothing is in flight', async () => {
              const { inFlight, waiting } = await status();
              return inFlight.length === 0 && waiting === 0;
            });
          },
        },
        async keep(state, workflowId, runId) {
          const history = JSON.parse(await historyOf(address, workflowId, runId)) as { events: unknown[] };
          writeFileSync(join(recorded, `${state}.json`), `${JSON.stringify(history, null, 1)}\n`);
          process.stdout.write(`${state}: ${history.events.length} events\n`);
        },
      });
    } finally {
      await connection.close();
    }
  };
}

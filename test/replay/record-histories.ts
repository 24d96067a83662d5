/**
 * `npm run record:histories -- <name>`: runs the real thing on small files, brings every workflow into every state, and keeps the
 * histories in `test/replay/histories/<name>/`. A folder stands for workflows that the code of its day left running: it is
 * never recorded again, and a change of workflow code must replay it (with `patched` where it decides otherwise than before).
 */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { findServer } from '../../launcher/servers/find-server.mjs';
import {
  governorId,
  ingestId,
  PUBLISHER_ID,
  SWEEP_ID,
  watcherId,
  type WatcherStatus,
} from '../../workflows/messages.ts';
import { startHeldServer } from '../support/held-server.ts';
import { startTemporalServer } from '../support/temporal-server.ts';
import { startTripline, type Tripline } from '../support/tripline.ts';
import { until } from '../support/until.ts';
import { writeTrips } from '../support/write-trips.ts';
import { historiesFolder } from './histories.ts';

const SOURCE = 'yellow';
const [name] = process.argv.slice(2);
if (name === undefined || !/^[\w-]+$/.test(name)) {
  process.stderr.write('usage: npm run record:histories -- <name>\n');
  process.exit(2);
}
const temporal = (await findServer('temporal')) ?? 'temporal';
const recorded = join(historiesFolder, name);
mkdirSync(recorded);

const filenameOf = (month: string): string => `yellow_tripdata_${month}.parquet`;
const fileId = (month: string): string => ingestId(SOURCE, filenameOf(month));

interface Recorder {
  watcher: {
    tell: (signal: string, argument?: unknown) => Promise<void>;
    status: () => Promise<WatcherStatus>;
  };
  /** Keeps the history of a workflow's latest run as it is now. */
  keep: (state: string, workflowId: string, runId?: string) => Promise<void>;
  client: Client;
}

async function withRecorder(address: string, scene: (recorder: Recorder) => Promise<void>): Promise<void> {
  const connection = await Connection.connect({ address });
  const client = new Client({ connection });
  const watcher = client.workflow.getHandle(watcherId(SOURCE));
  try {
    await scene({
      client,
      watcher: {
        tell: (signal, ...argument) => watcher.signal(signal, ...argument),
        status: () => watcher.query<WatcherStatus>('status'),
      },
      async keep(state, workflowId, runId) {
        const run = runId === undefined ? [] : ['--run-id', runId];
        const which = ['--address', address, '--workflow-id', workflowId, ...run];
        const { stdout } = await promisify(execFile)(
          temporal,
          ['workflow', 'show', '--output', 'json', ...which],
          {
            maxBuffer: 64 * 2 ** 20,
          },
        );
        const history = JSON.parse(stdout) as { events: unknown[] };
        writeFileSync(join(recorded, `${state}.json`), `${JSON.stringify(history, null, 1)}\n`);
        process.stdout.write(`${state}: ${history.events.length} events\n`);
      },
    });
  } finally {
    await connection.close();
  }
}

const addressOf = (tripline: Tripline): string => new URL(tripline.part('temporal').url).host;

/** Files that come, are replaced, are broken; people who pause, resume and backfill; a source that is away. */
async function everyday(folder: string): Promise<void> {
  const write = (month: string, seed = 1) =>
    writeTrips({ path: join(folder, filenameOf(month)), month, rows: 5_000 + seed, seed });
  const server = await startHeldServer(folder);
  await write('2022-01');
  await write('2022-02');
  writeFileSync(join(folder, filenameOf('2021-12')), 'this is not a Parquet file');
  const tripline = await startTripline({
    sourceUrl: server.url,
    env: { POLL_SECONDS: '2', CHUNK_BYTES: '65536', KEEP_LOADS_HOURS: '0' },
  });
  const recording = withRecorder(addressOf(tripline), async ({ watcher, keep, client }) => {
    const idle = () =>
      until('nothing is in flight', async () => (await watcher.status()).inFlight.length === 0);
    await tripline.settled(3);
    await idle();
    await keep('ingest-file-published', fileId('2022-01'));
    await keep('ingest-file-quarantined', fileId('2021-12'));
    await keep('watch-source-running', watcherId(SOURCE));

    // A file that changes while its first chunk is on its way: 412, and again as the new version.
    server.hold(filenameOf('2022-03'));
    await write('2022-03');
    await until('a chunk is on its way', () => server.held(filenameOf('2022-03')) > 0);
    await keep('ingest-file-fetching', fileId('2022-03'));
    await keep('watch-source-ingesting', watcherId(SOURCE));
    await write('2022-03', 2);
    await watcher.tell('fileArrived', { filename: filenameOf('2022-03') });
    await until('the ingestion was told', async () => {
      const { events } = await client.workflow.getHandle(fileId('2022-03')).fetchHistory();
      return events?.some(
        (event) => event.workflowExecutionSignaledEventAttributes?.signalName === 'newVersion',
      );
    });
    server.release(filenameOf('2022-03'));
    await tripline.settled(4);
    await idle();
    await keep('ingest-file-replaced', fileId('2022-03'));

    // A file that was published already, as a new version: another run of its workflow.
    await write('2022-01', 3);
    await watcher.tell('fileArrived', { filename: filenameOf('2022-01') });
    await until('it counts', async () => (await tripline.p90()).trips === 5_003 + 5_001 + 5_002);
    await idle();
    await keep('ingest-file-published-again', fileId('2022-01'));

    await watcher.tell('pause');
    await until('it is paused', async () => (await watcher.status()).paused);
    await watcher.tell('backfill', { from: '2022-01', to: '2022-02', force: true });
    await watcher.tell('backfill', { from: '2022-13', to: 'now' });
    await watcher.tell('fileArrived', { filename: filenameOf('2022-04') });
    await until('all was heard', async () => (await watcher.status()).mistakes.length === 1);
    await keep('watch-source-paused', watcherId(SOURCE));
    const { dataVersion } = await tripline.p90();
    await watcher.tell('resume');
    await until('both were loaded again', async () => (await tripline.p90()).dataVersion === dataVersion + 2);
    await watcher.tell('backfill', { from: '2022-01', to: '2022-12' });
    await idle();
    await keep('watch-source-backfilled', watcherId(SOURCE));
    await keep('ingest-file-from-lake', fileId('2022-02'));

    server.break(true);
    await until('the poll failed', async () => (await watcher.status()).problem !== null);
    await keep('watch-source-troubled', watcherId(SOURCE));
    await keep('publisher-running', PUBLISHER_ID);

    await client.schedule.getHandle(SWEEP_ID).trigger();
    const swept = await until('the sweep has ended', async () => {
      for await (const one of client.workflow.list({ query: "WorkflowType = 'sweep'" })) {
        if (one.status.name === 'COMPLETED') return one;
      }
      return undefined;
    });
    await keep('sweep', swept.workflowId);
    await keep('origin-governor', governorId(new URL(server.url).host));
    server.break(false);

    // Trips that are lost: found, and loaded again from the lake.
    await fetch(tripline.part('clickhouse').url, {
      method: 'POST',
      body: 'DELETE FROM trips WHERE trip_distance > 5',
    });
    const args = [{ source: SOURCE, repair: true }];
    await client.workflow.execute('reconcile', { workflowId: 'reconcile', taskQueue: 'tripline', args });
    await keep('reconcile', 'reconcile');
    for await (const { workflowId } of client.workflow.list({
      query: "WorkflowType = 'reloadFile'",
      pageSize: 1,
    })) {
      await keep('reload-file', workflowId);
      break;
    }
  });
  try {
    await recording;
  } finally {
    await tripline.stop();
    await server.close();
  }
}

/** With a server that suggests to continue as new early on. */
async function continued(folder: string): Promise<void> {
  const server = await startTemporalServer({ dynamicConfig: ['limit.historyCount.suggestContinueAsNew=50'] });
  const tripline = await startTripline({
    sourceUrl: `file://${folder}`,
    env: { TEMPORAL_ADDRESS: server.address },
  });
  const recording = withRecorder(server.address, async ({ keep, client }) => {
    const runs = async (type: string): Promise<{ workflowId: string; runId: string; status: string }[]> => {
      const found = [];
      for await (const { workflowId, runId, status, startTime } of client.workflow.list({
        query: `WorkflowType = '${type}'`,
      }))
        found.push({ workflowId, runId, status: status.name, startedAt: startTime.getTime() });
      return found.toSorted((one, other) => one.startedAt - other.startedAt);
    };
    for (let month = 1; month <= 8; month += 1) {
      const path = join(folder, filenameOf(`2023-0${month}`));
      await writeTrips({ path, month: `2023-0${month}`, rows: 1_000 });
    }
    await tripline.settled(8);
    for (const [type, state] of [
      ['watchSource', 'watch-source'],
      ['publisher', 'publisher'],
    ] as const) {
      const [first, second] = await until(`${type} has continued`, async () => {
        const all = await runs(type);
        return all.length > 1 && all;
      });
      if (first === undefined || second === undefined) throw new Error('no runs');
      await keep(`${state}-continued-as-new`, first.workflowId, first.runId);
      await keep(`${state}-carried-on`, second.workflowId, second.runId);
    }
  });
  try {
    await recording;
  } finally {
    await tripline.stop();
    await server.stop();
  }
}

for (const scene of [everyday, continued]) {
  const folder = mkdtempSync(join(tmpdir(), 'tripline-record-'));
  try {
    await scene(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

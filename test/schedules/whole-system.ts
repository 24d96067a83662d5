/** Workflows, activities and engine as they are, in this process as far as they can be, over a source that is what the test says. */
import { createDiskRoom } from '../../config/disk-room.ts';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Client, Connection, WorkflowUpdateFailedError } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Worker } from '@temporalio/worker';
import { pino } from 'pino';
import { ANY_BUT_OTHERS } from '../../config/file-pattern.ts';
import { followLiveLoads, type LiveLoads } from '../../gateway/live-loads.ts';
import { createFolderLake } from '../../lake/folder-lake.ts';
import { migrate } from '../../warehouse/migrate.ts';
import { createWarehouse, type Warehouse } from '../../warehouse/warehouse.ts';
import { createActivities } from '../../worker/create-activities.ts';
import { ensureRunning } from '../../worker/ensure-running.ts';
import { workflowBundle } from '../../worker/workflow-bundle.ts';
import { SWEEP_ID, watcherId, type WatcherStatus } from '../../workflows/messages.ts';
import { startEngineProcess } from '../integration/engine-process.ts';
import { startTemporalServer } from '../support/temporal-server.ts';
import { until } from '../support/until.ts';
import { createMemorySource, type ShownFile } from './memory-source.ts';

const SOURCE = 'yellow';
const TASK_QUEUE = 'tripline';

/** A machine may stand still for a minute. */
const SOON = { everyMs: 15, deadlineMs: 300_000 };

export interface WholeSystem {
  warehouse: Warehouse;
  liveLoads: LiveLoads;
  /** Looks at the source until nothing changes any more. */
  poll: () => Promise<void>;
  /** @returns the type of the failure, as `Conflict`; 'done' when it was done */
  update: (name: 'withdraw' | 'accept' | 'rollback', filename: string) => Promise<string>;
  /** Forced, of all months. */
  backfill: () => Promise<void>;
  sweep: () => Promise<void>;
  stop: () => Promise<void>;
}

export async function startWholeSystem({
  folder,
  shown,
  onSourceDelete,
}: {
  folder: string;
  shown: ReadonlyMap<string, ShownFile>;
  onSourceDelete: 'keep' | 'withdraw';
}): Promise<WholeSystem> {
  const [engine, temporal, { code }] = await Promise.all([
    startEngineProcess(join(folder, 'clickhouse')),
    startTemporalServer(),
    workflowBundle({ logger: new DefaultLogger('ERROR') }),
  ]);
  const warehouse = createWarehouse({ url: engine.as('loader'), by: 'load' });
  await migrate(warehouse);
  const connection = await Connection.connect({ address: temporal.address });
  const nativeConnection = await NativeConnection.connect({ address: temporal.address });
  const client = new Client({ connection });
  const worker = await Worker.create({
    connection: nativeConnection,
    taskQueue: TASK_QUEUE,
    workflowBundle: { code },
    activities: createActivities({
      room: createDiskRoom(() => []),
      source: createMemorySource(shown),
      lake: createFolderLake({ path: join(folder, 'lake') }),
      warehouse,
      loader: warehouse,
      client,
      announcer: { announce: () => Promise.resolve(), close: () => undefined },
      isWatched: () => false,
      environment: {
        sourceName: SOURCE,
        pollEveryMs: 86_400_000,
        maxFileBytes: 2 ** 30,
        chunkBytes: 2 ** 20,
        // What a sweep may take is what it takes.
        keepLoadsMs: 0,
        engineMemoryMb: 4_096,
        onSourceDelete,
        maxRejectedShare: 0.05,
        filePattern: ANY_BUT_OTHERS,
      },
    }),
  });
  const running = worker.run();
  await ensureRunning({
    client,
    connection,
    namespace: 'default',
    taskQueue: TASK_QUEUE,
    sourceName: SOURCE,
    logger: pino({ level: 'silent' }),
  });
  await client.schedule.getHandle(SWEEP_ID).delete();
  const liveLoads = followLiveLoads({
    warehouse,
    source: SOURCE,
    logger: pino({ level: 'silent' }),
    pollEveryMs: 86_400_000,
  });
  const watcher = client.workflow.getHandle(watcherId(SOURCE));
  const status = (): Promise<WatcherStatus> => watcher.query<WatcherStatus>('status');
  const idle = (): Promise<WatcherStatus> =>
    until(
      'nothing is being ingested',
      async () => {
        const now = await status();
        return now.inFlight.length === 0 && now.waiting === 0 && now;
      },
      SOON,
    );
  /** Of everything that a poll may change. */
  async function signature(): Promise<string> {
    const { sequence } = await liveLoads.refresh();
    const [files] = await warehouse.rows('SELECT count() AS n, sum(cityHash64(*)) AS hash FROM files FINAL');
    return JSON.stringify([sequence, files]);
  }

  async function poll(): Promise<void> {
    for (let before = await signature(); ;) {
      const { lastPollAtMs } = await idle();
      await watcher.signal('fileArrived', { filename: 'poll.parquet' });
      await until('it has looked', async () => (await status()).lastPollAtMs !== lastPollAtMs, SOON);
      await idle();
      const after = await signature();
      if (after === before) return;
      before = after;
    }
  }

  await until('it has begun', async () => (await status()).lastPollAtMs !== null);
  return {
    warehouse,
    liveLoads,
    poll,
    async update(name, filename) {
      try {
        await idle();
        await watcher.executeUpdate<unknown, [unknown]>(name, { args: [{ filename }] });
      } catch (error) {
        if (!(error instanceof WorkflowUpdateFailedError)) throw error;
        return (error.cause as { type?: string }).type ?? String(error.cause);
      }
      await idle();
      return 'done';
    },
    async backfill() {
      const id = randomUUID();
      await watcher.signal('backfill', { from: '2000-01', to: '2099-12', force: true, id });
      await until(
        'the backfill is done',
        async () => {
          const own = (await status()).backfills.find((each) => each.id === id);
          return own !== undefined && own.looked && own.remaining === 0;
        },
        SOON,
      );
      await idle();
    },
    async sweep() {
      await client.workflow.execute('sweep', { taskQueue: TASK_QUEUE, workflowId: `sweep-${randomUUID()}` });
    },
    async stop() {
      liveLoads.stop();
      worker.shutdown();
      await running;
      await connection.close();
      await nativeConnection.close();
      await warehouse.close();
      await Promise.allSettled([engine.stop(), temporal.stop()]);
    },
  };
}

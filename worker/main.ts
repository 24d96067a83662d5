/** Composition root of the Temporal worker. */
import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { boundedResults } from './bounded-results.ts';
import { createActivities } from './create-activities.ts';
import { createAnnouncer } from './announcer.ts';
import { createGovernorLink } from './governor-link.ts';
import { createOriginGate } from './origin-gate.ts';
import { createLogger } from '../config/logging.ts';
import { visibleLines } from '../config/visible-text.ts';
import { createWarehouse } from '../warehouse/warehouse.ts';
import { describeSource, environmentOrExit, originHost } from '../config/environment.ts';
import type { PartEnvironment } from '../config/part-environment.ts';
import { ensureRunning } from './ensure-running.ts';
import { localClickhouse } from '../config/local-clickhouse.ts';
import { migrate } from '../warehouse/migrate.ts';
import { createDiskRoom, writtenFolders } from '../config/disk-room.ts';
import { fileArrived, watcherId } from '../workflows/messages.ts';
import { roomInterceptor } from './wait-for-room.ts';
import { openLake } from '../lake/open-lake.ts';
import { openSource } from '../sources/open-source.ts';
import { serverVersion, versionFlaw } from '../warehouse/server-version.ts';
import { startHealthServer } from './health-server.ts';
import type { SourceWatch } from '../sources/source.ts';
import { temporalConnection } from '../config/temporal-settings.ts';
import { temporalLogger } from './temporal-logger.ts';
import { watchSource } from './watch-source.ts';
import { whenReachable } from './when-reachable.ts';
import { workflowBundle } from './workflow-bundle.ts';

const TASK_QUEUE = 'tripline';

async function run(): Promise<void> {
  const environment: PartEnvironment<'worker'> = environmentOrExit();
  const logger = createLogger({ name: 'worker', level: environment.logLevel });
  const { sourceName } = environment;
  const { namespace } = environment.temporal;
  const where = temporalConnection(environment.temporal);
  const sdkLogger = temporalLogger(logger);
  Runtime.install({ logger: sdkLogger, shutdownSignals: [] });
  const bundled = workflowBundle({ logger: sdkLogger });
  // It is waited for below; until then its failure must not end the process unsaid.
  bundled.catch(() => undefined);

  const clickhouseUrl = environment.clickhouseUrl ?? localClickhouse(environment.dataDir, { as: 'loader' });
  const warehouse = createWarehouse({ url: clickhouseUrl, by: 'worker' });
  const loader = createWarehouse({ url: clickhouseUrl, by: 'load' });
  const temporal = { server: 'Temporal', logger };
  const connection = await whenReachable({ ...temporal, ask: () => Connection.connect(where) });
  const nativeConnection = await whenReachable({
    ...temporal,
    ask: () => NativeConnection.connect(where),
  });
  const client = new Client({ connection, namespace });
  const announcer = createAnnouncer({ redisUrl: environment.redisUrl, logger });
  const host = originHost(environment.source);
  const gate =
    host === undefined
      ? undefined
      : createOriginGate({
          workerId: randomUUID(),
          link: createGovernorLink({ client, taskQueue: TASK_QUEUE, host }),
        });
  const { dataDir, s3 } = environment;
  const source = openSource({ location: environment.source, dataDir, s3, gate });
  const lake = openLake({ location: environment.lake, s3 });
  const room = createDiskRoom(() => writtenFolders({ dataDir, lake: environment.lake }));
  const tellWatcher = (filename: string): Promise<void> =>
    client.workflow.getHandle(watcherId(sourceName)).signal(fileArrived, { filename });

  const reachable = { server: 'the warehouse', logger };
  const flaw = versionFlaw(await whenReachable({ ...reachable, ask: () => serverVersion(warehouse) }));
  if (flaw !== undefined) {
    process.stderr.write(`worker: ${flaw}\n`);
    process.exit(1);
  }
  const { applied, skipped } = await whenReachable({ ...reachable, ask: () => migrate(warehouse) });
  if (applied.length > 0) logger.info({ applied }, 'warehouse migrated');
  // So it is wherever users are kept in files; whoever looks for a grant that is missing finds it.
  if (skipped.length > 0)
    logger.debug({ skipped }, 'this ClickHouse user may not manage access: nothing was granted to readers');
  let watch: SourceWatch | undefined;
  const worker = await Worker.create({
    connection: nativeConnection,
    namespace,
    taskQueue: TASK_QUEUE,
    workflowBundle: { code: (await bundled).code },
    activities: createActivities({
      ...{ source, lake, warehouse, loader, client, announcer, room, environment },
      isWatched: () => watch?.isReliable() === true,
    }),
    interceptors: {
      activity: [() => ({ inbound: boundedResults() }), roomInterceptor({ room, tellWatcher })],
    },
    // Most of them wait for bytes: four files of eight chunks, and what else is to be done meanwhile.
    maxConcurrentActivityTaskExecutions: 48,
    // A cancellation travels back with a heartbeat. By default one in 0.8 of the heartbeat timeout is sent.
    maxHeartbeatThrottleInterval: '2 seconds',
    shutdownGraceTime: '3 seconds',
    shutdownForceTime: '5 seconds',
  });
  const health = await startHealthServer({
    host: environment.host,
    port: environment.workerPort,
    ready: () => worker.getState() === 'RUNNING',
    trouble: () => room.trouble(),
    originView: () => gate?.lastView(),
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      if (worker.getState() === 'RUNNING') worker.shutdown();
    });
  }
  const running = worker.run();
  await ensureRunning({ client, connection, namespace, taskQueue: TASK_QUEUE, sourceName, logger });
  if (environment.watchSource) watch = watchSource({ source, client, sourceName, logger });
  logger.info({ source: describeSource(environment.source), taskQueue: TASK_QUEUE }, 'worker is running');
  await running;
  watch?.close();
  await health.close();
  gate?.close();
  announcer.close();
  await Promise.all([warehouse.close(), loader.close(), connection.close(), nativeConnection.close()]);
}

run().catch((error: unknown) => {
  process.stderr.write(
    `worker: ${visibleLines(error instanceof Error ? (error.stack ?? error.message) : String(error))}\n`,
  );
  process.exit(1);
});

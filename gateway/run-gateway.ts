/** Composition root of one process of the gateway. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Gauge, Registry } from 'prom-client';
import { createDiskRoom } from '../config/disk-room.ts';
import { describeSource, operatorToken, originHost } from '../config/environment.ts';
import { localClickhouse } from '../config/local-clickhouse.ts';
import { createLogger } from '../config/logging.ts';
import type { PartEnvironment } from '../config/part-environment.ts';
import { collectProcessMetrics } from '../config/process-metrics.ts';
import { readFiles } from '../warehouse/files.ts';
import { readProofs } from '../warehouse/loads.ts';
import { createWarehouse } from '../warehouse/warehouse.ts';
import { createAccess } from './access/access.ts';
import { createAnswers } from './answers.ts';
import { createAudit } from './audit.ts';
import { createSeal } from './cache/seal.ts';
import { createGateway } from './create-gateway.ts';
import { connectIngestion } from './ingestion.ts';
import { createLadder } from './ladder/ladder.ts';
import { createAdmission } from './limits/admission.ts';
import { createLoadShedding, watchEventLoop } from './limits/load-shedding.ts';
import { createMinuteBudget } from './limits/minute-budget.ts';
import { createLive } from './live/live.ts';
import { lookAtIngestion } from './live/look-at-ingestion.ts';
import { followLiveLoads } from './live-loads.ts';
import { ALONE, openNewestSequence } from './processes/newest-sequence.ts';
import { followAnnouncements } from './redis/announcements.ts';
import { createRedisStore } from './redis/redis-store.ts';
import { createScans } from './scans/scans.ts';
import { createSharedLook } from './shared-look.ts';

/** How long a publication stays unseen when its announcement is lost and somebody asks or waits. */
const LIVE_LIST_POLL_MS = 500;
/** A warehouse of which nothing was read for so long, beyond the pause between polls, is not there. */
const WAREHOUSE_GONE_MS = 3_000;
/** Connections that wait to be accepted, as far as the kernel lets them: more than Node's 511, as dashboards come back together. */
const BACKLOG = 4_096;
/** After SIGTERM, requests that were begun may take as long as any, and this longer. */
const DRAIN_MORE_MS = 1_000;

/** Runs until SIGTERM or SIGINT; exits 1 when it cannot listen. */
export function runGateway(environment: PartEnvironment<'gateway'>): void {
  const { sourceName, redisUrl, requestTimeoutMs, gatewayProcesses } = environment;
  const ofAll = createLogger({ name: 'gateway', level: environment.logLevel });
  const logger =
    environment.process === undefined ? ofAll : ofAll.child({ process: environment.process.slot });
  const registry = new Registry();
  collectProcessMetrics(registry);
  const clickhouseUrl = environment.clickhouseUrl ?? localClickhouse(environment.dataDir, { as: 'reader' });
  const warehouse = createWarehouse({ url: clickhouseUrl, by: 'gateway', readOnly: true });
  // The news of a publication waits for no other statement.
  const liveWarehouse = createWarehouse({ url: clickhouseUrl, by: 'live-list', readOnly: true });
  // Heavy questions have a lane and connections of their own, so that they hold up no light ones.
  const scanWarehouse = createWarehouse({ url: clickhouseUrl, by: 'scan', readOnly: true });
  const downloadWarehouse = createWarehouse({ url: clickhouseUrl, by: 'download', readOnly: true });
  // The processes of one gateway share what it may take of memory.
  const shareOf = (bytes: number): number => Math.ceil(bytes / gatewayProcesses);
  const ladder = createLadder({ warehouse, memoryBytes: shareOf(environment.ladderMemoryBytes) });
  const liveLoads = followLiveLoads({
    warehouse: liveWarehouse,
    source: sourceName,
    logger,
    pollEveryMs: LIVE_LIST_POLL_MS,
    newest: environment.process === undefined ? ALONE : openNewestSequence(environment.process),
  });
  liveLoads.onSnapshot((snapshot) => {
    ladder
      .warmUp(snapshot)
      .catch((error: unknown) =>
        logger.warn({ error: String(error) }, 'reading ahead failed: answers wait for it'),
      );
  });
  registry.registerMetric(
    new Gauge({
      name: 'tripline_ladder_bytes',
      help: 'Memory of the histograms and trips that are held.',
      registers: [],
      collect() {
        this.set(ladder.bytes());
      },
    }),
  );
  const store = createRedisStore({ url: redisUrl, logger });
  const scans = createScans({ warehouse: scanWarehouse, light: warehouse, downloads: downloadWarehouse });
  const admission = createAdmission({
    budgetRows: environment.scanBudgetRows,
    minute: createMinuteBudget({ redis: store.client, rowsPerMinute: environment.scanBudgetRowsPerMinute }),
  });
  const audit = createAudit({ scans, share: environment.auditShare, registry, logger });
  const stopFollowing = followAnnouncements({
    redisUrl,
    known: () => liveLoads.current()?.sequence ?? 0,
    look: (sequence) => liveLoads.refreshTo(sequence),
    logger,
  });
  const files = createSharedLook((source) => readFiles(warehouse, { source }));
  liveLoads.onSnapshot(() => files.forget());
  const ingestion = connectIngestion({
    temporal: environment.temporal,
    onNews: () => files.forget(),
    logger,
  });
  const answers = createAnswers({ liveLoads, ladder, scans, admission, audit, requestTimeoutMs, logger });
  const readAllFiles = () => files.at(sourceName);
  const live = createLive({
    answers,
    liveLoads,
    lookAtIngestion: () => lookAtIngestion({ sourceName, readFiles: readAllFiles, ingestion, liveLoads }),
    requestTimeoutMs,
    registry,
    logger,
  });
  liveLoads.pollQuicklyWhile(() => live.size() > 0);
  const shedding = createLoadShedding();
  watchEventLoop(shedding);
  const gateway = createGateway({
    parts: {
      source: {
        name: sourceName,
        url: describeSource(environment.source),
        generated: sourceName === 'demo',
        host: originHost(environment.source),
      },
      answers,
      admission,
      requestTimeoutMs,
      liveLoads,
      live,
      ingestion,
      control: ingestion.control,
      readFiles: readAllFiles,
      readProofs: (loadIds) => readProofs(warehouse, loadIds),
    },
    settings: { ...environment, resultCacheBytes: shareOf(environment.resultCacheBytes) },
    access: createAccess({
      access: environment.access,
      operatorToken: operatorToken(environment),
      trustProxy: environment.trustProxy,
      logger,
    }),
    store,
    seal: createSeal(operatorToken(environment)),
    shedding,
    loadingTrouble: localDisk(environment.dataDir),
    isWarehouseThere: () => liveLoads.wasReadWithin(WAREHOUSE_GONE_MS),
    auditMismatches: () => audit.mismatches(),
    registry,
    logger,
  });
  const { server } = gateway;
  server.on('error', (error) => {
    process.stderr.write(
      `gateway: cannot listen on ${environment.host}:${environment.port}: ${error.message}\n`,
    );
    process.exit(1);
  });
  server.listen({ port: environment.port, host: environment.host, backlog: BACKLOG }, () => {
    logger.info({ url: `http://${environment.host}:${environment.port}` }, 'gateway is listening');
  });

  let stopping = false;
  async function stop(): Promise<void> {
    // A terminal tells each process of several, and the first of them tells the others too.
    if (stopping) return;
    stopping = true;
    const { drainDelayMs } = environment;
    setTimeout(() => live.close(), drainDelayMs);
    await Promise.race([gateway.drain(drainDelayMs), sleep(drainDelayMs + requestTimeoutMs + DRAIN_MORE_MS)]);
    server.closeAllConnections();
    liveLoads.stop();
    stopFollowing();
    store.close();
    const warehouses = [warehouse, liveWarehouse, scanWarehouse, downloadWarehouse];
    await Promise.allSettled([ingestion.close(), ...warehouses.map((each) => each.close())]);
    process.exit(0);
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop());
}

/** Where the worker of the same `npm start` loads onto the disk of `DATA_DIR`; elsewhere this process knows nothing of its disks. */
function localDisk(dataDir: string): () => string | undefined {
  const isLocal = (): boolean => existsSync(join(dataDir, 'run', 'worker.json'));
  const room = createDiskRoom(() => (isLocal() ? [dataDir] : []));
  return () => room.trouble();
}

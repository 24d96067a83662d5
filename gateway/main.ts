/** Composition root of the gateway. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describeSource, environmentOrExit, operatorToken, originHost } from '../config/environment.ts';
import { createLogger } from '../config/logging.ts';
import { readFiles } from '../warehouse/files.ts';
import { readProofs } from '../warehouse/loads.ts';
import { createWarehouse } from '../warehouse/warehouse.ts';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { createAnswers } from './answers.ts';
import { createAudit } from './audit.ts';
import { connectIngestion } from './ingestion.ts';
import { createLadder } from './ladder/ladder.ts';
import { followLiveLoads } from './live-loads.ts';
import { createOperatorCheck } from './operator.ts';
import { followAnnouncements } from './redis.ts';
import { createScans } from './scans/scans.ts';
import { createGatewayServer } from './server.ts';

/** How long a publication stays unseen when its announcement is lost. */
const LIVE_LIST_POLL_MS = 500;
/** How long requests that were begun may take after SIGTERM. */
const DRAIN_MS = 5_000;

const environment = environmentOrExit();
const logger = createLogger({ name: 'gateway', level: environment.logLevel });
const registry = new Registry();
collectDefaultMetrics({ register: registry });
const clickhouseUrl = environment.clickhouseUrl ?? 'http://127.0.0.1:8123';
const warehouse = createWarehouse({ url: clickhouseUrl, by: 'gateway' });
// Heavy questions have a lane and connections of their own, so that they hold up no light ones.
const scanWarehouse = createWarehouse({ url: clickhouseUrl, by: 'scan' });
const downloadWarehouse = createWarehouse({ url: clickhouseUrl, by: 'download' });
const { sourceName } = environment;
const ladder = createLadder({ warehouse, memoryBytes: environment.ladderMemoryBytes });
const liveLoads = followLiveLoads({
  warehouse,
  source: sourceName,
  logger,
  pollEveryMs: LIVE_LIST_POLL_MS,
  onSnapshot: (snapshot) => {
    ladder
      .warmUp(snapshot)
      .catch((error: unknown) =>
        logger.warn({ error: String(error) }, 'reading ahead failed: answers wait for it'),
      );
  },
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
const scans = createScans({
  warehouse: scanWarehouse,
  light: warehouse,
  downloads: downloadWarehouse,
  budgetRows: environment.scanBudgetRows,
});
const audit = createAudit({ scans, share: environment.auditShare, registry, logger });
const stopFollowing = followAnnouncements({
  redisUrl: environment.redisUrl,
  onPublication: () => void liveLoads.refresh().catch(() => undefined),
  logger,
});
const ingestion = connectIngestion({
  address: environment.temporalAddress ?? '127.0.0.1:7233',
  namespace: environment.temporalNamespace,
  logger,
});
const answers = createAnswers({
  liveLoads,
  ladder,
  scans,
  audit,
  requestTimeoutMs: environment.requestTimeoutMs,
  logger,
});
const gateway = createGatewayServer({
  parts: {
    source: {
      name: sourceName,
      url: describeSource(environment.source),
      generated: sourceName === 'demo',
      host: originHost(environment.source),
    },
    answers,
    requestTimeoutMs: environment.requestTimeoutMs,
    liveLoads,
    ingestion,
    control: ingestion.control,
    operator: createOperatorCheck(operatorToken(environment)),
    readFiles: () => readFiles(warehouse, { source: sourceName }),
    readProofs: (sequences) => readProofs(warehouse, sequences),
  },
  warehouseAnswers: () => liveLoads.current() !== undefined,
  auditMismatches: () => audit.mismatches(),
  registry,
  logger,
});
gateway.server.on('error', (error) => {
  process.stderr.write(
    `gateway: cannot listen on ${environment.host}:${environment.port}: ${error.message}\n`,
  );
  process.exit(1);
});
gateway.server.listen(environment.port, environment.host, () => {
  logger.info({ url: `http://${environment.host}:${environment.port}` }, 'gateway is listening');
});

async function stop(): Promise<void> {
  await Promise.race([gateway.close(), sleep(DRAIN_MS)]);
  gateway.server.closeAllConnections();
  liveLoads.stop();
  stopFollowing();
  const warehouses = [warehouse, scanWarehouse, downloadWarehouse];
  await Promise.allSettled([ingestion.close(), ...warehouses.map((each) => each.close())]);
  process.exit(0);
}
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop());

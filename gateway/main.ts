/** Composition root of the gateway. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describeSource, environmentOrExit, operatorToken, originHost } from '../config/environment.ts';
import { createLogger } from '../config/logging.ts';
import { readFiles } from '../warehouse/files.ts';
import { readProofs } from '../warehouse/loads.ts';
import { createWarehouse } from '../warehouse/warehouse.ts';
import { createAnswerCache } from './answer-cache.ts';
import { createAnswers } from './answers.ts';
import { connectIngestion } from './ingestion.ts';
import { followLiveLoads } from './live-loads.ts';
import { createOperatorCheck } from './operator.ts';
import { connectRedis } from './redis.ts';
import { createGatewayServer } from './server.ts';

/** How long a publication stays unseen when its announcement is lost. */
const LIVE_LIST_POLL_MS = 500;
/** How long requests that were begun may take after SIGTERM. */
const DRAIN_MS = 5_000;

const environment = environmentOrExit();
const logger = createLogger({ name: 'gateway', level: environment.logLevel });
const warehouse = createWarehouse({
  url: environment.clickhouseUrl ?? 'http://127.0.0.1:8123',
  by: 'gateway',
});
const { sourceName } = environment;
const liveLoads = followLiveLoads({ warehouse, source: sourceName, logger, pollEveryMs: LIVE_LIST_POLL_MS });
const redis = connectRedis({
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
  warehouse,
  liveLoads,
  cache: createAnswerCache({ redis: redis.cache }),
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
    liveLoads,
    ingestion,
    control: ingestion.control,
    operator: createOperatorCheck(operatorToken(environment)),
    readFiles: () => readFiles(warehouse, { source: sourceName }),
    readProofs: (sequences) => readProofs(warehouse, sequences),
  },
  warehouseAnswers: () => liveLoads.current() !== undefined,
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
  redis.close();
  await Promise.allSettled([ingestion.close(), warehouse.close()]);
  process.exit(0);
}
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop());

/** One process, or with GATEWAY_PROCESSES several that are one gateway. */
import cluster from 'node:cluster';
import { environmentOrExit } from '../config/environment.ts';
import { createLogger } from '../config/logging.ts';
import { runProcesses } from './processes/primary.ts';
import { runGateway } from './run-gateway.ts';

const environment = environmentOrExit();
const { gatewayProcesses: count, logLevel: level } = environment;
if (count > 1 && cluster.isPrimary) runProcesses({ count, logger: createLogger({ name: 'gateway', level }) });
else runGateway(environment);

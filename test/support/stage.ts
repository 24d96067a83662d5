/** Gateways over a real engine and a real Redis, without ingestion: what is published, and when, is the test's. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PUBLICATIONS_CHANNEL } from '../../config/announcement.ts';
import { migrate } from '../../warehouse/migrate.ts';
import { createWarehouse, type Warehouse } from '../../warehouse/warehouse.ts';
import { startEngineProcess, type EngineProcess } from '../integration/engine-process.ts';
import { publishTrips, type MadeFile, type MadeLoad } from './made-loads.ts';
import { startRedisServer, type RedisServer } from './redis-server.ts';
import { freePort } from './tripline.ts';
import { until } from './until.ts';
import { programArguments } from '../../config/program/program.ts';

export interface StagedGateway {
  url: string;
  pid: number;
  child: ChildProcess;
  log: () => string;
  /** By an operator who is patient. */
  stop: () => Promise<void>;
}

export interface Stage {
  /** The one that runs now. */
  readonly engine: EngineProcess;
  /** After it was killed: at the same address, with the same data. */
  startEngineAgain: () => Promise<void>;
  redis: RedisServer;
  warehouse: Warehouse;
  /** Publishes a file's trips and tells the gateways. */
  publish: (file: MadeFile) => Promise<MadeLoad>;
  startGateway: (env?: Record<string, string>) => Promise<StagedGateway>;
  stop: () => Promise<void>;
}

export const OPERATOR_TOKEN = 'the-operators-own-token';

export async function startStage(): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'tripline-stage-'));
  const dataDir = join(folder, 'clickhouse');
  const [firstEngine, redis] = await Promise.all([startEngineProcess(dataDir), startRedisServer()]);
  let engine = firstEngine;
  const warehouse = createWarehouse({ url: engine.as('loader'), by: 'load' });
  await migrate(warehouse);
  const gateways: StagedGateway[] = [];

  async function startGateway(env: Record<string, string> = {}): Promise<StagedGateway> {
    const port = await freePort();
    const child = spawn(process.execPath, programArguments('gateway/main.ts'), {
      env: {
        ...process.env,
        SOURCE_URL: `file://${folder}`,
        DATA_DIR: folder,
        PORT: String(port),
        CLICKHOUSE_URL: engine.as('gateway'),
        REDIS_URL: redis.url,
        // Nobody is there.
        TEMPORAL_ADDRESS: '127.0.0.1:9',
        OPERATOR_TOKEN,
        LOG_FORMAT: 'json',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let log = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (log += String(text)));
    const url = `http://127.0.0.1:${port}`;
    const stop = async (): Promise<void> => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    };
    try {
      const isReady = async (): Promise<boolean> => {
        if (child.exitCode !== null) throw new Error('the gateway ended');
        return (await fetch(`${url}/readyz`)).ok;
      };
      await until('the gateway is ready', isReady, { deadlineMs: 90_000 });
    } catch (error) {
      child.kill('SIGKILL');
      throw new Error(`${String(error)}\n${log}`, { cause: error });
    }
    const gateway = { url, pid: child.pid ?? 0, child, log: () => log, stop };
    gateways.push(gateway);
    return gateway;
  }

  return {
    get engine() {
      return engine;
    },
    async startEngineAgain() {
      engine = await startEngineProcess(dataDir, {
        flags: ['--port', new URL(engine.url).port],
        credentials: engine.credentials,
      });
    },
    redis,
    warehouse,
    async publish(file) {
      const load = await publishTrips(warehouse, file);
      // As the publisher's worker does; one that Redis does not hear is noticed by polling.
      await redis.command('publish', PUBLICATIONS_CHANNEL, String(load.sequence)).catch(() => undefined);
      return load;
    },
    startGateway,
    async stop() {
      await Promise.allSettled(gateways.map((gateway) => gateway.stop()));
      await warehouse.close();
      await Promise.allSettled([engine.stop(), redis.stop()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

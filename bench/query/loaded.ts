/** A warehouse full of trips, kept from run to run, and gateways over it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, linkSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, startTripline, type Tripline } from '../../test/support/tripline.ts';
import { until } from '../../test/support/until.ts';
import { createWarehouse, type Warehouse } from '../../warehouse/warehouse.ts';
import { monthsFrom, prepareMonths } from '../months.ts';
import { peakMegabytes } from '../system.ts';
import { programArguments } from '../../config/program/program.ts';

export interface Gateway {
  url: string;
  pid: number;
  /** GraphQL. @throws Error when there are errors */
  ask<Data>(query: string, variables: Record<string, unknown>): Promise<Data>;
  /** The longest that its event loop was busy with one thing since this was asked last, in milliseconds. */
  longestTurnMs(): Promise<number>;
  /** Resident memory, in MB: highest so far. */
  peakMegabytes(): number;
  stop(): Promise<void>;
}

/** Of what a server writes: shown, or written and thrown away. */
type Log = 'inherit' | 'ignore';

export interface Loaded {
  /** Waits until the engine does nothing more. */
  atRest(): Promise<void>;
  warehouse: Warehouse;
  redisUrl: string;
  /** Files that are loaded. */
  paths: string[];
  /** `YYYY-MM` */
  months: string[];
  rows: number;
  /** A gateway as people run it. @param log where its log goes */
  startGateway(env?: Record<string, string>, options?: { log?: Log }): Promise<Gateway>;
  /** The same with another way to a percentile. */
  startOtherGateway(way: 'constant' | 'sql'): Promise<Gateway>;
  stop(): Promise<void>;
}

export async function startLoaded({
  cache,
  months: count,
  rows,
}: {
  cache: string;
  months: number;
  rows: number;
}): Promise<Loaded> {
  const months = monthsFrom('2023-01', count);
  const { folder, names, label } = await prepareMonths({ cache, months, rows });
  const source = join(cache, `source-${label}-${count}x${rows}`);
  mkdirSync(source, { recursive: true });
  for (const name of names)
    if (!existsSync(join(source, name))) linkSync(join(folder, name), join(source, name));
  console.info(`loading ${count} months of ${rows} ${label} trips, unless they are already`);
  const tripline: Tripline = await startTripline({
    sourceUrl: `file://${source}`,
    dataDir: join(cache, `data-${label}-${count}x${rows}`),
    env: { KEEP_LOADS_HOURS: '100000' },
  });
  await tripline.settled(count, 1_800_000);
  // The loader's, whose reads have the gateway's lanes.
  const clickhouse = tripline.clickhouse('loader');
  const warehouse = createWarehouse({ url: clickhouse, by: 'bench' });
  const atRest = async () => {
    const sql = `SELECT (SELECT count() FROM system.merges) + (SELECT count() FROM system.processes) AS n`;
    // This statement is one of them.
    const isAtRest = async () => Number((await warehouse.rows<{ n: string }>(sql))[0]?.n) <= 1;
    await until('the engine is at rest', isAtRest, { deadlineMs: 300_000, everyMs: 500 });
  };
  // Merges of what was just loaded would be measured too.
  await atRest();

  async function start(
    [program = '', ...args]: readonly string[],
    port: number,
    env: Record<string, string>,
    log: Log = 'inherit',
  ): Promise<Gateway> {
    const child = spawn(
      process.execPath,
      ['--max-semi-space-size=64', ...programArguments(program, ...args)],
      {
        env: { ...process.env, LOG_LEVEL: 'warn', ...env },
        stdio: ['ignore', log, 'inherit'],
      },
    );
    const url = `http://127.0.0.1:${port}`;
    await until('the gateway is ready', async () => (await fetch(`${url}/readyz`)).ok, {
      deadlineMs: 60_000,
    });
    return gatewayAt(url, child);
  }

  return {
    warehouse,
    redisUrl: tripline.part('redis').url,
    atRest,
    paths: names.map((name) => join(source, name)),
    months,
    rows,
    async startGateway(env = {}, { log } = {}) {
      const port = await freePort();
      const all = {
        PORT: String(port),
        SOURCE_URL: `file://${source}`,
        DATA_DIR: tripline.dataDir,
        CLICKHOUSE_URL: clickhouse,
        TEMPORAL_ADDRESS: new URL(tripline.part('temporal').url).host,
        AUDIT_SHARE: '0',
        // Every question is to be answered, not remembered.
        RESULT_CACHE_MB: '0',
        ...env,
      };
      return start(['gateway/main.ts'], port, all, log);
    },
    async startOtherGateway(way) {
      const port = await freePort();
      const args = ['--way', way, '--port', String(port), '--clickhouse', clickhouse];
      return start(['bench/query/other-gateway.ts', ...args], port, {});
    },
    async stop() {
      await warehouse.close();
      await tripline.stop();
    },
  };
}

function gatewayAt(url: string, child: ChildProcess): Gateway {
  return {
    url,
    pid: child.pid ?? 0,
    async ask<Data>(query: string, variables: Record<string, unknown>): Promise<Data> {
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query, variables }),
      });
      const { data, errors } = (await response.json()) as { data?: Data; errors?: unknown };
      if (data === undefined || errors !== undefined) throw new Error(JSON.stringify(errors));
      return data;
    },
    async longestTurnMs() {
      const metrics = await (await fetch(`${url}/metrics`)).text();
      const [, seconds] = /^nodejs_eventloop_lag_max_seconds (.*)$/m.exec(metrics) ?? [];
      // It is the time from one timer to the next, which are 10 ms apart.
      return Number(seconds) * 1_000 - 10;
    },
    peakMegabytes: () => peakMegabytes(child.pid ?? 0),
    async stop() {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
    },
  };
}

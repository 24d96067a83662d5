/**
 * The same gateway with another way to a percentile, in a process of its own: `constant` (what everything but the answer costs) or `sql` (one statement over
 * the histograms for each request).
 */
import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { createAccess } from '../../gateway/access/access.ts';
import { readEnvironment } from '../../config/environment.ts';
import type { Answers, PercentileAnswer } from '../../gateway/answers.ts';
import type { GatewayParts } from '../../gateway/context.ts';
import { createSeal } from '../../gateway/cache/seal.ts';
import { createGateway } from '../../gateway/create-gateway.ts';
import { followLiveLoads } from '../../gateway/live-loads.ts';
import { createLoadShedding } from '../../gateway/limits/load-shedding.ts';
import { createRedisStore } from '../../gateway/redis/redis-store.ts';
import { createWarehouse } from '../../warehouse/warehouse.ts';
import { p90BySql } from './sql-percentile.ts';

const { values } = parseArgs({
  options: { way: { type: 'string' }, port: { type: 'string' }, clickhouse: { type: 'string' } },
});
const logger = pino({ level: 'error' });
const warehouse = createWarehouse({ url: values.clickhouse ?? '', by: 'gateway' });
const liveLoads = followLiveLoads({ warehouse, source: 'yellow', logger, pollEveryMs: 500 });

const PLAN = {
  years: 0,
  months: 0,
  days: 0,
  hours: 0,
  tripsRead: 0,
  pagesHit: 0,
  pagesMissed: 0,
  statements: 0,
  milliseconds: 0,
};
const CONSTANT: PercentileAnswer = {
  p: 0.9,
  value: 8.93,
  trips: 71_999_760,
  below: 64_799_784,
  equal: 12_345,
  above: 7_187_631,
  rank: 64_799_784,
  dataVersion: 24,
  dataThrough: null,
  loading: false,
  plan: PLAN,
};
const ways: Record<string, Answers['percentiles']> = {
  constant: () => Promise.resolve([CONSTANT]),
  async sql({ span, levels: [level] }) {
    const snapshot = liveLoads.current() ?? (await liveLoads.refresh());
    if (level === undefined) throw new Error('no level');
    const { tripsOver, ...found } = await p90BySql({ warehouse, snapshot, level, span });
    return [{ ...CONSTANT, ...found, above: tripsOver, dataVersion: snapshot.versionOf(span) }];
  },
};
const percentiles = ways[values.way ?? ''];
if (percentiles === undefined) throw new Error('--way constant or sql');
const unused = () => Promise.reject(new Error('not measured'));
const parts = {
  source: { name: 'yellow', url: '', generated: false, host: undefined },
  answers: {
    percentiles,
    series: unused,
    by: unused,
    distribution: unused,
    tripsOver: unused,
    downloadTripsOver: unused,
  },
  requestTimeoutMs: 30_000,
} as unknown as GatewayParts;
const access = createAccess({
  access: { reading: 'open', apiKeys: new Map(), jwt: undefined },
  operatorToken: randomUUID(),
  trustProxy: false,
  logger,
});
const { server } = createGateway({
  parts,
  // Nothing is kept: each question is answered.
  settings: { ...readEnvironment({}), resultCacheBytes: 0, accessLog: 'off' },
  access,
  store: createRedisStore({ url: undefined, logger }),
  seal: createSeal(randomUUID()),
  shedding: createLoadShedding(),
  isWarehouseThere: () => liveLoads.current() !== undefined,
  auditMismatches: () => 0,
  registry: new Registry(),
  logger,
});
server.listen(Number(values.port), '127.0.0.1');

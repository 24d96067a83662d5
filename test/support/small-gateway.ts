/** A gateway in this process, over whatever parts a test gives it. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { readEnvironment } from '../../config/environment.ts';
import { createAccess } from '../../gateway/access/access.ts';
import { createSeal } from '../../gateway/cache/seal.ts';
import type { GatewayParts } from '../../gateway/context.ts';
import { createGateway } from '../../gateway/create-gateway.ts';
import { createLoadShedding, type LoadShedding } from '../../gateway/limits/load-shedding.ts';
import { createRedisStore } from '../../gateway/redis/redis-store.ts';

export async function startSmallGateway(
  parts: Partial<GatewayParts>,
  env: Record<string, string> = {},
  {
    shedding = createLoadShedding(),
    isWarehouseThere = () => true,
  }: { shedding?: LoadShedding; isWarehouseThere?: () => boolean } = {},
): Promise<{ url: string; stop: () => Promise<void> }> {
  const logger = pino({ level: 'silent' });
  const settings = readEnvironment(env);
  const { server, drain } = createGateway({
    parts: {
      requestTimeoutMs: 1_000,
      liveLoads: { isBehind: () => false, current: () => undefined },
      ...parts,
    } as GatewayParts,
    settings,
    access: createAccess({
      access: settings.access,
      operatorToken: 'the-operators-own-token',
      trustProxy: false,
      logger,
    }),
    store: createRedisStore({ url: undefined, logger }),
    seal: createSeal('the-operators-own-token'),
    shedding,
    isWarehouseThere,
    auditMismatches: () => 0,
    registry: new Registry(),
    logger,
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections();
      await drain(0);
    },
  };
}

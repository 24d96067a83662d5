import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import type { GatewayParts } from './context.ts';
import { createGatewayServer } from './server.ts';

/** @returns status, content type and content of /healthz */
async function health(mismatches: number): Promise<[number, string | null, unknown]> {
  const { server, close } = createGatewayServer({
    // Nobody asks anything of them.
    parts: {} as GatewayParts,
    warehouseAnswers: () => false,
    auditMismatches: () => mismatches,
    registry: new Registry(),
    logger: pino({ level: 'silent' }),
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/healthz`);
  const found: [number, string | null, unknown] = [
    response.status,
    response.headers.get('content-type'),
    await response.json(),
  ];
  await close();
  return found;
}

describe('/healthz', () => {
  it('passes while no answer was wrong, whether or not the warehouse answers', async () => {
    const audit = { status: 'pass', mismatches: 0 };
    expect(await health(0)).toEqual([200, 'application/health+json', { status: 'pass', checks: { audit } }]);
  });

  it('fails for people once one was, and keeps the process running', async () => {
    const audit = { status: 'fail', mismatches: 2 };
    expect(await health(2)).toEqual([200, 'application/health+json', { status: 'fail', checks: { audit } }]);
  });
});

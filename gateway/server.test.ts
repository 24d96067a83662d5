import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { createGatewayServer } from './server.ts';

/** @returns status, content type and content */
async function ask(
  path: string,
  parts: Partial<Parameters<typeof createGatewayServer>[0]>,
): Promise<[number, string | null, unknown]> {
  // Nobody asks anything of the other parts.
  const given = {
    checkHost: () => undefined,
    pages: new Map(),
    mostConnections: { all: 10, ofAddress: 10 },
    logger: pino({ level: 'silent' }),
    ...parts,
  };
  const fastPath = { answer: () => false };
  const { server, drain } = createGatewayServer({ ...given, fastPath } as unknown as Parameters<
    typeof createGatewayServer
  >[0]);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`);
  const found: [number, string | null, unknown] = [
    response.status,
    response.headers.get('content-type'),
    await response.json(),
  ];
  await drain(0);
  return found;
}

describe('/healthz', () => {
  const health = (mismatches: number) => ask('/healthz', { auditMismatches: () => mismatches });

  it('passes while no answer was wrong, whether or not the warehouse answers', async () => {
    const audit = { status: 'pass', mismatches: 0 };
    expect(await health(0)).toEqual([200, 'application/health+json', { status: 'pass', checks: { audit } }]);
  });

  it('fails for people once one was, and keeps the process running', async () => {
    const audit = { status: 'fail', mismatches: 2 };
    expect(await health(2)).toEqual([200, 'application/health+json', { status: 'fail', checks: { audit } }]);
  });
});

it('/metrics is all of them or nothing', async () => {
  const metrics = { type: 'text/plain', text: () => Promise.resolve(undefined) };
  expect(await ask('/metrics', { metrics })).toEqual([
    503,
    'application/problem+json',
    expect.objectContaining({ status: 503, code: 'SERVICE_UNAVAILABLE' }),
  ]);
});

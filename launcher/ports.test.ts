import { createServer } from 'node:net';
import { once } from 'node:events';
import { describe, expect, onTestFinished, test } from 'vitest';
import { strangerListensOn } from './port-owner.ts';
import { freePorts, holdPort, whyNotFree } from './ports.ts';

async function listenOn(host: string): Promise<number> {
  const server = createServer().listen({ host, port: 0 });
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

describe('ports', () => {
  test('a busy one is replaced, and all are different', async () => {
    const busy = await listenOn('127.0.0.1');
    const ports = await freePorts({ a: busy, b: busy, c: busy });
    expect(new Set([busy, ...Object.values(ports)]).size).toBe(4);
  });
  test('the preferred one is taken when it is free, unless it is promised to another', async () => {
    const { free } = await freePorts({ free: 25_000 });
    expect(await freePorts({ again: free })).toEqual({ again: free });
    expect((await freePorts({ other: free }, { except: [free] })).other).not.toBe(free);
  });
  test('who finds another launcher here looks elsewhere, where nobody prefers to be', async () => {
    const port = await listenOn('127.0.0.1');
    expect(await holdPort({ host: '127.0.0.1', port })).toBe(false);
    const { worker } = await freePorts({ worker: 4001 }, { anywhere: true });
    expect(worker).toBeGreaterThanOrEqual(20_000);
    expect(worker).toBeLessThan(32_000);
  });
  test('a stranger on all interfaces makes a loopback port busy', async () => {
    expect(await whyNotFree({ host: '127.0.0.1', port: await listenOn('0.0.0.0') })).toBe('EADDRINUSE');
  });
  test('an address of another machine has a reason', async () => {
    expect(await whyNotFree({ host: '203.0.113.1', port: 4000 })).toBe('EADDRNOTAVAIL');
  });
  test.skipIf(process.platform !== 'linux')('a port belongs to the process that listens on it', async () => {
    const port = await listenOn('127.0.0.1');
    expect(strangerListensOn({ pid: process.pid, port })).toBe(false);
    expect(strangerListensOn({ pid: process.ppid, port })).toBe(true);
    const { nobodys } = await freePorts({ nobodys: 26_000 });
    expect(strangerListensOn({ pid: process.pid, port: nobodys })).toBe(false);
  });
});

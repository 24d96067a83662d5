import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { plainRequest } from '../../test/support/plain-request.ts';
import { createDemoServer } from './demo-server.ts';

it('takes no web page’s requests, nor those under another’s name, and none of them counts', async () => {
  let entered = 0;
  const server = createDemoServer({
    shelf: { files: () => [], find: () => undefined } as never,
    throttle: { enter: () => (entered += 1) > 0, leave: () => undefined },
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const status = async (path: string, headers: Parameters<typeof plainRequest>[2] = {}) =>
    (await plainRequest(port, `GET ${path}`, headers)).status;
  expect(await status('/')).toBe(200);
  expect(await status('/', { host: 'localhost' })).toBe(200);
  expect(entered).toBe(2);
  expect(await status('/', { host: 'evil.example' })).toBe(421);
  expect(await status('/', { host: ['localhost', 'localhost'] })).toBe(400);
  expect(await status('/', { origin: 'http://evil.example' })).toBe(403);
  expect(await status('/x.parquet', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' })).toBe(
    403,
  );
  expect(entered).toBe(2);
  // No URL at all.
  expect(await status('//')).toBe(403);
  expect(entered).toBe(3);
});

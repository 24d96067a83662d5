import { expect, it, onTestFinished } from 'vitest';
import { plainRequest } from '../test/support/plain-request.ts';
import { freePort } from '../test/support/tripline.ts';
import { startHealthServer } from './health-server.ts';

it('answers probes under any name, and no request ends the process', async () => {
  const port = await freePort();
  const health = await startHealthServer({
    host: '127.0.0.1',
    port,
    ready: () => true,
    trouble: () => 'The disk is nearly full.',
    originView: () => undefined,
  });
  onTestFinished(() => health.close());
  const status = async (path: string, host: string | string[]) =>
    (await plainRequest(port, `GET ${path}`, { host })).status;
  for (const path of ['/healthz', '/readyz', '/metrics']) expect(await status(path, 'worker:4001')).toBe(200);
  expect(await status('/readyz', ['worker', 'worker'])).toBe(400);
  const readyz = await fetch(`http://127.0.0.1:${port}/readyz`);
  expect(await readyz.text()).toBe('ready, but loading waits: The disk is nearly full.\n');
  for (const path of ['//', 'http://[', '/x']) expect(await status(path, 'worker')).toBe(404);
});

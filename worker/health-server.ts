import { createServer } from 'node:http';
import { Registry } from 'prom-client';
import { hasSeveralHosts, SEVERAL_HOSTS } from '../config/http/host-check.ts';
import { requestUrl } from '../config/http/request-url.ts';
import { collectProcessMetrics } from '../config/process-metrics.ts';
import type { OriginView } from '../workflows/messages.ts';
import { registerOriginMetrics } from './origin-metrics.ts';

/**
 * Serves GET /readyz (200 when ready, else 503; with a word where nothing can be loaded), /healthz and /metrics: under any name, as probes and scrapes come under many, and there is nothing to steer and
 * nothing of the data to read.
 */
export async function startHealthServer({
  host,
  port,
  ready,
  trouble,
  originView,
}: {
  host: string;
  port: number;
  ready: () => boolean;
  /** Why loading waits; undefined: it does not. */
  trouble: () => string | undefined;
  /** What the governor of the source's host last said; undefined where there is none. */
  originView: () => OriginView | undefined;
}): Promise<{ close: () => Promise<void> }> {
  const registry = new Registry();
  collectProcessMetrics(registry);
  registerOriginMetrics(registry, originView);
  const server = createServer((request, response) => {
    if (hasSeveralHosts(request.rawHeaders)) {
      response.statusCode = SEVERAL_HOSTS.status;
      return void response.end(`${SEVERAL_HOSTS.detail}\n`);
    }
    const { pathname } = requestUrl(request);
    if (pathname === '/healthz') return void response.end('ok\n');
    if (pathname === '/readyz') {
      response.statusCode = ready() ? 200 : 503;
      const why = trouble();
      const inFull = why === undefined ? 'ready\n' : `ready, but loading waits: ${why}\n`;
      return void response.end(ready() ? inFull : 'not ready\n');
    }
    if (pathname === '/metrics') {
      return void registry.metrics().then((text) => {
        response.setHeader('content-type', registry.contentType);
        response.end(text);
      });
    }
    response.statusCode = 404;
    response.end('not found: /healthz, /readyz or /metrics\n');
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', ({ code = 'unknown error' }: NodeJS.ErrnoException) =>
      reject(
        new Error(
          `cannot listen on WORKER_PORT ${port} at HOST ${host} (${code}): set WORKER_PORT to a free one`,
        ),
      ),
    );
    server.listen(port, host, resolve);
  });
  return {
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

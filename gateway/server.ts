/** The HTTP server: GraphQL, REST, the dashboard, and what operators ask. */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createYoga } from 'graphql-yoga';
import type { Registry } from 'prom-client';
import type { Logger } from '../config/logging.ts';
import { takeArrivals } from './arrivals.ts';
import { askingFor, createContext, type GatewayParts } from './context.ts';
import { sendProblem } from './problem.ts';
import { requestUrl } from './request-url.ts';
import { answerGet, answerP90 } from './rest.ts';
import { downloadTripsOver } from './download.ts';
import { createSchema } from './schema.ts';

const DASHBOARD: Readonly<Record<string, { file: string; type: string }>> = {
  '/': { file: 'index.html', type: 'text/html' },
  '/dashboard.js': { file: 'dashboard.js', type: 'text/javascript' },
  '/dashboard.css': { file: 'dashboard.css', type: 'text/css' },
};
/** The page loads nothing from elsewhere. */
const PAGE_POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src data:; frame-ancestors 'none'";

export interface GatewayServer {
  server: Server;
  /** Answers what it has begun, takes nothing new. */
  close: () => Promise<void>;
}

export function createGatewayServer({
  parts,
  warehouseAnswers,
  auditMismatches,
  registry,
  logger,
}: {
  parts: GatewayParts;
  /** Has the warehouse answered, so that questions can be? */
  warehouseAnswers: () => boolean;
  /** Answers that turned out to be wrong. */
  auditMismatches: () => number;
  registry: Registry;
  logger: Logger;
}): GatewayServer {
  let draining = false;
  const yoga = createYoga({
    schema: createSchema(),
    graphqlEndpoint: '/graphql',
    landingPage: false,
    batching: false,
    logging: {
      debug: () => undefined,
      info: () => undefined,
      warn: (...what: unknown[]) => logger.warn(what.map(String).join(' ')),
      error: (...what: unknown[]) => logger.error(what.map(String).join(' ')),
    },
    context: ({ request }) =>
      createContext(parts, {
        authorization: request.headers.get('authorization'),
        asking: askingFor(() => request.signal, parts),
      }),
  });

  const text = (response: ServerResponse, status: number, body: string): void => {
    response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
    response.end(body);
  };

  /** Always 200 while the process works: a wrong answer is for people, and no restart mends it. */
  const health = (response: ServerResponse): void => {
    const mismatches = auditMismatches();
    const audit = { status: mismatches === 0 ? 'pass' : 'fail', mismatches };
    response.writeHead(200, { 'content-type': 'application/health+json' });
    response.end(`${JSON.stringify({ status: audit.status, checks: { audit } })}\n`);
  };

  async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = requestUrl(request).pathname;
    const page = DASHBOARD[path];
    if (page !== undefined) {
      const type = `${page.type}; charset=utf-8`;
      response.writeHead(200, {
        'content-type': type,
        'cache-control': 'no-cache',
        'content-security-policy': PAGE_POLICY,
      });
      response.end(readFileSync(new URL(`../dashboard/${page.file}`, import.meta.url)));
      return;
    }
    switch (path) {
      case '/graphql':
        if (
          request.method === 'POST' &&
          !/^application\/json\b/i.test(request.headers['content-type'] ?? '')
        ) {
          return sendProblem(response, {
            status: 415,
            title: 'Unsupported Media Type',
            detail: 'Send the query as JSON, with content-type: application/json.',
          });
        }
        await yoga(request, response);
        return;
      case '/api/p90':
        return answerGet(request, response, () =>
          answerP90(
            request,
            response,
            parts.answers,
            askingFor(() => untilGone(response), parts),
          ),
        );
      case '/api/trips-over-p90':
        return answerGet(request, response, () => {
          const gone = untilGone(response);
          const asking = askingFor(() => gone, parts);
          return downloadTripsOver(request, response, { parts, asking, gone, logger });
        });
      case '/api/arrivals':
        return takeArrivals(request, response, parts);
      case '/healthz':
        return health(response);
      case '/readyz': {
        const ready = !draining && warehouseAnswers();
        return text(response, ready ? 200 : 503, ready ? 'ready\n' : 'not ready\n');
      }
      case '/metrics':
        response.writeHead(200, { 'content-type': registry.contentType });
        response.end(await registry.metrics());
        return;
      default:
        return sendProblem(response, {
          status: 404,
          title: 'Not Found',
          detail:
            'There are /, /graphql, /api/p90, /api/trips-over-p90, /api/arrivals, /healthz, /readyz and /metrics.',
        });
    }
  }

  const server = createServer((request, response) => {
    route(request, response).catch((error: unknown) => {
      logger.error({ error: String(error), url: request.url }, 'a request failed');
      if (response.headersSent) response.destroy();
      else
        sendProblem(response, {
          status: 500,
          title: 'Internal Server Error',
          detail: 'This is our fault. It is logged.',
        });
    });
  });
  return {
    server,
    close: () =>
      new Promise((resolve) => {
        draining = true;
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
  };
}

/** Aborts when the client has gone before its answer. */
function untilGone(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  const closed = (): void => {
    if (!response.writableFinished) gone.abort();
  };
  if (response.closed) closed();
  else response.once('close', closed);
  return gone.signal;
}

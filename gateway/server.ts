/** The HTTP server: GraphQL, REST, pages, and what operators ask. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HostCheck, HostRefusal } from '../config/http/host-check.ts';
import { requestUrl } from '../config/http/request-url.ts';
import type { Logger } from '../config/logging.ts';
import type { Cors } from './access/cors.ts';
import { takeArrivals } from './arrivals.ts';
import { askingFor } from './asking.ts';
import { beCurrent } from './be-current.ts';
import type { GatewayParts } from './context.ts';
import { downloadTripsOver, wantsDownload } from './download.ts';
import { followConnections } from './http/connections.ts';
import type { Arrived, Conclude } from './http/exchange.ts';
import type { FastPath } from './http/fast-path.ts';
import type { GraphqlEndpoint } from './http/graphql-endpoint.ts';
import type { RestEndpoint } from './http/rest-endpoint.ts';
import { limitConnections, type MostConnections } from './limits/connection-limits.ts';
import {
  BodyCutError,
  guardConnections,
  problem,
  SERVER_OPTIONS,
  throwRestAway,
} from './limits/http-limits.ts';
import { guardUnread } from './limits/unread-answers.ts';
import type { createPages } from './pages.ts';
import { sendProblem } from './problem.ts';
import type { RestRoute } from './rest/routes.ts';

/** Probes and scrapes may come under any name: nothing of the data is there. */
const UNDER_ANY_NAME: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics']);

export interface GatewayServer {
  server: Server;
  /** Says that it is not ready, goes on for a while, then answers what it has begun and takes nothing new. */
  drain: (delayMs: number) => Promise<void>;
}

export function createGatewayServer({
  parts,
  checkHost,
  cors,
  fastPath,
  graphql,
  rest,
  routes,
  pages,
  conclude,
  isWarehouseThere,
  loadingTrouble,
  auditMismatches,
  metrics,
  mostConnections,
  logger,
}: {
  parts: GatewayParts;
  checkHost: HostCheck;
  cors: Cors;
  fastPath: FastPath;
  graphql: GraphqlEndpoint;
  rest: RestEndpoint;
  routes: ReadonlyMap<string, RestRoute>;
  pages: ReturnType<typeof createPages>;
  conclude: Conclude;
  /** Does the warehouse answer, so that questions can be answered that nobody asked before? */
  isWarehouseThere: () => boolean;
  /** Why nothing new is loaded, where this process can see that. It answers all the same. */
  loadingTrouble: () => string | undefined;
  /** Answers that turned out to be wrong. */
  auditMismatches: () => number;
  /** In Prometheus' text format; undefined when not all of them are there. */
  metrics: { type: string; text: () => Promise<string | undefined> };
  mostConnections: MostConnections;
  logger: Logger;
}): GatewayServer {
  let draining = false;

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

  const readiness = (response: ServerResponse): void => {
    if (draining) return text(response, 503, 'not ready: draining\n');
    if (!isWarehouseThere()) return text(response, 503, 'not ready: the warehouse does not answer\n');
    const trouble = loadingTrouble();
    return text(response, 200, trouble === undefined ? 'ready\n' : `ready, but loading waits: ${trouble}\n`);
  };

  async function measurements(response: ServerResponse): Promise<void> {
    const all = await metrics.text();
    if (all === undefined)
      return sendProblem(response, {
        status: 503,
        title: 'Service Unavailable',
        detail: 'A process of this gateway does not say what it has measured.',
        code: 'SERVICE_UNAVAILABLE',
      });
    response.writeHead(200, { 'content-type': metrics.type });
    response.end(all);
    return undefined;
  }

  const download = (arrived: Arrived): Promise<void> =>
    rest.guard(arrived, { name: 'download' }, async (exchange) => {
      const { readAt, caller, gone, request, response } = exchange;
      await beCurrent(parts.liveLoads);
      const asking = askingFor(gone, { ...parts, caller, began: readAt });
      await downloadTripsOver(request, response, { parts, asking, gone: gone(), logger });
      conclude(exchange, { operation: 'download', outcome: 'stream', status: response.statusCode });
    });

  const arrivals = (arrived: Arrived): Promise<void> =>
    rest.guard(arrived, { name: 'arrivals', methods: ['POST'] }, async (exchange) => {
      const { caller, request, response } = exchange;
      await takeArrivals(request, response, parts, caller);
      conclude(exchange, { operation: 'arrivals', outcome: 'none', status: response.statusCode });
    });

  /** @returns whether a page of another origin asked only whether it may ask */
  function isPreflight(request: IncomingMessage, response: ServerResponse): boolean {
    const { origin } = request.headers;
    if (request.method === 'OPTIONS') {
      response.writeHead(204, cors.preflightHeadersFor(origin)).end();
      return true;
    }
    for (const [name, value] of Object.entries(cors.headersFor(origin)))
      if (value !== undefined) response.setHeader(name, value);
    return false;
  }

  async function refuseHost(arrived: Arrived, { status, detail }: HostRefusal): Promise<void> {
    const { request, response } = arrived;
    await throwRestAway(request);
    if (!request.complete) response.setHeader('connection', 'close');
    sendProblem(response, problem(status, detail));
    conclude(arrived, { operation: 'refused', outcome: 'error', status });
  }

  async function route(arrived: Arrived, foreign: HostRefusal | undefined): Promise<void> {
    const { request, response } = arrived;
    const url = requestUrl(request);
    const path = url.pathname;
    if (foreign !== undefined && (foreign.reason === 'several' || !UNDER_ANY_NAME.has(path)))
      return refuseHost(arrived, foreign);
    const page = pages.get(path);
    if (page !== undefined) return page(request, response);
    switch (path) {
      case '/healthz':
        return health(response);
      case '/readyz':
        return readiness(response);
      case '/metrics':
        return measurements(response);
      case '/api/arrivals':
        return arrivals(arrived);
      case '/graphql':
        return isPreflight(request, response) ? undefined : graphql(arrived);
    }
    const restRoute = routes.get(path);
    if (restRoute === undefined) {
      await throwRestAway(request);
      return sendProblem(response, {
        status: 404,
        title: 'Not Found',
        detail: `There are /, /graphql, /api, ${[...routes.keys()].join(', ')}, /api/arrivals, /api/openapi.json, /documents.json, /healthz, /readyz and /metrics.`,
      });
    }
    if (isPreflight(request, response)) return undefined;
    return wantsDownload(url) ? download(arrived) : rest.answer(restRoute, arrived);
  }

  const server = createServer(SERVER_OPTIONS, (request, response) => {
    const began = performance.now();
    connections.answering(response);
    const foreign = checkHost(request);
    if (
      foreign === undefined &&
      request.method === 'GET' &&
      fastPath.answer(request.url ?? '', request, response, began)
    )
      return;
    route({ request, response, began }, foreign).catch((error: unknown) => {
      if (error instanceof BodyCutError) return;
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
  limitConnections(server, mostConnections);
  guardConnections(server);
  const connections = followConnections(server);
  guardUnread(server, { logger });
  return {
    server,
    async drain(delayMs) {
      draining = true;
      // Whoever comes again shall come to another gateway.
      connections.retire();
      await sleep(delayMs);
      await connections.close();
    },
  };
}

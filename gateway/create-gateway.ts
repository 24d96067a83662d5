/** The gateway's server, put together from what it is given: documents, cache, endpoints. */
import type { Registry } from 'prom-client';
import { Gauge } from 'prom-client';
import { namesOfGateway } from '../config/allowed-hosts.ts';
import type { Environment } from '../config/environment.ts';
import { createHostCheck } from '../config/http/host-check.ts';
import type { Logger } from '../config/logging.ts';
import type { Access } from './access/access.ts';
import { createCors } from './access/cors.ts';
import { createAnswerCache } from './cache/answer-cache.ts';
import { codeDigest } from './cache/code-digest.ts';
import type { Seal } from './cache/seal.ts';
import { createSharedAnswers } from './cache/shared-answers.ts';
import type { GatewayParts } from './context.ts';
import { createDocuments } from './documents/documents.ts';
import { manifestOf, readTrustedDocuments } from './documents/trusted-documents.ts';
import { createGraphiql } from './graphiql.ts';
import { createAccessLog } from './http/access-log.ts';
import { createAnswerWriter } from './http/answer-writer.ts';
import { createAnswering } from './http/answering.ts';
import { createConclude } from './http/exchange.ts';
import { createExecutor } from './http/executor.ts';
import { createFastPath } from './http/fast-path.ts';
import { createGraphqlEndpoint } from './http/graphql-endpoint.ts';
import { createNegotiation } from './http/negotiation.ts';
import { createRequestMetrics } from './http/request-metrics.ts';
import { createRestEndpoint } from './http/rest-endpoint.ts';
import { mostConnections } from './limits/connection-limits.ts';
import type { LoadShedding } from './limits/load-shedding.ts';
import { createPages } from './pages.ts';
import { gatherMetrics } from './processes/gather-metrics.ts';
import type { RedisStore } from './redis/redis-store.ts';
import { createOpenApi } from './rest/open-api.ts';
import { createRestRoutes } from './rest/routes.ts';
import { createSchema } from './schema.ts';
import { createGatewayServer, type GatewayServer } from './server.ts';

export type GatewaySettings = Pick<
  Environment,
  | 'access'
  | 'corsOrigins'
  | 'trustedDocumentsOnly'
  | 'introspection'
  | 'graphiql'
  | 'resultCacheBytes'
  | 'process'
  | 'accessLog'
  | 'trustProxy'
  | 'host'
  | 'publicUrl'
  | 'allowedHosts'
>;

export function createGateway({
  parts,
  settings,
  access,
  store,
  seal,
  shedding,
  isWarehouseThere,
  loadingTrouble = () => undefined,
  auditMismatches,
  registry,
  logger,
}: {
  parts: GatewayParts;
  settings: GatewaySettings;
  access: Access;
  store: RedisStore;
  seal: Seal;
  shedding: LoadShedding;
  isWarehouseThere: () => boolean;
  loadingTrouble?: () => string | undefined;
  auditMismatches: () => number;
  registry: Registry;
  logger: Logger;
}): GatewayServer {
  const { liveLoads } = parts;
  const { introspection } = settings;
  const schema = createSchema();
  const routes = createRestRoutes(schema);
  const trusted = readTrustedDocuments();
  const manifest = manifestOf(trusted);
  const documents = createDocuments({
    schema,
    trusted,
    trustedOnly: settings.trustedDocumentsOnly,
    introspection,
    store,
  });
  const namespace = codeDigest();
  const cache = createAnswerCache({
    liveLoads,
    shared: createSharedAnswers({ store, seal, liveLoads, namespace }),
    namespace,
    memoryBytes: settings.resultCacheBytes,
  });
  registry.registerMetric(
    new Gauge({
      name: 'tripline_answer_cache_bytes',
      help: 'Memory of the answers that are kept.',
      registers: [],
      collect() {
        this.set(cache.bytes());
      },
    }),
  );
  const isGuarded = settings.access.reading === 'authenticated';
  const cors = createCors(settings.corsOrigins);
  const byOrigin = cors.forAll === undefined;
  const writer = createAnswerWriter({
    isPrivate: isGuarded,
    vary: [...(isGuarded ? ['Authorization', 'X-Api-Key'] : []), ...(byOrigin ? ['Origin'] : [])],
    always: cors.forAll ?? [],
  });
  const metrics = createRequestMetrics(registry, {
    known: [
      ...['refused', 'anonymous', 'download', 'arrivals'],
      ...[...routes.keys()].map((path) => `GET ${path}`),
      ...manifest.operations.map(({ name }) => name),
    ],
  });
  const log = createAccessLog({ logger, detail: settings.accessLog });
  const conclude = createConclude({ metrics, log });
  const negotiate = createNegotiation();
  const fastPath = createFastPath({
    cache,
    liveLoads,
    writer,
    negotiate,
    access,
    isGuarded,
    byOrigin,
    metrics,
    log,
  });
  // Where documents must be known, the page could ask nothing.
  const hasGraphiql = settings.graphiql && !settings.trustedDocumentsOnly;
  const executor = createExecutor({ schema, introspection, logger });
  const answering = createAnswering({ parts, cache, executor, shedding, writer, fastPath, conclude });
  const allMetrics = gatherMetrics(registry, settings.process?.slot);
  return createGatewayServer({
    parts,
    checkHost: createHostCheck({
      names: namesOfGateway(settings),
      advice:
        'Use its IP address or localhost, or let its operator name it in ALLOWED_HOSTS (or PUBLIC_URL): names with commas between them, *.example.org for all below one.',
    }),
    cors,
    fastPath,
    graphql: createGraphqlEndpoint({
      parts,
      access,
      documents,
      executor,
      shedding,
      answering,
      fastPath,
      negotiate,
      graphiql: hasGraphiql ? createGraphiql() : undefined,
      conclude,
    }),
    rest: createRestEndpoint({ access, documents, answering, negotiate, conclude }),
    routes,
    pages: createPages({
      '/api/openapi.json': createOpenApi(routes),
      '/documents.json': manifest,
    }),
    conclude,
    isWarehouseThere,
    loadingTrouble,
    auditMismatches,
    metrics: { type: registry.contentType, text: allMetrics },
    mostConnections: mostConnections(settings),
    logger,
  });
}

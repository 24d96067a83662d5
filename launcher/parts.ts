import { join } from 'node:path';
import { publicSourceUrl, type Environment } from '../config/environment.ts';
import { variablesFor, type Variables } from '../config/part-environment.ts';
import { programArguments } from '../config/program/program.ts';
import { createEngineCredentials, PASSWORD_DIGESTS, type EngineUser } from './engine/engine-credentials.ts';
import { THREADS_NEEDED } from './engine/start-engine.ts';
import { shelfOf } from '../sources/demo/shelf.ts';
import type { LocalServers } from './local-servers.ts';
import type { PartPlan } from './part.ts';
import { freePorts, holdPort, whyNotFree } from './ports.ts';
import { everyProbe, httpProbe, redisProbe } from './probes.ts';
import { redisArguments } from './redis-arguments.ts';
import { Refusal } from './refusal.ts';
import { createTemporalUi } from './temporal-ui/temporal-ui.ts';

const LOOPBACK = '127.0.0.1';
/** Where each part is looked for first. Only `PORT` is promised. */
const PREFERRED_PORTS = {
  temporal: 7233,
  temporalUi: 8233,
  clickhouse: 8123,
  redis: 6379,
  worker: 4001,
  demo: 4002,
};
/**
 * Who listens here has the preferred ports, also while one of its parts is away: another launcher that starts just then would take
 * that part's port for good.
 */
const PREFERENCE_PORT = 4003;
const SEARCH_ATTRIBUTES = { Source: 'Keyword', FileMonth: 'Keyword', Stage: 'Keyword', RowsLoaded: 'Int' };
/**
 * The dev server's HTTP API cannot be off, and without this it takes any web page's requests, under any `Host`. No `Host` can have spaces in it: so it refuses
 * all, and there is no secret that could leak.
 */
const NO_HTTP_API = 'frontend.httpAllowedHosts=["no host at all"]';
/** From SIGTERM to SIGKILL. Worker and gateway, then the demo, then the servers: 9.2 s at worst. */
const GRACE_MS = { ours: 5_500, demo: 1_200, server: 2_500 };

/** A part, and the names of those that must be ready before it starts. Parts that aren't there need no waiting. */
export interface PlannedPart extends PartPlan {
  needs: readonly string[];
}

export interface Plan {
  parts: readonly PlannedPart[];
  /** Temporal's web page, when it is ours. */
  temporalUi(): string | undefined;
}

/**
 * Everything that has to run here: what the environment configures is left out, and what needs it is given its address.
 * @param variables what the parts inherit, each as much of it as is its business
 * @throws Refusal when PORT can't be had
 */
export async function planParts({
  environment,
  servers,
  variables,
}: {
  environment: Environment;
  servers: LocalServers;
  variables: Variables;
}): Promise<Plan> {
  const { dataDir, host, port, source, workerPort } = environment;
  const { namespace } = environment.temporal;
  const except = [port, workerPort];
  if (port === workerPort)
    throw new Refusal(`PORT and WORKER_PORT are both ${port}: set WORKER_PORT to another one`);
  await refuseBusyPort({ name: 'PORT', host, port });
  if (workerPort !== 0) await refuseBusyPort({ name: 'WORKER_PORT', host, port: workerPort });
  const isPreferred =
    !except.includes(PREFERENCE_PORT) && (await holdPort({ host: LOOPBACK, port: PREFERENCE_PORT }));
  const ports = await freePorts(PREFERRED_PORTS, { except, anywhere: !isPreferred });
  const withoutStrangers = async (...names: (keyof typeof ports)[]) => {
    for (const name of names) {
      if ((await whyNotFree({ host: LOOPBACK, port: ports[name] })) === undefined) continue;
      Object.assign(ports, await freePorts({ [name]: ports[name] }, { except }));
    }
  };
  const localUrl = (name: keyof typeof ports) => `http://${LOOPBACK}:${ports[name]}`;
  const isLocal = {
    temporal: environment.temporal.address === undefined,
    clickhouse: environment.clickhouseUrl === undefined,
    redis: environment.redisUrl === undefined && servers.redis !== undefined,
    demo: source.kind === 'demo',
  };
  /** They outlive the engine's restarts. */
  const credentials = createEngineCredentials();
  const clickhouseUrl = (user: EngineUser) =>
    environment.clickhouseUrl ?? credentials.url(user, localUrl('clickhouse'));
  /** What worker and gateway share. The children read the environment as a person would have set it. */
  const addresses = () => ({
    DATA_DIR: dataDir,
    TEMPORAL_ADDRESS: environment.temporal.address ?? `${LOOPBACK}:${ports.temporal}`,
    ...(isLocal.redis && { REDIS_URL: `redis://${LOOPBACK}:${ports.redis}` }),
  });
  const script = (path: string, env: Record<string, string>, args: readonly string[] = []) => ({
    file: process.execPath,
    args: programArguments(path, ...args),
    env,
  });
  const withFlag = (flag: string, { file, args, env }: ReturnType<typeof script>) => ({
    file,
    args: [flag, ...args],
    env,
  });
  const everything = () => true;
  const temporalUi = createTemporalUi({ port: ports.temporalUi, except });

  const temporal: PlannedPart = {
    name: 'temporal',
    graceMs: GRACE_MS.server,
    needs: [],
    command: () => ({
      file: servers.temporal ?? 'temporal',
      args: [
        'server',
        'start-dev',
        ...flags({
          'log-level': 'error',
          ip: LOOPBACK,
          port: ports.temporal,
          'ui-ip': temporalUi.backend().host,
          'ui-port': temporalUi.backend().port,
          'dynamic-config-value': NO_HTTP_API,
          namespace,
          'db-filename': join(dataDir, 'temporal.db'),
        }),
        // They are added to a new database, and found to be there in an old one.
        ...Object.entries(SEARCH_ATTRIBUTES).flatMap(([name, type]) => [
          '--search-attribute',
          `${name}=${type}`,
        ]),
      ],
      env: variablesFor('temporal', variables),
    }),
    port: () => ports.temporal,
    checkPort: async () => {
      await temporalUi.open();
      await withoutStrangers('temporal');
    },
    // The web server passes these on to the frontend by gRPC, so both are up, with the namespace and what it must know.
    probe: ({ signal }) => {
      const { host: behind, port: uiPort } = temporalUi.backend();
      return everyProbe([
        httpProbe(`/api/v1/namespaces/${encodeURIComponent(namespace)}`, { host: behind }),
        httpProbe(`/api/v1/namespaces/${encodeURIComponent(namespace)}/search-attributes`, {
          host: behind,
          accepts: (body) => Object.keys(SEARCH_ATTRIBUTES).every((name) => body.includes(`"${name}"`)),
        }),
      ])({ port: uiPort, signal });
    },
    address: () => ({ url: localUrl('temporal'), ui: temporalUi.url(), namespace }),
    // Its errors are its own affairs (it prints one whenever it is stopped); what ends it is worth showing.
    shows: (line) => /level=FATAL|^(error|fatal|panic)/i.test(line),
  };
  const clickhouse: PlannedPart = {
    name: 'clickhouse',
    graceMs: GRACE_MS.server,
    needs: [],
    command: () =>
      script(
        'launcher/engine/main.ts',
        {
          ...variablesFor('clickhouse', variables),
          DATA_DIR: dataDir,
          UV_THREADPOOL_SIZE: String(THREADS_NEEDED),
          [PASSWORD_DIGESTS]: credentials.digests,
        },
        flags({
          'data-dir': join(dataDir, 'clickhouse'),
          host: LOOPBACK,
          port: ports.clickhouse,
          'memory-mb': environment.engineMemoryMb,
        }),
      ),
    port: () => ports.clickhouse,
    checkPort: () => withoutStrangers('clickhouse'),
    probe: httpProbe('/ping'),
    address: () => ({ url: localUrl('clickhouse'), headers: credentials.headers('reader') }),
    otherAddresses: () => ({
      'clickhouse-loader': { url: localUrl('clickhouse'), headers: credentials.headers('loader') },
    }),
    shows: everything,
  };
  const redis: PlannedPart = {
    name: 'redis',
    graceMs: GRACE_MS.server,
    needs: [],
    command: () => ({
      file: servers.redis ?? 'redis-server',
      args: redisArguments({ port: ports.redis, dataDir }),
      env: variablesFor('redis', variables),
    }),
    port: () => ports.redis,
    checkPort: () => withoutStrangers('redis'),
    probe: redisProbe,
    address: () => ({ url: `redis://${LOOPBACK}:${ports.redis}` }),
    shows: () => false,
  };
  const demo: PlannedPart = {
    name: 'demo',
    graceMs: GRACE_MS.demo,
    needs: ['clickhouse'],
    command: () =>
      script(
        'sources/demo/main.ts',
        // It only reads. By a variable, as anybody can see a program's arguments.
        { ...variablesFor('demo', variables), DATA_DIR: dataDir, CLICKHOUSE_URL: clickhouseUrl('reader') },
        flags({
          dir: shelfOf(dataDir),
          host: LOOPBACK,
          port: ports.demo,
        }),
      ),
    port: () => ports.demo,
    checkPort: () => withoutStrangers('demo'),
    probe: httpProbe('/'),
    address: () => ({ url: localUrl('demo') }),
    shows: everything,
  };
  // Chosen by a person, it is for those who look after it, from wherever they ask the gateway.
  const workerAt =
    workerPort === 0
      ? { host: LOOPBACK, port: () => ports.worker, check: () => withoutStrangers('worker') }
      : {
          host,
          port: () => workerPort,
          check: () => refuseBusyPort({ name: 'WORKER_PORT', host, port: workerPort }),
        };
  const worker: PlannedPart = {
    name: 'worker',
    graceMs: GRACE_MS.ours,
    needs: ['temporal', 'clickhouse', 'redis', 'demo'],
    // It streams: little memory of its own, and no arenas of malloc that grow.
    command: () =>
      withFlag(
        '--max-semi-space-size=4',
        script('worker/main.ts', {
          ...variablesFor('worker', variables),
          ...addresses(),
          CLICKHOUSE_URL: clickhouseUrl('loader'),
          HOST: workerAt.host,
          WORKER_PORT: String(workerAt.port()),
          MALLOC_ARENA_MAX: '2',
        }),
      ),
    port: workerAt.port,
    checkPort: workerAt.check,
    probe: httpProbe('/readyz', { host: reachable(workerAt.host) }),
    address: () => ({ url: httpUrl({ host: workerAt.host, port: workerAt.port() }) }),
    shows: everything,
  };
  const gateway: PlannedPart = {
    name: 'gateway',
    graceMs: GRACE_MS.ours,
    needs: ['temporal', 'clickhouse', 'redis'],
    // Pages that are read at once die young: half the longest pauses of the event loop, for 60 MB.
    command: () =>
      withFlag(
        '--max-semi-space-size=64',
        script('gateway/main.ts', {
          ...variablesFor('gateway', variables),
          ...addresses(),
          CLICKHOUSE_URL: clickhouseUrl('gateway'),
          SOURCE_URL: publicSourceUrl(source),
          HOST: host,
          PORT: String(port),
        }),
      ),
    port: () => port,
    checkPort: () => refuseBusyPort({ name: 'PORT', host, port }),
    probe: httpProbe('/readyz', { host: reachable(host) }),
    address: () => ({ url: gatewayUrl(environment) }),
    shows: everything,
  };

  return {
    parts: [
      ...(isLocal.temporal ? [temporal] : []),
      ...(isLocal.clickhouse ? [clickhouse] : []),
      ...(isLocal.redis ? [redis] : []),
      ...(isLocal.demo ? [demo] : []),
      worker,
      gateway,
    ],
    temporalUi: () => (isLocal.temporal ? temporalUi.url() : undefined),
  };
}

function flags(values: Readonly<Record<string, string | number>>): string[] {
  return Object.entries(values).flatMap(([name, value]) => [`--${name}`, String(value)]);
}

/** The gateway's address from this machine. */
export const gatewayUrl = (environment: Pick<Environment, 'host' | 'port'>): string => httpUrl(environment);

function httpUrl({ host, port }: { host: string; port: number }): string {
  const from = reachable(host);
  return `http://${from.includes(':') ? `[${from}]` : from}:${port}`;
}

function reachable(host: string): string {
  if (host === '0.0.0.0') return LOOPBACK;
  return host === '::' ? '::1' : host;
}

async function refuseBusyPort({
  name,
  host,
  port,
}: {
  name: 'PORT' | 'WORKER_PORT';
  host: string;
  port: number;
}): Promise<void> {
  const why = await whyNotFree({ host, port });
  if (why === undefined) return;
  if (why === 'EADDRINUSE')
    throw new Refusal(`${name} ${port} on ${host} is taken by another program: set ${name} to a free one`);
  if (why === 'EACCES')
    throw new Refusal(`${name} ${port} may not be used by this user: set ${name} to one above 1023`);
  const who = name === 'PORT' ? 'gateway' : 'worker';
  throw new Refusal(`the ${who} cannot listen on HOST ${host}, ${name} ${port} (${why})`);
}

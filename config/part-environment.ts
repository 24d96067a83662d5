/** Which variables each part is given: what its programs need to run at all, and those of what it reads. No part gets a secret of another. */
import type { Environment, VariableName } from './environment.ts';

/** The variables that each field of the environment is made of. */
export const VARIABLES_OF_FIELDS = {
  sourceName: ['SOURCE_URL'],
  source: ['SOURCE_URL', 'SOURCE_FROM'],
  lake: ['LAKE_URL', 'DATA_DIR', 'SOURCE_URL', 'SOURCE_FROM'],
  s3: ['AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL', 'AWS_REGION', 'AWS_DEFAULT_REGION'],
  dataDir: ['DATA_DIR', 'SOURCE_URL', 'SOURCE_FROM'],
  host: ['HOST'],
  port: ['PORT'],
  pollEveryMs: ['POLL_SECONDS', 'SOURCE_URL'],
  watchSource: ['POLL_SECONDS', 'SOURCE_URL'],
  keepLoadsMs: ['KEEP_LOADS_HOURS'],
  onSourceDelete: ['ON_SOURCE_DELETE'],
  maxRejectedShare: ['MAX_REJECTED_SHARE'],
  filePattern: ['FILE_PATTERN'],
  engineMemoryMb: ['ENGINE_MEMORY_MB'],
  clickhouseUrl: ['CLICKHOUSE_URL'],
  redisUrl: ['REDIS_URL'],
  temporal: [
    'TEMPORAL_ADDRESS',
    'TEMPORAL_NAMESPACE',
    'TEMPORAL_TLS',
    'TEMPORAL_TLS_SERVER_CA_CERT_PATH',
    'TEMPORAL_TLS_CLIENT_CERT_PATH',
    'TEMPORAL_TLS_CLIENT_KEY_PATH',
    'TEMPORAL_TLS_SERVER_NAME',
    'TEMPORAL_API_KEY',
  ],
  operatorToken: ['OPERATOR_TOKEN'],
  workerPort: ['WORKER_PORT'],
  maxFileBytes: ['MAX_FILE_BYTES'],
  chunkBytes: ['CHUNK_BYTES'],
  ladderMemoryBytes: ['LADDER_MEMORY_MB'],
  scanBudgetRows: ['SCAN_BUDGET_ROWS'],
  requestTimeoutMs: ['REQUEST_TIMEOUT_SECONDS'],
  auditShare: ['AUDIT_SHARE'],
  scanBudgetRowsPerMinute: ['SCAN_BUDGET_ROWS_PER_MINUTE'],
  resultCacheBytes: ['RESULT_CACHE_MB'],
  trustedDocumentsOnly: ['TRUSTED_DOCUMENTS_ONLY'],
  introspection: ['INTROSPECTION'],
  graphiql: ['GRAPHIQL'],
  access: ['READING', 'API_KEYS', 'JWT_JWKS_URL', 'JWT_ISSUER', 'JWT_AUDIENCE'],
  corsOrigins: ['CORS_ORIGINS'],
  publicUrl: ['PUBLIC_URL'],
  allowedHosts: ['ALLOWED_HOSTS'],
  trustProxy: ['TRUST_PROXY'],
  gatewayProcesses: ['GATEWAY_PROCESSES'],
  process: ['GATEWAY_SLOT', 'GATEWAY_PROCESSES', 'GATEWAY_NEWEST'],
  drainDelayMs: ['DRAIN_DELAY_SECONDS'],
  accessLog: ['ACCESS_LOG'],
  logLevel: ['LOG_LEVEL'],
} as const satisfies Record<keyof Environment, readonly VariableName[]>;

/** What the code of each part reads; the compiler keeps it to that (`PartEnvironment`). */
export const FIELDS_OF_PARTS = {
  worker: [
    'sourceName',
    'source',
    'lake',
    's3',
    'dataDir',
    'host',
    'workerPort',
    'pollEveryMs',
    'watchSource',
    'keepLoadsMs',
    'onSourceDelete',
    'maxRejectedShare',
    'filePattern',
    'engineMemoryMb',
    'clickhouseUrl',
    'redisUrl',
    'temporal',
    'maxFileBytes',
    'chunkBytes',
    'logLevel',
  ],
  gateway: [
    'sourceName',
    'source',
    'dataDir',
    'host',
    'port',
    'clickhouseUrl',
    'redisUrl',
    'temporal',
    'operatorToken',
    'ladderMemoryBytes',
    'scanBudgetRows',
    'requestTimeoutMs',
    'auditShare',
    'scanBudgetRowsPerMinute',
    'resultCacheBytes',
    'trustedDocumentsOnly',
    'introspection',
    'graphiql',
    'access',
    'corsOrigins',
    'publicUrl',
    'allowedHosts',
    'trustProxy',
    'gatewayProcesses',
    'process',
    'drainDelayMs',
    'accessLog',
    'logLevel',
  ],
} as const satisfies Record<string, readonly (keyof Environment)[]>;

/** The environment as one part may read it: a field that is not listed for it is no field of this. */
export type PartEnvironment<Part extends keyof typeof FIELDS_OF_PARTS> = Pick<
  Environment,
  (typeof FIELDS_OF_PARTS)[Part][number]
>;

/** What any program may need: where things are, how to speak to people, and whose part it is (`DATA_DIR`). */
const OF_ANY_PROGRAM =
  /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_\w+|TZ|TZDIR|TMPDIR|TMP|TEMP|TERM|COLORTERM|NO_COLOR|FORCE_COLOR|LD_LIBRARY_PATH|LD_PRELOAD|DYLD_\w+|SSL_CERT_(FILE|DIR)|XDG_\w+|DATA_DIR)$/;
/** Beyond that, what Node and our logs look at. Names one by one: NODE_AUTH_TOKEN is a secret. */
const OF_NODE =
  /^(NODE_(OPTIONS|ENV|PATH|EXTRA_CA_CERTS|USE_SYSTEM_CA|USE_ENV_PROXY|TLS_REJECT_UNAUTHORIZED|DEBUG|NO_WARNINGS|V8_COVERAGE|COMPILE_CACHE)|TSX_\w+|ESBUILD_\w+|UV_THREADPOOL_SIZE|MALLOC_\w+|LOG_LEVEL|LOG_FORMAT)$/;
/** For those who ask servers elsewhere. */
const OF_PROXIES = /^(https?|no|all)_proxy$/i;
/** The AWS SDK finds its credentials by many names; the worker alone asks S3. */
const OF_THE_AWS_SDK = /^AWS_\w+$/;

const PATTERNS = {
  temporal: [OF_ANY_PROGRAM],
  redis: [OF_ANY_PROGRAM],
  demo: [OF_ANY_PROGRAM, OF_NODE],
  /** It reads from a lake on S3, by keys that come with each statement. */
  clickhouse: [OF_ANY_PROGRAM, OF_NODE, OF_PROXIES],
  worker: [OF_ANY_PROGRAM, OF_NODE, OF_PROXIES, OF_THE_AWS_SDK],
  gateway: [OF_ANY_PROGRAM, OF_NODE, OF_PROXIES],
  /** A process that a part starts and that is told by its standard input what to do. */
  helper: [OF_ANY_PROGRAM, OF_NODE, OF_PROXIES],
} as const satisfies Record<string, readonly RegExp[]>;

export type Variables = Readonly<Record<string, string | undefined>>;

/** Of `variables`, those that a part is given. */
export function variablesFor(part: keyof typeof PATTERNS, variables: Variables): Record<string, string> {
  const fields: readonly (keyof Environment)[] =
    part === 'worker' || part === 'gateway' ? FIELDS_OF_PARTS[part] : [];
  const names = new Set<string>(fields.flatMap((field) => VARIABLES_OF_FIELDS[field]));
  const given: Record<string, string> = {};
  for (const [name, value] of Object.entries(variables)) {
    const isTheirs = names.has(name) || PATTERNS[part].some((pattern) => pattern.test(name));
    if (value !== undefined && isTheirs) given[name] = value;
  }
  return given;
}

/** The environment, read in this one file, validated whole: every mistake is reported at once. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { z } from 'zod';
import { allowedHosts } from './allowed-hosts.ts';
import { DATA_ROOT, dataFolderOf, runningDataFolder } from './data-folders.ts';
import { apiKeys, corsOrigins, mistakesInAccess, type AccessSettings } from './access-settings.ts';
import { ANY_BUT_OTHERS, filePattern, type FilePattern } from './file-pattern.ts';
import { defaultEngineMemoryMb } from './memory-limits.ts';
import type { S3Settings } from './s3-client.ts';
import { queryIdentity, withoutSecrets, type SourceIdentity } from './source-identity.ts';
import { temporalTls, type TemporalSettings } from './temporal-settings.ts';
import { visibleText } from './visible-text.ts';

/** What `SOURCE_URL` says, taken apart. Paths are absolute; URLs are shown without secrets (`describeSource`). */
export type SourceLocation =
  | { kind: 'demo' }
  | { kind: 'folder'; path: string }
  | S3Location
  | { kind: 'httpIndex'; url: string }
  /** `{month}` in the url stands for `YYYY-MM`; months from `from` on are probed. */
  | { kind: 'httpTemplate'; url: string; from: string };

export interface S3Location {
  kind: 's3';
  bucket: string;
  /** '' or ends with a slash. */
  prefix: string;
}

export type LakeLocation = { kind: 'folder'; path: string } | S3Location;

export interface Environment {
  /** Name of the source in ids and tables: `demo`, or `yellow` for everything else. */
  sourceName: string;
  source: SourceLocation;
  lake: LakeLocation;
  s3: S3Settings;
  dataDir: string;
  host: string;
  port: number;
  pollEveryMs: number;
  /** Is the source looked at when something changes there, and seldom otherwise? Not where `POLL_SECONDS` says how often. */
  watchSource: boolean;
  keepLoadsMs: number;
  /** What becomes of the trips of a file that is gone at the source. */
  onSourceDelete: 'keep' | 'withdraw';
  /** Of the rows of a file, so many may be no trips before it is held back: 0 to 1. */
  maxRejectedShare: number;
  /** Which names are of our data set. */
  filePattern: FilePattern;
  /** Undefined: not configured, the launcher starts one. */
  clickhouseUrl: string | undefined;
  redisUrl: string | undefined;
  temporal: TemporalSettings;
  operatorToken: string | undefined;
  /** Where the worker serves /readyz and /metrics; 0: any free port. */
  workerPort: number;
  /** A file larger than this is quarantined without being fetched. */
  maxFileBytes: number;
  chunkBytes: number;
  /** What the embedded engine's process may take, in MB of 2^20 bytes; more ends it. */
  engineMemoryMb: number;
  /** Of what the gateway keeps of the histograms. */
  ladderMemoryBytes: number;
  /** Trips that one question may scan at most. */
  scanBudgetRows: number;
  requestTimeoutMs: number;
  /** Of the answers, those that are computed again from the trips: 0 to 1. */
  auditShare: number;
  /** Trips that the questions of one client may scan in a minute. */
  scanBudgetRowsPerMinute: number;
  /** Of what one gateway keeps of answers. */
  resultCacheBytes: number;
  /** Refuse every document but those of the repository. */
  trustedDocumentsOnly: boolean;
  introspection: boolean;
  graphiql: boolean;
  access: AccessSettings;
  /** Web pages of these origins may ask; `*`: all. */
  corsOrigins: readonly string[];
  /** The address that people use, as in https://tripline.example.org. */
  publicUrl: string | undefined;
  /** Names in `Host` that the gateway takes, besides that of `publicUrl` and its own; `*.example.org`: all below it. */
  allowedHosts: readonly string[];
  /** Does a proxy in front say who the client is, in X-Forwarded-For? */
  trustProxy: boolean;
  gatewayProcesses: number;
  /** Of several processes that are one gateway, this one; set by the first of them. */
  process: { slot: number; slots: number; path: string } | undefined;
  /** How long a gateway still takes requests after SIGTERM, while it says that it is not ready. */
  drainDelayMs: number;
  accessLog: 'all' | 'sample' | 'off';
  logLevel: string;
}

/** Thrown with every mistake in the environment, one line each. */
export class EnvironmentError extends Error {
  override name = 'EnvironmentError';
  readonly mistakes: readonly string[];
  constructor(mistakes: readonly string[]) {
    super(mistakes.join('\n'));
    this.mistakes = mistakes;
  }
}

const MONTH = /^\d{4}-(0[1-9]|1[0-2])$/;

const url = (protocols: readonly string[]) =>
  z.string().refine((value) => URL.canParse(value) && protocols.includes(new URL(value).protocol), {
    error: `must be a URL that starts with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
  });
const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, { error: `must be a whole number from ${min} to ${max}` })
    .transform(Number)
    .refine((n) => n >= min && n <= max, { error: `must be a whole number from ${min} to ${max}` });

const share = z
  .string()
  .regex(/^(0(\.\d+)?|1(\.0+)?)$/, { error: 'must be a number from 0 to 1' })
  .transform(Number);

/** `?database=x` is written as `/x`, which means the same. */
const clickhouseUrl = url(['http:', 'https:']).transform((value, { addIssue }) => {
  // What is no URL was refused above.
  if (!URL.canParse(value)) return value;
  const parsed = new URL(value);
  const database = parsed.searchParams.get('database');
  const path = parsed.pathname.replaceAll('/', '');
  const others = [...parsed.searchParams.keys()].filter((name) => name !== 'database');
  const isTwice = database !== null && path !== '' && path !== database;
  if (others.length > 0 || isTwice || parsed.searchParams.getAll('database').length > 1) {
    const message =
      'must be http://user:password@host:8123, with /database or ?database=… behind it where that is not the default one, and nothing else';
    addIssue({ code: 'custom', message });
    return value;
  }
  if (database === null) return value;
  parsed.search = '';
  parsed.pathname = `/${encodeURIComponent(database)}`;
  return parsed.href;
});

const flag = z.enum(['0', '1'], { error: 'must be 0 or 1' }).transform((value) => value === '1');

const variables = z.object({
  SOURCE_URL: z.string().default('demo:'),
  SOURCE_FROM: z.string().regex(MONTH, { error: 'must be a month, as in 2009-01' }).optional(),
  LAKE_URL: z.string().optional(),
  AWS_ENDPOINT_URL_S3: url(['http:', 'https:']).optional(),
  AWS_ENDPOINT_URL: url(['http:', 'https:']).optional(),
  AWS_REGION: z.string().optional(),
  AWS_DEFAULT_REGION: z.string().optional(),
  DATA_DIR: z.string().optional(),
  HOST: z.string().default('127.0.0.1'),
  PORT: wholeNumber(1, 65_535).default(4000),
  POLL_SECONDS: wholeNumber(1, 86_400).optional(),
  KEEP_LOADS_HOURS: wholeNumber(0, 100_000).default(24),
  ON_SOURCE_DELETE: z.enum(['keep', 'withdraw'], { error: 'must be keep or withdraw' }).default('keep'),
  MAX_REJECTED_SHARE: share.default(0.05),
  FILE_PATTERN: z
    .string()
    .max(200, { error: 'must have at most 200 characters' })
    .regex(/^[^/\\\p{Cc}]+$/u, {
      error: 'must be a name, with * for any characters and ? for one, as in yellow_tripdata_*.parquet',
    })
    .optional(),
  CLICKHOUSE_URL: clickhouseUrl.optional(),
  REDIS_URL: url(['redis:', 'rediss:']).optional(),
  TEMPORAL_ADDRESS: z
    .string()
    .regex(/^[^\s:/]+:\d+$/, { error: 'must be host:port, as in 127.0.0.1:7233' })
    .optional(),
  TEMPORAL_NAMESPACE: z.string().default('default'),
  TEMPORAL_TLS: z.enum(['0', '1', 'false', 'true'], { error: 'must be 0 or 1' }).optional(),
  TEMPORAL_TLS_SERVER_CA_CERT_PATH: z.string().optional(),
  TEMPORAL_TLS_CLIENT_CERT_PATH: z.string().optional(),
  TEMPORAL_TLS_CLIENT_KEY_PATH: z.string().optional(),
  TEMPORAL_TLS_SERVER_NAME: z.string().optional(),
  TEMPORAL_API_KEY: z
    .string()
    .regex(/^[\x21-\x7e]*$/, { error: 'must be a key as Temporal gives it, without spaces and line breaks' })
    .optional(),
  OPERATOR_TOKEN: z
    .string()
    .min(16, { error: 'must have at least 16 characters' })
    .regex(/^[\x21-\x7e]*$/, {
      error: 'must be of letters, digits and signs that a header can carry, without spaces',
    })
    .optional(),
  WORKER_PORT: wholeNumber(0, 65_535).default(0),
  MAX_FILE_BYTES: wholeNumber(1, Number.MAX_SAFE_INTEGER).default(8 * 2 ** 30),
  CHUNK_BYTES: wholeNumber(64 * 1024, 1 << 30).default(8 * 2 ** 20),
  ENGINE_MEMORY_MB: wholeNumber(1_024, 10_000_000).optional(),
  LADDER_MEMORY_MB: wholeNumber(1, 1_000_000).default(512),
  SCAN_BUDGET_ROWS: wholeNumber(0, Number.MAX_SAFE_INTEGER).default(200_000_000),
  REQUEST_TIMEOUT_SECONDS: wholeNumber(1, 3_600).default(30),
  AUDIT_SHARE: share.default(0.01),
  SCAN_BUDGET_ROWS_PER_MINUTE: wholeNumber(0, Number.MAX_SAFE_INTEGER).default(2_000_000_000),
  RESULT_CACHE_MB: wholeNumber(0, 1_000_000).default(64),
  TRUSTED_DOCUMENTS_ONLY: flag.default(false),
  INTROSPECTION: flag.default(true),
  GRAPHIQL: flag.default(true),
  READING: z.enum(['open', 'authenticated'], { error: 'must be open or authenticated' }).default('open'),
  API_KEYS: apiKeys.default(new Map()),
  JWT_JWKS_URL: url(['http:', 'https:'])
    .refine((value) => !URL.canParse(value) || new URL(value).username + new URL(value).password === '', {
      error: 'must have no user and password in it: the keys are public',
    })
    .optional(),
  JWT_ISSUER: z.string().optional(),
  JWT_AUDIENCE: z.string().optional(),
  CORS_ORIGINS: corsOrigins.default([]),
  PUBLIC_URL: url(['http:', 'https:']).optional(),
  ALLOWED_HOSTS: allowedHosts.default([]),
  TRUST_PROXY: flag.default(false),
  GATEWAY_PROCESSES: wholeNumber(1, 128).default(1),
  GATEWAY_SLOT: wholeNumber(0, 127).optional(),
  GATEWAY_NEWEST: z.string().optional(),
  DRAIN_DELAY_SECONDS: wholeNumber(0, 600).default(0),
  ACCESS_LOG: z.enum(['all', 'sample', 'off']).default('sample'),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']).default('info'),
});

export type VariableName = keyof typeof variables.shape;

const SOURCE_FORMS =
  'demo:, file:///folder, s3://bucket/prefix, https://host/path/ (an index page) or https://host/path/yellow_tripdata_{month}.parquet';

function locateSource(value: string, from: string | undefined): SourceLocation | string {
  if (value === 'demo:' || value === 'demo') return { kind: 'demo' };
  if (value.startsWith('s3:')) {
    return locateS3(value) ?? `SOURCE_URL ${quoted(value)} names no bucket; write s3://bucket/prefix`;
  }
  if (!URL.canParse(value)) return `SOURCE_URL must be one of ${SOURCE_FORMS}; got ${quoted(value)}`;
  const parsed = new URL(value);
  if (parsed.protocol === 'file:') {
    try {
      return { kind: 'folder', path: resolve(fileURLToPath(parsed)) };
    } catch {
      return `SOURCE_URL: ${quoted(value)} names no local folder; write file:///folder`;
    }
  }
  if (parsed.protocol === 'http:' || parsed.protocol === 'https:') {
    if (!value.includes('{month}')) {
      return { kind: 'httpIndex', url: value.endsWith('/') ? value : `${value}/` };
    }
    if (from === undefined)
      return 'SOURCE_FROM is needed with {month} in SOURCE_URL: the first month, as in 2009-01';
    return { kind: 'httpTemplate', url: value, from };
  }
  return `SOURCE_URL must be one of ${SOURCE_FORMS}; ${parsed.protocol} is not supported`;
}

/** Taken as it is written: nothing in a prefix is escaped. */
function locateS3(value: string): S3Location | undefined {
  const [, bucket, path = ''] = /^s3:\/\/([a-z0-9][a-z0-9._-]{1,61}[a-z0-9])(?:\/(.*))?$/is.exec(value) ?? [];
  if (bucket === undefined) return undefined;
  const prefix = path.replace(/\/+$/, '');
  return { kind: 's3', bucket, prefix: prefix === '' ? '' : `${prefix}/` };
}

/** S3 takes no smaller part but the last. */
const LEAST_S3_PART_BYTES = 5 * 2 ** 20;

function locateLake(value: string | undefined, dataDir: string, chunkBytes: number): LakeLocation | string {
  if (value === undefined) return { kind: 'folder', path: join(dataDir, 'lake') };
  if (value.startsWith('file:')) {
    try {
      return { kind: 'folder', path: resolve(fileURLToPath(value)) };
    } catch {
      return `LAKE_URL ${quoted(value)} names no local folder; write file:///folder`;
    }
  }
  const lake = locateS3(value);
  if (lake === undefined)
    return `LAKE_URL must be file:///folder or s3://bucket/prefix; got ${quoted(value)}`;
  // The engine would take *, ? and {a,b} in a prefix for patterns.
  if (!/^[\w./-]*$/.test(lake.prefix))
    return `LAKE_URL's prefix must be of letters, digits and ._-/; got ${quoted(value)}`;
  if (chunkBytes < LEAST_S3_PART_BYTES)
    return `CHUNK_BYTES must be at least ${LEAST_S3_PART_BYTES} with a lake on S3; got ${chunkBytes}`;
  return lake;
}

const SECRETS: readonly string[] = ['OPERATOR_TOKEN', 'API_KEYS', 'TEMPORAL_API_KEY'];

/** A value for messages: without user, password and query of an address, however badly it is written. */
const quoted = (value: string | undefined): string =>
  JSON.stringify(value?.replace(/^([a-z][a-z\d+.-]*:\/*)?(.*)@/is, '$1…@').replace(/\?.+$/s, '?…'));

const gotten = (name: string, given: Readonly<Record<string, string | undefined>>): string =>
  SECRETS.includes(name) ? '' : `; got ${quoted(given[name])}`;

/**
 * The validated environment.
 * @throws EnvironmentError with every mistake, each naming its variable and what would be right
 */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): Environment {
  // An empty variable counts as unset, as docker-compose and shells produce it.
  const given = Object.fromEntries(
    Object.keys(variables.shape).flatMap((name) => (env[name] ? [[name, env[name]]] : [])),
  );
  const parsed = variables.safeParse(given);
  const mistakes = parsed.success
    ? []
    : parsed.error.issues.map(
        (issue) => `${issue.path.join('.')} ${issue.message}${gotten(String(issue.path[0]), given)}`,
      );
  mistakes.push(...mistakesInAccess(given));
  const { tls, mistakes: mistakesInTls } = temporalTls(given);
  mistakes.push(...mistakesInTls);
  const source = locateSource(given['SOURCE_URL'] ?? 'demo:', given['SOURCE_FROM']);
  if (typeof source === 'string') mistakes.push(source);
  const dataDir = dataDirOf(given['DATA_DIR'], source);
  // A CHUNK_BYTES that is no number is a mistake already.
  const chunkBytes = parsed.success ? parsed.data.CHUNK_BYTES : Infinity;
  const lake = locateLake(given['LAKE_URL'], dataDir, chunkBytes);
  if (typeof lake === 'string') mistakes.push(lake);
  if (mistakes.length > 0 || !parsed.success || typeof source === 'string' || typeof lake === 'string')
    throw new EnvironmentError(mistakes);
  const values = parsed.data;
  const isLocal = source.kind === 'demo' || source.kind === 'folder';
  const defaultPollSeconds = isLocal ? 1 : 300;
  return {
    sourceName: source.kind === 'demo' ? 'demo' : 'yellow',
    source,
    lake,
    s3: {
      endpoint: values.AWS_ENDPOINT_URL_S3 ?? values.AWS_ENDPOINT_URL,
      region: values.AWS_REGION ?? values.AWS_DEFAULT_REGION ?? 'us-east-1',
    },
    dataDir,
    host: values.HOST,
    port: values.PORT,
    pollEveryMs: (values.POLL_SECONDS ?? defaultPollSeconds) * 1000,
    watchSource: values.POLL_SECONDS === undefined && isLocal,
    keepLoadsMs: values.KEEP_LOADS_HOURS * 3_600_000,
    onSourceDelete: values.ON_SOURCE_DELETE,
    maxRejectedShare: values.MAX_REJECTED_SHARE,
    filePattern: values.FILE_PATTERN === undefined ? ANY_BUT_OTHERS : filePattern(values.FILE_PATTERN),
    clickhouseUrl: values.CLICKHOUSE_URL,
    redisUrl: values.REDIS_URL,
    temporal: {
      address: values.TEMPORAL_ADDRESS,
      namespace: values.TEMPORAL_NAMESPACE,
      tls,
      apiKey: values.TEMPORAL_API_KEY,
    },
    operatorToken: values.OPERATOR_TOKEN,
    workerPort: values.WORKER_PORT,
    maxFileBytes: values.MAX_FILE_BYTES,
    chunkBytes: values.CHUNK_BYTES,
    engineMemoryMb: values.ENGINE_MEMORY_MB ?? defaultEngineMemoryMb(),
    ladderMemoryBytes: values.LADDER_MEMORY_MB * 2 ** 20,
    scanBudgetRows: values.SCAN_BUDGET_ROWS,
    requestTimeoutMs: values.REQUEST_TIMEOUT_SECONDS * 1000,
    auditShare: values.AUDIT_SHARE,
    scanBudgetRowsPerMinute: values.SCAN_BUDGET_ROWS_PER_MINUTE,
    resultCacheBytes: values.RESULT_CACHE_MB * 2 ** 20,
    trustedDocumentsOnly: values.TRUSTED_DOCUMENTS_ONLY,
    introspection: values.INTROSPECTION,
    graphiql: values.GRAPHIQL,
    access: {
      reading: values.READING,
      apiKeys: values.API_KEYS,
      jwt:
        values.JWT_JWKS_URL === undefined
          ? undefined
          : { jwksUrl: values.JWT_JWKS_URL, issuer: values.JWT_ISSUER, audience: values.JWT_AUDIENCE },
    },
    corsOrigins: values.CORS_ORIGINS,
    publicUrl: values.PUBLIC_URL,
    allowedHosts: values.ALLOWED_HOSTS,
    trustProxy: values.TRUST_PROXY,
    gatewayProcesses: values.GATEWAY_PROCESSES,
    process:
      values.GATEWAY_SLOT === undefined || values.GATEWAY_NEWEST === undefined
        ? undefined
        : { slot: values.GATEWAY_SLOT, slots: values.GATEWAY_PROCESSES, path: values.GATEWAY_NEWEST },
    drainDelayMs: values.DRAIN_DELAY_SECONDS * 1000,
    accessLog: values.ACCESS_LOG,
    logLevel: values.LOG_LEVEL,
  };
}

/** Where `DATA_DIR` is unset, each source has a folder of its own. */
function dataDirOf(given: string | undefined, source: SourceLocation | string): string {
  if (given !== undefined) return resolve(given);
  // A source that cannot be read is a mistake already.
  return typeof source === 'string' ? resolve(DATA_ROOT) : dataFolderOf(sourceIdentity(source));
}

/** The environment of this process; prints every mistake and exits 1 when there is one. */
export function environmentOrExit(
  env: Readonly<Record<string, string | undefined>> = process.env,
): Environment {
  try {
    return readEnvironment(env);
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    for (const mistake of error.mistakes) process.stderr.write(`tripline: ${visibleText(mistake)}\n`);
    process.exit(1);
  }
}

/** The source for people, logs and `DATA_DIR`. */
export function describeSource(source: SourceLocation): string {
  if (source.kind === 'demo') return 'demo:';
  if (source.kind === 'folder') return `file://${source.path}`;
  if (source.kind === 's3') return `s3://${source.bucket}/${source.prefix}`;
  return withoutSecrets(source.url);
}

/** Which source it is, as it is kept in `DATA_DIR/source.json`. */
export const sourceIdentity = (source: SourceLocation): SourceIdentity => ({
  source: describeSource(source),
  query: 'url' in source ? queryIdentity(source.url) : '',
});

/** `SOURCE_URL` for those who only say which source it is: the same source without user, password and signature. */
export function publicSourceUrl(source: SourceLocation): string {
  if (source.kind === 'folder') return pathToFileURL(source.path).href;
  const url = describeSource(source);
  return source.kind === 'httpTemplate' && !url.includes('{month}') ? `${url}?{month}` : url;
}

/** The host whose patience all workers share, by its name in ids (`origin:<host>`); undefined for a local folder. */
export function originHost(source: SourceLocation): string | undefined {
  if (source.kind === 'folder') return undefined;
  // Whatever its address: a bucket is what S3 throttles.
  if (source.kind === 's3') return `s3:${source.bucket}`;
  return source.kind === 'demo' ? 'demo' : new URL(source.url).host;
}

/** `OPERATOR_TOKEN`, or one generated once under `DATA_DIR` (mode 0600). */
export function operatorToken({
  operatorToken: given,
  dataDir,
}: Pick<Environment, 'operatorToken' | 'dataDir'>): string {
  if (given !== undefined) return given;
  const path = join(dataDir, 'operator-token');
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  try {
    writeFileSync(path, `${randomBytes(24).toString('base64url')}\n`, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return readFileSync(path, 'utf8').trim();
}

/** What the command line needs to find a gateway and to be let in. */
export interface ClientEnvironment {
  /** Without trailing slash; undefined: where the launcher says that it runs. */
  url: string | undefined;
  /** Undefined: it was not said, and nothing runs here. */
  dataDir: string | undefined;
  operatorToken: string | undefined;
}

/** @throws EnvironmentError also where several Triplines run, and nothing says which one is meant */
export function readClientEnvironment(env: Readonly<Record<string, string | undefined>>): ClientEnvironment {
  const { TRIPLINE_URL: given = '', OPERATOR_TOKEN: token = '' } = env;
  if (given !== '' && !(URL.canParse(given) && /^https?:$/.test(new URL(given).protocol))) {
    throw new EnvironmentError([
      `TRIPLINE_URL must be the gateway's address, as in http://127.0.0.1:4000; got ${quoted(given)}`,
    ]);
  }
  const url = given === '' ? undefined : given.replace(/\/+$/, '');
  return {
    url,
    dataDir: chosenDataDir(env, url),
    operatorToken: token === '' ? undefined : token,
  };
}

/**
 * The folder of the Tripline that a person means: the one that `DATA_DIR` or `SOURCE_URL` says, else the one that runs.
 * @param url of its gateway, where that is known
 * @throws EnvironmentError where several run
 */
export function chosenDataDir(
  env: Readonly<Record<string, string | undefined>>,
  url?: string,
): string | undefined {
  const { DATA_DIR: dataDir = '', SOURCE_URL: sourceUrl = '', SOURCE_FROM: from = '' } = env;
  if (dataDir !== '') return resolve(dataDir);
  if (sourceUrl !== '') {
    const source = locateSource(sourceUrl, from === '' ? undefined : from);
    if (typeof source === 'string') throw new EnvironmentError([source]);
    return dataFolderOf(sourceIdentity(source));
  }
  const found = runningDataFolder({ url });
  if ('several' in found) {
    const each = found.several.map(
      ({ source, path, url: at }) => `${source} at ${at} (DATA_DIR=${quotedPath(relative('', path) || '.')})`,
    );
    throw new EnvironmentError([
      `several Triplines run here: ${each.join(', ')}; say which one is meant, by DATA_DIR=… or SOURCE_URL=… in front of the command`,
    ]);
  }
  return found.path;
}

/** As a shell takes it. */
const quotedPath = (path: string): string =>
  /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;

/** The environment, read in this one file, validated whole: every mistake is reported at once. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

/** What `SOURCE_URL` says, taken apart. Paths are absolute; URLs are without credentials in logs (`describeSource`). */
export type SourceLocation =
  | { kind: 'demo' }
  | { kind: 'folder'; path: string }
  | { kind: 'httpIndex'; url: string }
  /** `{month}` in the url stands for `YYYY-MM`; months from `from` on are probed. */
  | { kind: 'httpTemplate'; url: string; from: string };

export interface Environment {
  /** Name of the source in ids and tables: `demo`, or `yellow` for everything else. */
  sourceName: string;
  source: SourceLocation;
  /** Absolute path of the folder lake. */
  lakePath: string;
  dataDir: string;
  host: string;
  port: number;
  pollEveryMs: number;
  keepLoadsMs: number;
  /** Undefined: not configured, the launcher starts one. */
  clickhouseUrl: string | undefined;
  redisUrl: string | undefined;
  temporalAddress: string | undefined;
  temporalNamespace: string;
  operatorToken: string | undefined;
  /** Where the worker serves /readyz and /metrics; 0: any free port. */
  workerPort: number;
  /** A file larger than this is quarantined without being fetched. */
  maxFileBytes: number;
  chunkBytes: number;
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

const variables = z.object({
  SOURCE_URL: z.string().default('demo:'),
  SOURCE_FROM: z.string().regex(MONTH, { error: 'must be a month, as in 2009-01' }).optional(),
  LAKE_URL: url(['file:']).optional(),
  DATA_DIR: z.string().default('.data'),
  HOST: z.string().default('127.0.0.1'),
  PORT: wholeNumber(1, 65_535).default(4000),
  POLL_SECONDS: wholeNumber(1, 86_400).optional(),
  KEEP_LOADS_HOURS: wholeNumber(0, 100_000).default(24),
  CLICKHOUSE_URL: url(['http:', 'https:']).optional(),
  REDIS_URL: url(['redis:', 'rediss:']).optional(),
  TEMPORAL_ADDRESS: z
    .string()
    .regex(/^[^\s:/]+:\d+$/, { error: 'must be host:port, as in 127.0.0.1:7233' })
    .optional(),
  TEMPORAL_NAMESPACE: z.string().default('default'),
  OPERATOR_TOKEN: z.string().min(16, { error: 'must have at least 16 characters' }).optional(),
  WORKER_PORT: wholeNumber(0, 65_535).default(0),
  MAX_FILE_BYTES: wholeNumber(1, Number.MAX_SAFE_INTEGER).default(8 * 2 ** 30),
  CHUNK_BYTES: wholeNumber(64 * 1024, 1 << 30).default(8 * 2 ** 20),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']).default('info'),
});

const SOURCE_FORMS =
  'demo:, file:///folder, https://host/path/ (an index page) or https://host/path/yellow_tripdata_{month}.parquet';

function locateSource(value: string, from: string | undefined): SourceLocation | string {
  if (value === 'demo:' || value === 'demo') return { kind: 'demo' };
  if (!URL.canParse(value)) return `SOURCE_URL must be one of ${SOURCE_FORMS}; got ${JSON.stringify(value)}`;
  const parsed = new URL(value);
  if (parsed.protocol === 'file:') {
    try {
      return { kind: 'folder', path: resolve(fileURLToPath(parsed)) };
    } catch {
      return `SOURCE_URL: ${JSON.stringify(value)} names no local folder; write file:///folder`;
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

/**
 * The validated environment.
 * @throws EnvironmentError with every mistake, each naming its variable and what would be right
 */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): Environment {
  // An empty variable counts as unset, as docker-compose and shells produce it.
  const given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value !== ''),
  );
  const parsed = variables.safeParse(given);
  const mistakes = parsed.success
    ? []
    : parsed.error.issues.map(
        (issue) =>
          `${issue.path.join('.')} ${issue.message}; got ${JSON.stringify(given[String(issue.path[0])])}`,
      );
  const source = locateSource(given['SOURCE_URL'] ?? 'demo:', given['SOURCE_FROM']);
  if (typeof source === 'string') mistakes.push(source);
  if (!parsed.success || typeof source === 'string') throw new EnvironmentError(mistakes);
  const values = parsed.data;
  const dataDir = resolve(values.DATA_DIR);
  const defaultPollSeconds = source.kind === 'demo' || source.kind === 'folder' ? 1 : 300;
  return {
    sourceName: source.kind === 'demo' ? 'demo' : 'yellow',
    source,
    lakePath: values.LAKE_URL === undefined ? join(dataDir, 'lake') : fileURLToPath(values.LAKE_URL),
    dataDir,
    host: values.HOST,
    port: values.PORT,
    pollEveryMs: (values.POLL_SECONDS ?? defaultPollSeconds) * 1000,
    keepLoadsMs: values.KEEP_LOADS_HOURS * 3_600_000,
    clickhouseUrl: values.CLICKHOUSE_URL,
    redisUrl: values.REDIS_URL,
    temporalAddress: values.TEMPORAL_ADDRESS,
    temporalNamespace: values.TEMPORAL_NAMESPACE,
    operatorToken: values.OPERATOR_TOKEN,
    workerPort: values.WORKER_PORT,
    maxFileBytes: values.MAX_FILE_BYTES,
    chunkBytes: values.CHUNK_BYTES,
    logLevel: values.LOG_LEVEL,
  };
}

/** The environment of this process; prints every mistake and exits 1 when there is one. */
export function environmentOrExit(
  env: Readonly<Record<string, string | undefined>> = process.env,
): Environment {
  try {
    return readEnvironment(env);
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    for (const mistake of error.mistakes) process.stderr.write(`tripline: ${mistake}\n`);
    process.exit(1);
  }
}

/** The source for people and logs: without user and password. */
export function describeSource(source: SourceLocation): string {
  if (source.kind === 'demo') return 'demo:';
  if (source.kind === 'folder') return `file://${source.path}`;
  return source.url.replace(/\/\/[^/@]*@/, '//');
}

/** `OPERATOR_TOKEN`, or one generated once under `DATA_DIR` (mode 0600). */
export function operatorToken({
  operatorToken: given,
  dataDir,
}: Pick<Environment, 'operatorToken' | 'dataDir'>): string {
  if (given !== undefined) return given;
  const path = join(dataDir, 'operator-token');
  mkdirSync(dataDir, { recursive: true });
  try {
    writeFileSync(path, `${randomBytes(24).toString('base64url')}\n`, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return readFileSync(path, 'utf8').trim();
}

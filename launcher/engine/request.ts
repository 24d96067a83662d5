import type { IncomingMessage } from 'node:http';
import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { authenticate, type PasswordDigests } from './authenticate.ts';
import type { EngineUser } from './engine-credentials.ts';
import { exceptionOf } from './exception.ts';
import { parseMultipart } from './multipart.ts';
import { requireReadersSettings } from './readers-statement.ts';

/** A request for a statement, before the statement is looked at. */
export interface StatementRequest {
  user: EngineUser;
  /** The `query` parameter, a line break and the body's first megabyte (all of it, when `rest` is undefined). */
  statement: Buffer;
  /** The body from there on. */
  rest: AsyncIterator<Buffer> | undefined;
  /** Refuse everything that writes. */
  readonly: boolean;
  queryId: string;
  settings: Map<string, string>;
  /** TSV-escaped, as they came. */
  parameters: Map<string, string>;
  defaultFormat: string | undefined;
  database: string | undefined;
  /** Send nothing before the whole result is there. */
  waitForEnd: boolean;
}

const IN_MEMORY_BYTES = 1 << 20;

/** URL parameters that are neither settings nor query parameters. */
const NOT_SETTINGS = new Set(
  (
    'query query_id database default_format user password quota_key role stacktrace compress decompress buffer_size ' +
    'wait_end_of_query session_id session_timeout session_check close_session client_protocol_version framing'
  ).split(' '),
);

/** The body as it was before `Content-Encoding`. @throws ClickHouseException (89) for an encoding this server lacks */
function decodedBody(request: IncomingMessage): Readable {
  const encoding = (request.headers['content-encoding'] ?? 'identity').toLowerCase();
  const decoder =
    encoding === 'gzip' || encoding === 'x-gzip'
      ? createGunzip()
      : encoding === 'deflate'
        ? createInflate()
        : encoding === 'br'
          ? createBrotliDecompress()
          : undefined;
  if (decoder !== undefined) {
    request.on('error', (error) => decoder.destroy(error));
    // Whoever reads is told; what comes when nobody reads any more is of no interest.
    decoder.on('error', () => undefined);
    return request.pipe(decoder);
  }
  if (encoding === 'identity' || encoding === '') return request;
  throw exceptionOf(
    'UNKNOWN_COMPRESSION_METHOD',
    `Unknown compression method ${encoding}. Use gzip, deflate or br.`,
  );
}

async function readHead(body: AsyncIterator<Buffer>, upTo: number): Promise<{ head: Buffer; more: boolean }> {
  const pieces: Buffer[] = [];
  let length = 0;
  while (length <= upTo) {
    const { value, done } = await body.next();
    if (done === true) return { head: Buffer.concat(pieces), more: false };
    pieces.push(value);
    length += value.length;
  }
  return { head: Buffer.concat(pieces), more: true };
}

/** Names become part of SQL text. @throws ClickHouseException (36) for one that would be more than a name there */
function requireName(what: string, name: string): string {
  if (/^\w+$/.test(name)) return name;
  throw exceptionOf(
    'BAD_ARGUMENTS',
    `${what} must be of letters, digits and underscores; got ${JSON.stringify(name.slice(0, 100))}.`,
  );
}

/** Whether it may write, and what is left of the setting `readonly`: a request that may not can only make it stricter. */
function readonlyOf(
  settings: Map<string, string>,
  { method, user }: { method: string | undefined; user: EngineUser },
): boolean {
  const asked = settings.get('readonly');
  // 2 is the same as what a GET gets: one kind of session serves both, and is used again.
  const readonly = user !== 'loader' || method !== 'POST' || asked === '2';
  if (readonly && asked !== '1') settings.delete('readonly');
  return readonly;
}

/**
 * Reads a request up to the point where its statement can be told.
 * @param knownSettings names of all settings of the engine
 * @throws ClickHouseException for wrong credentials, settings that are unknown or not the user's to give, encodings this server lacks
 */
export async function readStatementRequest(
  request: IncomingMessage,
  {
    url,
    queryId,
    knownSettings,
    digests,
  }: { url: URL; queryId: string; knownSettings: ReadonlySet<string>; digests: PasswordDigests },
): Promise<StatementRequest> {
  const given = url.searchParams;
  const user = authenticate(request, given, digests);
  for (const flag of ['compress', 'decompress']) {
    if (['1', 'true'].includes(given.get(flag) ?? '')) {
      throw exceptionOf(
        'NOT_IMPLEMENTED',
        `${flag}=1 (ClickHouse's own compression) is not implemented: use gzip, by Content-Encoding and Accept-Encoding.`,
      );
    }
  }
  const settings = new Map<string, string>();
  const parameters = new Map<string, string>();
  const bind = (name: string, value: string) =>
    parameters.set(requireName('The name of a parameter', name.slice('param_'.length)), value);
  for (const [name, value] of given) {
    if (name.startsWith('param_')) bind(name, value);
    else if (!NOT_SETTINGS.has(name)) {
      if (!knownSettings.has(name)) {
        throw exceptionOf(
          'UNKNOWN_SETTING',
          `Setting ${name} is neither a builtin setting nor started with the prefix 'SQL_' registered for user-defined settings.`,
        );
      }
      settings.set(name, value);
    }
  }
  const readonly = readonlyOf(settings, { method: request.method, user });
  if (user !== 'loader') requireReadersSettings(settings.keys());
  const contentType = request.headers['content-type'] ?? '';
  const multipart = contentType.toLowerCase().startsWith('multipart/form-data');
  const body = decodedBody(request)[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let { head, more } = await readHead(body, multipart ? 64 * IN_MEMORY_BYTES : IN_MEMORY_BYTES);
  let query = given.get('query') ?? '';
  if (multipart) {
    for (const [name, value] of parseMultipart(head, contentType)) {
      if (name === 'query') query += value.toString('utf8');
      else if (name.startsWith('param_')) bind(name, value.toString('utf8'));
    }
    head = Buffer.alloc(0);
  }
  const database =
    given.get('database') ?? (request.headers['x-clickhouse-database'] as string | undefined) ?? '';
  const format =
    given.get('default_format') ?? (request.headers['x-clickhouse-format'] as string | undefined);
  return {
    user,
    statement: query === '' ? head : Buffer.concat([Buffer.from(`${query}\n`), head]),
    rest: more ? body : undefined,
    readonly,
    queryId,
    settings,
    parameters,
    defaultFormat: format === undefined ? undefined : requireName('The name of a format', format),
    database: database === '' || database === 'default' ? undefined : database,
    waitForEnd: ['1', 'true'].includes(given.get('wait_end_of_query') ?? ''),
  };
}

/** The query id a request asks for, or a fresh one. */
export function queryIdOf({ headers }: IncomingMessage, url: URL): string {
  const header = headers['x-clickhouse-query-id'];
  // It is sent back in a header, so nothing that would break one.
  const id = (url.searchParams.get('query_id') ?? (typeof header === 'string' ? header : '')).replace(
    /[^\x20-\x7e]/g,
    '?',
  );
  return id === '' ? randomUUID() : id;
}

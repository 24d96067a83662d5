import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { requestUrl } from '../../config/http/request-url.ts';
import type { PasswordDigests } from './authenticate.ts';
import { exceptionFrom, exceptionOf } from './exception.ts';
import { createLanes, laneOf } from './lanes.ts';
import { foreignReason } from './foreign-request.ts';
import { requireReadersStatement } from './readers-statement.ts';
import { queryIdOf, readStatementRequest, type StatementRequest } from './request.ts';
import { StatementResponse } from './response.ts';
import type { ResultPipes } from './result-pipes.ts';
import { runStatement } from './run-statement.ts';
import { MARK_SETTING, withMarks, type RunningStatements } from './running-statements.ts';
import { BASE_SETTINGS, type SessionPool } from './session-pool.ts';
import type { Spool } from './spool.ts';
import { parseStatement, READ_VERBS, type Statement } from './statement.ts';

/** As ClickHouse's `http_max_uri_size`: bound values are in the address, also those of hundreds of loads. */
const MOST_HEADER_BYTES = 1 << 20;

export interface EngineParts {
  pool: SessionPool;
  running: RunningStatements;
  spool: Spool;
  pipes: ResultPipes;
  knownSettings: ReadonlySet<string>;
  digests: PasswordDigests;
  version: string;
  timezone: string;
  /** The address it listens on: a `Host` header must name it. */
  host: string;
}

/** ClickHouse's HTTP interface over a pool of sessions. */
export function createEngineServer(parts: EngineParts): Server {
  const { pool, running, spool, pipes, knownSettings, digests, version, timezone } = parts;
  const lanes = createLanes();

  async function run(
    request: StatementRequest,
    statement: Statement,
    response: StatementResponse,
    gone: AbortSignal,
  ) {
    const entry = running.register(request.queryId, statement.verb);
    let bodyPath: string | undefined;
    try {
      if (statement.kind === 'insertData') {
        bodyPath = spool.newPath();
        await spool.write(bodyPath, statement.data, request.rest);
      } else if (request.rest !== undefined) {
        throw exceptionOf('SYNTAX_ERROR', 'Syntax error: the query is longer than 1 MiB (max_query_size).');
      }
      const lane = laneOf({
        user: request.user,
        verb: statement.verb,
        logComment: request.settings.get('log_comment'),
      });
      const leave = await lanes[lane].enter(gone);
      try {
        const pooled = await pool.acquire({
          role: request.user === 'loader' ? 'loader' : 'reader',
          readonly: request.readonly,
          settings: new Map([...request.settings, [MARK_SETTING, entry.mark]]),
          parameters: request.parameters,
          usedParameters: statement.parameters,
          database: request.database,
          changesSession: statement.kind === 'other' && statement.changesSession,
        });
        const setting = request.settings.get('max_execution_time') ?? BASE_SETTINGS.get('max_execution_time');
        gone.addEventListener('abort', entry.kill, { once: true });
        const killing =
          statement.verb === 'KILL' && statement.kind === 'other'
            ? { ...statement, sql: withMarks(statement.sql, running) }
            : statement;
        let failed = true;
        try {
          gone.throwIfAborted();
          entry.begin(statement.maxExecutionSeconds ?? Number(setting));
          await runStatement(killing, {
            pooled,
            running: entry,
            spool,
            pipes,
            defaultFormat: request.defaultFormat ?? 'TabSeparated',
            waitForEnd: request.waitForEnd,
            sink: response,
            bodyPath,
          });
          failed = false;
        } finally {
          entry.end();
          gone.removeEventListener('abort', entry.kill);
          await pooled.release({ failed });
        }
      } finally {
        leave();
      }
    } finally {
      entry.end();
      if (bodyPath !== undefined) await spool.remove(bodyPath);
    }
  }

  async function answerStatement(
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
  ): Promise<void> {
    const queryId = queryIdOf(request, url);
    const compress = ['1', 'true'].includes(url.searchParams.get('enable_http_compression') ?? '');
    const answer = new StatementResponse(request, response, { queryId, version, timezone, compress });
    const gone = new AbortController();
    response.once('close', () => {
      if (!response.writableFinished)
        gone.abort(exceptionOf('QUERY_WAS_CANCELLED', 'Query was cancelled: the client has gone.'));
    });
    try {
      const asked = await readStatementRequest(request, { url, queryId, knownSettings, digests });
      const statement = parseStatement(asked.statement);
      if (statement.verb === '') throw exceptionOf('SYNTAX_ERROR', 'Empty query.');
      if (asked.readonly && !READ_VERBS.has(statement.verb)) {
        // The engine refuses too, but some statements only after it has looked for their table.
        throw exceptionOf(
          'READONLY',
          asked.user === 'loader'
            ? 'Cannot execute query in readonly mode. Method GET implies readonly: use method POST, without readonly = 2.'
            : 'Cannot execute query in readonly mode: this user only reads.',
        );
      }
      if (asked.user !== 'loader') {
        requireReadersStatement(asked.statement.toString('latin1'), knownSettings);
      }
      await run(asked, statement, answer, gone.signal);
      await answer.end();
    } catch (error) {
      await answer.fail(exceptionFrom(error));
    }
    // What was not read of the body must not be taken for the next request.
    if (!request.complete) request.socket.destroySoon();
  }

  const plain = (response: ServerResponse, status: number, text: string) => {
    response.writeHead(status, {
      'Content-Type': 'text/html; charset=UTF-8',
      'X-ClickHouse-Server-Display-Name': 'tripline',
    });
    response.end(text);
  };

  return createServer(
    { maxHeaderSize: MOST_HEADER_BYTES, keepAliveTimeout: 30_000, requestTimeout: 0, noDelay: true },
    (request, response) => {
      response.on('error', () => undefined);
      const foreign = foreignReason(request, parts.host);
      if (foreign !== undefined) return plain(response, 403, `${foreign}\n`);
      const url = requestUrl(request);
      if (url.pathname === '/ping' || url.pathname === '/replicas_status')
        return plain(response, 200, 'Ok.\n');
      if (url.pathname !== '/')
        return plain(response, 404, `There is no handle ${url.pathname}. Use / or /ping.\n`);
      const reads = request.method === 'GET' || request.method === 'HEAD';
      if (reads && !url.searchParams.has('query')) return plain(response, 200, 'Ok.\n');
      if (!reads && request.method !== 'POST')
        return plain(response, 501, `${request.method} is not implemented: use GET or POST.\n`);
      void answerStatement(request, response, url).catch((error: unknown) => {
        response.destroy(error instanceof Error ? error : undefined);
      });
    },
  );
}

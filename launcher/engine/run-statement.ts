import type { Session } from 'chdb';
import { ClickHouseException, exceptionFrom, exceptionOf } from './exception.ts';
import type { ResultPipes } from './result-pipes.ts';
import type { RunningStatement } from './running-statements.ts';
import type { PooledSession } from './session-pool.ts';
import type { Spool } from './spool.ts';
import { sqlString } from './sql-tokens.ts';
import type { Statement } from './statement.ts';

/** What is known of a statement's work, for `X-ClickHouse-Summary`. */
export interface Summary {
  readRows: number;
  readBytes: number;
  writtenRows: number;
  writtenBytes: number;
}

/** Where a statement's result goes. Nothing has been sent before `start`: an exception until then is a plain error response. */
export interface ResultSink {
  start(head: { format: string; summary: Summary }): void;
  /** Resolves when more may be written. @throws when the client has gone */
  write(bytes: Uint8Array): Promise<void>;
  /** Sends a file's bytes. */
  sendFile(path: string): Promise<void>;
}

export interface StatementRun {
  pooled: PooledSession;
  running: RunningStatement;
  spool: Spool;
  pipes: ResultPipes;
  /** Format of a result whose statement names none. */
  defaultFormat: string;
  /** Send nothing before the whole result is there, so that every exception is a plain error response. */
  waitForEnd: boolean;
  /** Where the rows of an INSERT were put. */
  bodyPath: string | undefined;
  sink: ResultSink;
}

const NOTHING: Summary = { readRows: 0, readBytes: 0, writtenRows: 0, writtenBytes: 0 };

/** A result up to here is held back, so that what fails early is a plain error response, and the rest has its summary. */
const HOLD_BACK_BYTES = 1 << 20;

const intoFile = (sql: string, path: string, format: string, tail: string) =>
  `${sql}\nINTO OUTFILE ${sqlString(path)} TRUNCATE FORMAT ${format} ${tail}`;

/** Sends a result while it is computed. */
async function streamResult(sql: string, format: string, tail: string, how: StatementRun): Promise<void> {
  const { pooled, running, pipes, sink } = how;
  const pipe = pipes.open();
  const query = running
    .inEngine(() => pooled.session.queryAsync(pooled.prelude + intoFile(sql, pipe.path, format, tail)))
    .finally(() => pipe.finished());
  // Awaited below; until then nobody listens.
  query.catch(() => undefined);
  const held: Buffer[] = [];
  let heldBytes = 0;
  let started = false;
  const send = async (summary: Summary) => {
    if (!started) sink.start({ format, summary });
    started = true;
    for (const piece of held.splice(0)) await sink.write(piece);
  };
  let clientError: unknown;
  for await (const piece of pipe.chunks) {
    // The rest is read nevertheless: the engine must not wait for a pipe that nobody empties.
    if (clientError !== undefined) continue;
    held.push(piece);
    heldBytes += piece.length;
    if (heldBytes <= HOLD_BACK_BYTES) continue;
    try {
      await running.atClient(() => send(NOTHING));
    } catch (error) {
      clientError = error;
    }
  }
  pipe.giveBack();
  const { rowsRead, bytesRead } = await query;
  if (clientError !== undefined) throw clientError;
  await send({ ...NOTHING, readRows: rowsRead, readBytes: bytesRead });
}

/** Sends a result when it is whole. */
async function sendWhole(sql: string, format: string, tail: string, how: StatementRun): Promise<void> {
  const { pooled, running, spool, sink } = how;
  const path = spool.newPath();
  try {
    const whole = pooled.prelude + intoFile(sql, path, format, tail);
    const { rowsRead, bytesRead } = await running.inEngine(() => pooled.session.queryAsync(whole));
    sink.start({ format, summary: { ...NOTHING, readRows: rowsRead, readBytes: bytesRead } });
    // Format Null writes no file.
    if (format.toLowerCase() !== 'null') await sink.sendFile(path);
  } finally {
    await spool.remove(path);
  }
}

async function run(statement: Statement, how: StatementRun): Promise<void> {
  const { pooled, running, defaultFormat, waitForEnd, bodyPath, sink } = how;
  const { session, prelude } = pooled;
  if (statement.kind === 'select') {
    const { sql, tail } = statement;
    const format = statement.format ?? defaultFormat;
    return waitForEnd ? sendWhole(sql, format, tail, how) : streamResult(sql, format, tail, how);
  }
  if (statement.kind === 'insertData') {
    if (bodyPath === undefined) throw exceptionOf('STD_EXCEPTION', 'The rows were not spooled.');
    const { into, settings, format } = statement;
    const sql = `${into}\nFROM INFILE ${sqlString(bodyPath)} COMPRESSION 'none' ${settings} FORMAT ${format}`;
    const { rowsRead, bytesRead } = await running.inEngine(() => session.queryAsync(prelude + sql));
    const summary = {
      readRows: rowsRead,
      readBytes: bytesRead,
      writtenRows: rowsRead,
      writtenBytes: bytesRead,
    };
    return sink.start({ format: defaultFormat, summary });
  }
  const format = statement.format ?? defaultFormat;
  const done = await running.inEngine(() => session.queryAsync(prelude + statement.sql, { format }));
  sink.start({ format, summary: { ...NOTHING, readRows: done.rowsRead, readBytes: done.bytesRead } });
  await sink.write(done.bytes());
}

/** A syntax error as it is in the statement that was sent, and not in what this server made of it: text and position. */
async function rewordSyntaxError(
  exception: ClickHouseException,
  text: string,
  session: Session,
): Promise<ClickHouseException> {
  try {
    await session.queryAsync(`SELECT formatQuery(${sqlString(text)}) FORMAT Null`);
  } catch (error) {
    const reworded = exceptionFrom(error);
    if (reworded.code !== exception.code) return exception;
    const own = reworded.message.replace(/:? In scope SELECT formatQuery\(.*$/s, '');
    return new ClickHouseException(exception.code, `${own}. (SYNTAX_ERROR)`);
  }
  return exception;
}

const SYNTAX_ERROR = 62;

/**
 * Runs one statement in a session and sends its result.
 * @throws ClickHouseException; the sink's own errors when the client has gone
 */
export async function runStatement(statement: Statement, how: StatementRun): Promise<void> {
  try {
    await run(statement, how);
  } catch (error) {
    const exception = exceptionFrom(error);
    if (exception.code === SYNTAX_ERROR)
      throw await rewordSyntaxError(exception, statement.text, how.pooled.session);
    if (how.bodyPath === undefined) throw exception;
    throw new ClickHouseException(
      exception.code,
      exception.message.replaceAll(how.bodyPath, 'the request body'),
    );
  }
}

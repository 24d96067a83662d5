import { exceptionOf } from './exception.ts';
import { isRowFormat } from './formats.ts';
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

const NOTHING: Summary = { readRows: 0, readBytes: 0, writtenRows: 0, writtenBytes: 0 };

interface Run {
  pooled: PooledSession;
  running: RunningStatement;
  spool: Spool;
  /** Format of a result whose statement names none. */
  defaultFormat: string;
  sink: ResultSink;
}

async function streamRows({
  sql,
  format,
  pooled,
  running,
  sink,
}: Run & { sql: string; format: string }): Promise<void> {
  const { session, prelude } = pooled;
  if (prelude !== '') await session.queryAsync(prelude);
  const stream = session.queryStream(`${running.mark}${sql}`, { format });
  let started = false;
  for await (const chunk of stream) {
    if (!started) sink.start({ format, summary: NOTHING });
    started = true;
    await sink.write(chunk.raw());
  }
  if (!started) sink.start({ format, summary: NOTHING });
}

async function spoolDocument({
  sql,
  format,
  tail,
  pooled,
  running,
  spool,
  sink,
}: Run & { sql: string; format: string; tail: string }) {
  const path = spool.newPath();
  try {
    const { rowsRead, bytesRead } = await pooled.session.queryAsync(
      `${pooled.prelude}${running.mark}${sql}\nINTO OUTFILE ${sqlString(path)} TRUNCATE FORMAT ${format} ${tail}`,
    );
    sink.start({ format, summary: { ...NOTHING, readRows: rowsRead, readBytes: bytesRead } });
    if (format.toLowerCase() !== 'null') await sink.sendFile(path);
  } finally {
    await spool.remove(path);
  }
}

/** Runs one statement in a session and sends its result. @throws ClickHouseException */
export async function runStatement(
  statement: Statement,
  run: Run & { bodyPath: string | undefined },
): Promise<void> {
  const { pooled, running, defaultFormat, sink } = run;
  if (statement.kind === 'select') {
    const { sql, tail } = statement;
    const format = statement.format ?? defaultFormat;
    if (isRowFormat(format) && tail === '') return streamRows({ ...run, sql, format });
    return spoolDocument({ ...run, sql, format, tail });
  }
  if (statement.kind === 'insertData') {
    if (run.bodyPath === undefined) throw exceptionOf('STD_EXCEPTION', 'The rows were not spooled.');
    const { into, settings, format } = statement;
    const from = `FROM INFILE ${sqlString(run.bodyPath)} COMPRESSION 'none'`;
    const done = await pooled.session.queryAsync(
      `${pooled.prelude}${running.mark}${into}\n${from} ${settings} FORMAT ${format}`,
    );
    const written = { writtenRows: done.rowsRead, writtenBytes: done.bytesRead };
    sink.start({
      format: defaultFormat,
      summary: { ...written, readRows: done.rowsRead, readBytes: done.bytesRead },
    });
    return;
  }
  const format = statement.format ?? defaultFormat;
  const done = await pooled.session.queryAsync(`${pooled.prelude}${running.mark}${statement.sql}`, {
    format,
  });
  sink.start({ format, summary: { ...NOTHING, readRows: done.rowsRead, readBytes: done.bytesRead } });
  await sink.write(done.bytes());
}

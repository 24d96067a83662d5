/** The one way to ClickHouse: every statement says who asks, carries a query id, and binds its values. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { createClient, type ClickHouseClient, type ClickHouseSettings } from '@clickhouse/client';
import { z } from 'zod';
import { bytesOf, checkAnswer, readText, WarehouseAnswerError, type RawAnswer } from './answer.ts';
import { parseRows, ROWS_FORMAT } from './json-rows.ts';
import { asMultipart } from './multipart-statement.ts';
import { refuseUpgrades } from '../config/http/refuse-upgrades.ts';
import { ownDeadline } from './own-deadline.ts';

export { ClickHouseError } from '@clickhouse/client';
export { WarehouseAnswerError } from './answer.ts';
export { onlyRow } from './json-rows.ts';

export interface StatementOptions {
  /** Values for `{name:Type}`. Where a name begins with `secret_`, none of them is in the request's address, which servers log. */
  params?: Record<string, unknown>;
  settings?: ClickHouseSettings;
  /** Cancels the statement in the engine too. */
  signal?: AbortSignal;
  /**
   * Milliseconds, enforced by the engine (`max_execution_time`, so rounded up to seconds). What reads is given up here too when the engine is silent
   * 2 s later; what writes may wait in the engine for its turn, and brings a signal.
   */
  deadlineMs?: number;
}

export interface ReadOptions<Row> extends StatementOptions {
  /** What each row must be. All code but tests says it: what is read back is believed. */
  row?: z.ZodType<Row>;
}

/**
 * Every method throws ClickHouseError where the server says no, and WarehouseAnswerError where what came back is not ClickHouse's answer to that
 * statement, or not whole, or of another shape: see `answer.ts`.
 */
export interface Warehouse {
  /** Rows of a SELECT without a FORMAT clause; 64-bit integers come as strings. */
  rows<Row>(sql: string, options?: ReadOptions<Row>): Promise<Row[]>;
  /**
   * What a SELECT with a FORMAT clause of its own gives, byte by byte, never more than a little of it in memory. A statement that fails after its
   * first bytes ends the stream too early, so check what you read.
   */
  stream(sql: string, options?: StatementOptions): Promise<Readable>;
  /** A statement without a result. */
  command(sql: string, options?: StatementOptions): Promise<void>;
  /** Rows into a table, in one block. */
  insert(table: string, rows: readonly Record<string, unknown>[], options?: StatementOptions): Promise<void>;
  /** Does ClickHouse answer there, to whom we are? */
  ping(): Promise<boolean>;
  close(): Promise<void>;
}

/**
 * A statement hangs no longer than this over a lake on S3, deaf to KILL meanwhile: about 6 s when S3 is away (by default it would ask
 * 500 times), and 4 × 5 s when S3 takes requests and answers nothing (by default 4 × 30 s: longer than a load's deadline).
 */
export const S3_SETTINGS = { s3_retry_attempts: '8', s3_request_timeout_ms: '5000' } as const;

/** Dates, times and UUIDs are bound as strings in ClickHouse's own notation. A number that is written is the nearest double, which no server before 26.7 says by itself. */
const BASE_SETTINGS: ClickHouseSettings = {
  async_insert: 0,
  date_time_input_format: 'basic',
  precise_float_parsing: 1,
  ...S3_SETTINGS,
};

/** Servers differ in what they do by default. */
const ROWS_SETTINGS: ClickHouseSettings = { output_format_json_quote_64bit_integers: 1 };
const PING_DEADLINE_MS = 5_000;
const PONG = z.object({ one: z.literal(1) });

/**
 * For those who only read, whatever their user may: the server refuses everything that writes, and settings may still be given (`readonly` = 2). Only
 * such statements does it also give up when their client goes away.
 */
const READ_ONLY_SETTINGS: ClickHouseSettings = {
  readonly: '2',
  cancel_http_readonly_queries_on_client_close: 1,
};

/**
 * @param by who asks, for `log_comment` and the engine's lanes: `gateway`, `load`, `worker`, `launcher`
 * @param readOnly nothing can be changed over this
 */
export function createWarehouse({
  url,
  by,
  readOnly = false,
}: {
  url: string;
  by: string;
  readOnly?: boolean;
}): Warehouse {
  refuseUpgrades();
  const client: ClickHouseClient = createClient({
    url,
    application: `tripline-${by}`,
    request_timeout: 3_600_000,
    max_open_connections: 64,
    keep_alive: { enabled: true, idle_socket_ttl: 1_000 },
    clickhouse_settings: readOnly ? { ...BASE_SETTINGS, ...READ_ONLY_SETTINGS } : BASE_SETTINGS,
    log: { level: 127 },
  });
  /** @param format that the answer must be in @param rows that are sent with it */
  async function ask(
    sql: string,
    { params = {}, settings, signal, deadlineMs }: StatementOptions,
    { format, rows }: { format?: string | undefined; rows?: string } = {},
  ): Promise<RawAnswer> {
    const queryId = randomUUID();
    const common = {
      query_id: queryId,
      ignore_error_response: true,
      ...(signal === undefined ? {} : { abort_signal: signal }),
      clickhouse_settings: {
        log_comment: JSON.stringify({ by }),
        ...(deadlineMs === undefined ? {} : { max_execution_time: Math.ceil(deadlineMs / 1000) }),
        ...settings,
      },
    };
    const statement = holdsSecrets(params) ? asMultipart(sql, params) : { query: sql, query_params: params };
    const answer: RawAnswer = await client.exec({
      ...statement,
      ...common,
      ...(rows === undefined ? {} : { values: Readable.from([rows], { objectMode: false }) }),
    });
    await checkAnswer(answer, { queryId, format });
    return answer;
  }

  /** @param deadline is it kept here too? */
  async function askText(
    sql: string,
    options: StatementOptions,
    { deadline = false, ...more }: { deadline?: boolean; format?: string; rows?: string } = {},
  ): Promise<string> {
    const { signal, whenOver, explain, end } = ownDeadline({
      signal: options.signal,
      deadlineMs: deadline ? options.deadlineMs : undefined,
    });
    try {
      const answer = await ask(sql, { ...options, signal }, more);
      whenOver(() => answer.stream.destroy(signal.reason as Error));
      return await readText(answer);
    } catch (error) {
      throw explain(error);
    } finally {
      end();
    }
  }

  async function readRows<Row>(sql: string, { row, ...options }: ReadOptions<Row>): Promise<Row[]> {
    const settings = { ...ROWS_SETTINGS, ...options.settings };
    const text = await askText(
      `${sql}\nFORMAT ${ROWS_FORMAT}`,
      { ...options, settings },
      { format: ROWS_FORMAT, deadline: true },
    );
    return parseRows(text, row);
  }

  return {
    rows: (sql, options = {}) => readRows(sql, options),
    async stream(sql, options = {}) {
      const { signal, whenOver, explain, end } = ownDeadline(options);
      try {
        const stream = bytesOf(await ask(sql, { ...options, signal }, { format: formatOf(sql) }));
        whenOver(() => stream.destroy(explain(signal.reason) as Error));
        return stream.once('close', end);
      } catch (error) {
        end();
        throw explain(error);
      }
    },
    async command(sql, options = {}) {
      expectNothing(await askText(sql, options));
    },
    async insert(table, rows, options = {}) {
      if (rows.length === 0) return;
      const lines = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
      expectNothing(await askText(`INSERT INTO ${table} FORMAT JSONEachRow`, options, { rows: lines }));
    },
    async ping() {
      const answered = readRows('SELECT 1 AS one', { row: PONG, deadlineMs: PING_DEADLINE_MS });
      return answered.then(
        (rows) => rows.length === 1,
        () => false,
      );
    },
    close: () => client.close(),
  };
}

function expectNothing(text: string): void {
  if (text.trim() !== '') throw new WarehouseAnswerError('an answer to a statement that has none');
}

/** What a statement's own FORMAT clause, at its end, asks for. */
const formatOf = (sql: string): string | undefined => /\bFORMAT\s+(\w+)\s*$/.exec(sql)?.[1];

function holdsSecrets(params: Readonly<Record<string, unknown>>): boolean {
  return Object.keys(params).some((name) => name.startsWith('secret_'));
}

const statements = new Map<string, string>();

const INCLUDE = /\/\* include (\w+) \*\//g;

/**
 * The text of `sql/<name>.sql`, read once. Where it says `include <other>` in a comment, the statement of that file stands instead, as a subquery.
 * @throws Error (ENOENT) when there is no such file
 */
export function statement(name: string): string {
  let text = statements.get(name);
  if (text === undefined) {
    const written = readFileSync(new URL(`./sql/${name}.sql`, import.meta.url), 'utf8');
    text = written.replaceAll(INCLUDE, (_, included: string) => statement(included));
    statements.set(name, text);
  }
  return text;
}

/** The one way to ClickHouse: every statement says who asks, carries a query id, and binds its values. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { createClient, type ClickHouseClient, type ClickHouseSettings } from '@clickhouse/client';
import { ownDeadline } from './own-deadline.ts';

export { ClickHouseError } from '@clickhouse/client';

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

export interface Warehouse {
  /** Rows of a SELECT, as parsed from JSONEachRow; 64-bit integers come as strings. */
  rows<Row>(sql: string, options?: StatementOptions): Promise<Row[]>;
  /**
   * What a SELECT with a FORMAT clause of its own gives, byte by byte, never more than a little of it in memory. A statement that fails after its
   * first bytes ends the stream too early, so check what you read.
   */
  stream(sql: string, options?: StatementOptions): Promise<Readable>;
  /** A statement without a result. */
  command(sql: string, options?: StatementOptions): Promise<void>;
  /** Rows into a table, in one block. */
  insert(table: string, rows: readonly Record<string, unknown>[], options?: StatementOptions): Promise<void>;
  ping(): Promise<boolean>;
  close(): Promise<void>;
}

/**
 * A statement hangs no longer than this over a lake on S3, deaf to KILL meanwhile: about 6 s when S3 is away (by default it would ask
 * 500 times), and 4 × 5 s when S3 takes requests and answers nothing (by default 4 × 30 s: longer than a load's deadline).
 */
export const S3_SETTINGS = { s3_retry_attempts: '8', s3_request_timeout_ms: '5000' } as const;

/** Dates, times and UUIDs are bound as strings in ClickHouse's own notation. */
const BASE_SETTINGS: ClickHouseSettings = {
  async_insert: 0,
  date_time_input_format: 'basic',
  ...S3_SETTINGS,
};

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
  const client: ClickHouseClient = createClient({
    url,
    application: `tripline-${by}`,
    request_timeout: 3_600_000,
    max_open_connections: 64,
    keep_alive: { enabled: true, idle_socket_ttl: 1_000 },
    clickhouse_settings: readOnly ? { ...BASE_SETTINGS, ...READ_ONLY_SETTINGS } : BASE_SETTINGS,
    log: { level: 127 },
  });
  const common = ({ params, settings, signal, deadlineMs }: StatementOptions) => ({
    query_id: randomUUID(),
    ...(params === undefined ? {} : { query_params: params }),
    ...(signal === undefined ? {} : { abort_signal: signal }),
    clickhouse_settings: {
      log_comment: JSON.stringify({ by }),
      ...(deadlineMs === undefined ? {} : { max_execution_time: Math.ceil(deadlineMs / 1000) }),
      ...settings,
    },
  });
  const query = (sql: string, options: StatementOptions) =>
    client.query({
      query: sql,
      format: 'JSONEachRow',
      use_multipart_params: holdsSecrets(options),
      ...common(options),
    });
  return {
    async rows<Row>(sql: string, options: StatementOptions = {}) {
      const { signal, whenOver, explain, end } = ownDeadline(options);
      try {
        const result = await query(sql, { ...options, signal });
        whenOver(() => result.close());
        return await result.json<Row>();
      } catch (error) {
        throw explain(error);
      } finally {
        end();
      }
    },
    async stream(sql, options = {}) {
      const { signal, whenOver, explain, end } = ownDeadline(options);
      try {
        const { stream } = await client.exec({ query: sql, ...common({ ...options, signal }) });
        whenOver(() => stream.destroy(explain(signal.reason) as Error));
        return stream.once('close', end);
      } catch (error) {
        end();
        throw explain(error);
      }
    },
    async command(sql, options = {}) {
      // Only queries can send their values in the body.
      if (holdsSecrets(options)) await (await query(sql, options)).text();
      else await client.command({ query: sql, ...common(options) });
    },
    async insert(table, rows, options = {}) {
      await client.insert({ table, values: [...rows], format: 'JSONEachRow', ...common(options) });
    },
    async ping() {
      return (await client.ping()).success;
    },
    close: () => client.close(),
  };
}

function holdsSecrets({ params = {} }: StatementOptions): boolean {
  return Object.keys(params).some((name) => name.startsWith('secret_'));
}

const statements = new Map<string, string>();

/**
 * The text of `sql/<name>.sql`, read once.
 * @throws Error (ENOENT) when there is no such file
 */
export function statement(name: string): string {
  let text = statements.get(name);
  if (text === undefined) {
    text = readFileSync(new URL(`./sql/${name}.sql`, import.meta.url), 'utf8');
    statements.set(name, text);
  }
  return text;
}

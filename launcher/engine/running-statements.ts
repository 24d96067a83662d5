import type { Session } from 'chdb';
import { exceptionOf } from './exception.ts';

/**
 * How long a statement may go on in the engine past its deadline before the engine is beyond help. An INSERT of 16 M rows of one row
 * group stops within 0.5 s, on two cores with a load of 7 too; but one that waits for an S3 that is silent hears nothing for 20 s
 * (`S3_SETTINGS` in warehouse.ts), and the others must not pay for that with their engine.
 */
const DEAF_AFTER_MS = 25_000;
const KILL_EVERY_MS = 200;
/** The engine looks at the clock between blocks only; from here on it is told. */
const KILL_AFTER_DEADLINE_MS = 1000;

/**
 * chdb gives no query ids, and comments do not survive in `system.processes` where parameters are substituted. So each statement
 * runs under its own value of a setting that means nothing without an HTTP server in the engine.
 */
export const MARK_SETTING = 'http_max_uri_size';

export interface RunningStatement {
  /** Value of `MARK_SETTING` that it must run under. */
  readonly mark: string;
  /** Tells the engine to stop it, again and again until `end` is called. */
  kill(): void;
  /** The deadline, in seconds from now (0 is none), counts from here. */
  begin(deadlineSeconds: number): void;
  /** Runs something in the engine for it. */
  inEngine<T>(work: () => Promise<T>): Promise<T>;
  /** Waits for the client meanwhile: the engine is not to blame for this time. */
  atClient<T>(work: () => Promise<T>): Promise<T>;
  end(): void;
}

/**
 * The statements that run, by query id. One that is in the engine 25 s past its deadline spins deaf to KILL (about 1 in 600 fuzzed
 * Parquet files does that to a reader thread); then `onDeaf` is called, which ends the process.
 */
export class RunningStatements {
  readonly #marks = new Map<string, string>();
  readonly #control: Session;
  readonly #onBegin: (statement: string) => () => void;
  readonly #onDeaf: (queryId: string) => void;
  #killing: Promise<unknown> = Promise.resolve();
  #counter = 0;

  /**
   * @param control a session that runs nothing else
   * @param onBegin is told which statement begins; what it returns is called when it is over
   */
  constructor({
    control,
    onBegin = () => () => undefined,
    onDeaf,
  }: {
    control: Session;
    onBegin?: ((statement: string) => () => void) | undefined;
    onDeaf: (queryId: string) => void;
  }) {
    this.#control = control;
    this.#onBegin = onBegin;
    this.#onDeaf = onDeaf;
  }

  get size(): number {
    return this.#marks.size;
  }

  /** The mark of a running statement. */
  markOf(queryId: string): string | undefined {
    return this.#marks.get(queryId);
  }

  /**
   * @param verb of the statement
   * @throws ClickHouseException (216) when a statement of that id runs
   */
  register(queryId: string, verb: string): RunningStatement {
    if (this.#marks.has(queryId)) {
      throw exceptionOf(
        'QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING',
        `Query with id = ${queryId} is already running.`,
      );
    }
    const mark = String((this.#counter += 1));
    this.#marks.set(queryId, mark);
    const over = this.#onBegin(`${verb} ${queryId}`);
    let killer: NodeJS.Timeout | undefined;
    let watch: NodeJS.Timeout | undefined;
    /** Since when the engine has had nobody else to wait for. */
    let engineSince: number | undefined;
    let inEngine = false;
    let ended = false;
    const kill = () => {
      if (ended || killer !== undefined) return;
      this.#kill(mark);
      killer = setInterval(() => this.#kill(mark), KILL_EVERY_MS);
    };
    return {
      mark,
      kill,
      begin: (deadlineSeconds) => {
        if (deadlineSeconds <= 0) return;
        const deadline = performance.now() + deadlineSeconds * 1000;
        watch = setInterval(() => {
          const now = performance.now();
          if (now > deadline + KILL_AFTER_DEADLINE_MS) kill();
          if (engineSince !== undefined && now > Math.max(deadline, engineSince) + DEAF_AFTER_MS)
            this.#onDeaf(queryId);
        }, 500);
      },
      inEngine: async (work) => {
        inEngine = true;
        engineSince = performance.now();
        try {
          return await work();
        } finally {
          inEngine = false;
          engineSince = undefined;
        }
      },
      atClient: async (work) => {
        engineSince = undefined;
        try {
          return await work();
        } finally {
          if (inEngine) engineSince = performance.now();
        }
      },
      end: () => {
        if (ended) return;
        ended = true;
        over();
        clearInterval(killer);
        clearInterval(watch);
        this.#marks.delete(queryId);
      },
    };
  }

  #kill(mark: string): void {
    // ASYNC: SYNC can hang.
    const sql = `KILL QUERY WHERE ${isMarked(mark)} ASYNC FORMAT Null`;
    this.#killing = this.#killing.then(() => this.#control.queryAsync(sql).catch(() => undefined));
  }
}

const isMarked = (mark: string) => `Settings['${MARK_SETTING}'] = '${mark}'`;

/** `KILL QUERY WHERE query_id = '…'` as the engine understands it: ids are this server's, not the engine's. */
export function withMarks(sql: string, running: RunningStatements): string {
  return sql.replaceAll(/\bquery_id\s*=\s*'([^'\\]*)'/gi, (condition, queryId: string) => {
    const mark = running.markOf(queryId);
    return mark === undefined ? condition : isMarked(mark);
  });
}

import type { Session } from 'chdb';
import { exceptionOf } from './exception.ts';

/** How long a cancelled statement or one past its deadline may go on before the engine is beyond help. */
export const DEAF_AFTER_MS = 5000;
const KILL_EVERY_MS = 200;

export interface RunningStatement {
  /** Goes in front of the SQL, so that the statement can be found in `system.processes` (chdb gives no query ids). */
  readonly mark: string;
  /** Tells the engine to stop it, again and again until `end` is called. */
  kill(): void;
  /** It runs in the engine only from `begin` to `end`; the deadline, in seconds from now, counts from here. 0 is none. */
  begin(deadlineSeconds: number): void;
  end(): void;
}

/**
 * The statements that run, by query id. One that goes on 5 s past its deadline spins deaf to KILL (about 1 in 600 fuzzed Parquet
 * files does that to a reader thread); then `onDeaf` is called, which ends the process.
 */
export class RunningStatements {
  readonly #ids = new Map<string, string>();
  readonly #control: Session;
  readonly #onDeaf: (queryId: string) => void;
  #killing: Promise<unknown> = Promise.resolve();
  #counter = 0;

  /** @param control a session that runs nothing else */
  constructor({ control, onDeaf }: { control: Session; onDeaf: (queryId: string) => void }) {
    this.#control = control;
    this.#onDeaf = onDeaf;
  }

  get size(): number {
    return this.#ids.size;
  }

  /** @throws ClickHouseException (216) when a statement of that id runs */
  register(queryId: string): RunningStatement {
    if (this.#ids.has(queryId)) {
      throw exceptionOf(
        'QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING',
        `Query with id = ${queryId} is already running.`,
      );
    }
    const mark = `/* q:${++this.#counter} */ `;
    this.#ids.set(queryId, mark);
    let killer: NodeJS.Timeout | undefined;
    let timers: NodeJS.Timeout[] = [];
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
        const deadlineMs = Math.min(deadlineSeconds * 1000, 2 ** 31 - 1 - DEAF_AFTER_MS);
        timers = [
          // The engine looks at the clock between blocks only.
          setTimeout(kill, deadlineMs + 1000),
          setTimeout(() => this.#onDeaf(queryId), deadlineMs + DEAF_AFTER_MS),
        ];
      },
      end: () => {
        if (ended) return;
        ended = true;
        clearInterval(killer);
        for (const timer of timers) clearTimeout(timer);
        this.#ids.delete(queryId);
      },
    };
  }

  #kill(mark: string): void {
    // SYNC can hang.
    this.#killing = this.#killing.then(() =>
      this.#control
        .queryAsync(`KILL QUERY WHERE startsWith(query, '${mark}') ASYNC FORMAT Null`)
        .catch(() => undefined),
    );
  }
}

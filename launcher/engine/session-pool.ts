import type { Session } from 'chdb';
import { sqlString } from './sql-tokens.ts';

/** Settings of every statement that does not choose otherwise: where chdb differs from a server, and a deadline. */
export const BASE_SETTINGS: ReadonlyMap<string, string> = new Map([
  ['implicit_select', '0'],
  ['allow_introspection_functions', '0'],
  ['async_insert', '0'],
  ['output_format_json_quote_64bit_integers', '1'],
  ['max_execution_time', '600'],
]);

/** Once set these cannot be set back, so a session that ran under them is not used again. */
const STICKY_SETTINGS = new Set(['readonly', 'allow_ddl', 'profile']);

/** A quarter of the engine's default `max_query_size`, in bytes; a char may have four. */
const LONG_PRELUDE_CHARS = 65_536;

/** What ClickHouse lets a session do: see access/users.xml. */
export type EngineRole = 'reader' | 'loader';

/** What a statement needs of the session it runs in. */
export interface SessionNeeds {
  /** ClickHouse's role, as in access/users.xml. A session that served one never serves another. */
  role: EngineRole;
  /** Refuse everything that writes, as for a GET or where a statement asks for it (`readonly = 2`: settings may still be given). */
  readonly: boolean;
  settings: ReadonlyMap<string, string>;
  /** Query parameters as they came over the wire, TSV-escaped: the engine unescapes them as a server does. */
  parameters: ReadonlyMap<string, string>;
  /** Parameters that the statement refers to. One left over from an earlier statement must not answer for a missing one. */
  usedParameters: ReadonlySet<string>;
  /** Any but the default. */
  database: string | undefined;
  /** The statement itself changes the session (SET, USE, CREATE TEMPORARY TABLE). */
  changesSession: boolean;
}

export interface PooledSession {
  readonly session: Session;
  /** `SET …; ` that gives the session the settings and parameters of its statement. */
  readonly prelude: string;
  /** Settings and parameters are as the prelude says from now on. */
  release(outcome: { failed: boolean }): Promise<void>;
}

interface Idle {
  session: Session;
  role: EngineRole;
  readonly: boolean;
  settings: Map<string, string>;
  parameters: Set<string>;
}

/**
 * Sessions of one data directory, reused: each runs one statement at a time. Closing one waits for every statement of the
 * process, so opening one per request beside a 30 s insert would pile up thousands.
 */
export class SessionPool {
  readonly #open: () => Session;
  readonly #maxIdle: number;
  readonly #settings: ReadonlyMap<string, string>;
  readonly #idle: Idle[] = [];

  /**
   * @param maxIdle sessions kept open while nobody uses them
   * @param settings of every statement that does not choose otherwise, beside `BASE_SETTINGS`
   */
  constructor({
    open,
    maxIdle,
    settings,
  }: {
    open: () => Session;
    maxIdle: number;
    settings: ReadonlyMap<string, string>;
  }) {
    this.#open = open;
    this.#maxIdle = maxIdle;
    this.#settings = settings;
  }

  async acquire(needs: SessionNeeds): Promise<PooledSession> {
    const missing = [...needs.usedParameters].filter((name) => !needs.parameters.has(name));
    const fits = (idle: Idle) =>
      idle.role === needs.role &&
      idle.readonly === needs.readonly &&
      !missing.some((name) => idle.parameters.has(name));
    const found = this.#idle.findLastIndex(fits);
    const entry = this.#idle.splice(found, found === -1 ? 0 : 1)[0];
    const wanted = new Map([...BASE_SETTINGS, ...this.#settings, ...needs.settings]);
    const used = entry ?? {
      session: this.#open(),
      role: needs.role,
      readonly: needs.readonly,
      settings: new Map(),
      parameters: new Set(),
    };
    const changes: string[] = [];
    for (const [name, value] of wanted) {
      if (used.settings.get(name) !== value) changes.push(`${name} = ${sqlString(value)}`);
    }
    for (const name of used.settings.keys()) if (!wanted.has(name)) changes.push(`${name} = DEFAULT`);
    for (const [name, value] of needs.parameters) {
      changes.push(`param_${name} = ${sqlString(value)}`);
      used.parameters.add(name);
    }
    // Last, because it forbids to be changed again.
    if (entry === undefined && needs.readonly && !wanted.has('readonly')) changes.push('readonly = 2');
    used.settings = wanted;
    const use = needs.database === undefined ? '' : `USE \`${needs.database.replace(/[\\`]/g, '\\$&')}\`; `;
    const set = changes.length === 0 ? '' : `SET ${changes.join(', ')}; `;
    // Each time, so that nothing an earlier statement could have done to its session counts; it costs 0.1 ms.
    const role = `SET ROLE ${needs.role}; `;
    if (set.length > LONG_PRELUDE_CHARS) {
      // A server does not count parameters towards the length of a query; here they are part of one.
      await used.session.queryAsync(`SET max_query_size = ${2 ** 30}`);
      used.settings = new Map([...wanted, ['max_query_size', '']]);
    }
    const spent =
      needs.changesSession ||
      needs.database !== undefined ||
      [...needs.settings.keys()].some((name) => STICKY_SETTINGS.has(name));
    return {
      session: used.session,
      prelude: role + use + set,
      release: async ({ failed }) => {
        if (failed && !spent) {
          // A failed statement may leave output behind, which would appear in the next one's.
          await used.session.queryAsync('SET implicit_select = 0').catch(() => undefined);
          // Whether the prelude took effect is not known.
          used.settings = new Map([...used.settings.keys()].map((name) => [name, '']));
        }
        if (spent || this.#idle.length >= this.#maxIdle) used.session.close();
        else this.#idle.push(used);
      },
    };
  }

  close(): void {
    for (const { session } of this.#idle.splice(0)) session.close();
  }
}

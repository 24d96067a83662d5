import { exceptionOf } from './exception.ts';
import { sqlTokens, type SqlToken } from './sql-tokens.ts';

/** What a statement is, as far as serving it over HTTP needs to know. All text of it is UTF-8. */
export type Statement =
  /** A SELECT: `sql` is without its FORMAT clause; `tail` is what stood behind that (SETTINGS …). */
  | (StatementTraits & { kind: 'select'; sql: string; format: string | undefined; tail: string })
  /** An INSERT whose rows come with it: everything from `data` on, byte by byte. */
  | (StatementTraits & { kind: 'insertData'; into: string; settings: string; format: string; data: Buffer })
  /** Anything else, run as it is. `changesSession` is true for SET, USE and what creates temporary tables. */
  | (StatementTraits & { kind: 'other'; sql: string; format: string | undefined; changesSession: boolean });

export interface StatementTraits {
  /** As it was sent, without rows. */
  text: string;
  /** First word, upper-cased: SELECT, INSERT, SHOW, … */
  verb: string;
  /** Names of the query parameters it refers to, as `{name:Type}`. */
  parameters: ReadonlySet<string>;
  /** `max_execution_time` of a SETTINGS clause, in seconds. */
  maxExecutionSeconds: number | undefined;
}

const SELECT_VERBS = new Set(['SELECT', 'WITH', 'FROM', '(']);
/** Verbs of statements that change nothing. */
export const READ_VERBS: ReadonlySet<string> = new Set(
  [...SELECT_VERBS].concat('SHOW', 'DESCRIBE', 'DESC', 'EXPLAIN', 'EXISTS'),
);
const ROWS_FOLLOW = new Set(['VALUES', 'FORMAT']);
const ROWS_COMPUTED = new Set(['SELECT', 'WITH', 'WATCH', '(']);

/** Collects what is true of every statement while its tokens go by, and refuses what no server would run. */
class Traits implements Omit<StatementTraits, 'text'> {
  verb = '';
  readonly parameters = new Set<string>();
  maxExecutionSeconds: number | undefined;
  readonly #sql: string;
  #last: SqlToken | undefined;
  #secondLast: SqlToken | undefined;

  constructor(sql: string) {
    this.#sql = sql;
  }

  see(token: SqlToken): void {
    if (this.verb === '') this.verb = token.text;
    const last = this.#last;
    const second = this.#secondLast;
    if (last?.text === ';') {
      const text = this.#sql.slice(last.start, last.start + 80);
      throw exceptionOf(
        'SYNTAX_ERROR',
        `Syntax error (Multi-statements are not allowed): failed at position ${last.start + 1} (end of query): ${text}. .`,
      );
    }
    if (last?.text === 'INTO' && token.text === 'OUTFILE') {
      throw exceptionOf('INTO_OUTFILE_NOT_ALLOWED', 'INTO OUTFILE is not allowed.');
    }
    if (last?.text === 'FROM' && token.text === 'INFILE') {
      throw exceptionOf('UNKNOWN_TYPE_OF_QUERY', 'FROM INFILE is not allowed: send the data as the body.');
    }
    if (token.text === ':' && second?.text === '{' && last?.kind === 'word') {
      this.parameters.add(this.#sql.slice(last.start, last.end));
    }
    if (last?.text === '=' && second?.text === 'MAX_EXECUTION_TIME') {
      const seconds = /^'?([\d.]+)/.exec(this.#sql.slice(token.start, token.start + 32))?.[1];
      if (seconds !== undefined) this.maxExecutionSeconds = Number(seconds);
    }
    this.#secondLast = last;
    this.#last = token;
  }
}

const utf8 = (bytes: string): string => Buffer.from(bytes, 'latin1').toString('utf8');

/** Where the rows of `INSERT … FORMAT X` begin: behind the first line break, or else behind the blanks (as ClickHouse's parser). */
function startOfRows(sql: string, endOfFormat: number): number {
  const gap = /^\s*;/.exec(sql.slice(endOfFormat, endOfFormat + 64))?.[0].length ?? 0;
  let at = endOfFormat + gap;
  while (sql[at] === ' ' || sql[at] === '\t' || sql[at] === '\f') at++;
  if (sql[at] === '\r') at++;
  if (sql[at] === '\n') at++;
  return at;
}

function parseInsert(bytes: Buffer, sql: string): Statement | undefined {
  const traits = new Traits(sql);
  let settingsStart: number | undefined;
  let keyword: SqlToken | undefined;
  let seen = 0;
  let nameIsNext = false;
  for (const token of sqlTokens(sql)) {
    if (keyword !== undefined) {
      // The name of the format: a word right behind FORMAT.
      const end = keyword.start;
      return {
        kind: 'insertData',
        ...traitsOf(traits, sql.slice(0, token.end)),
        into: utf8(sql.slice(0, settingsStart ?? end)),
        settings: settingsStart === undefined ? '' : utf8(sql.slice(settingsStart, end)),
        format: utf8(sql.slice(token.start, token.end)),
        data: bytes.subarray(startOfRows(sql, token.end)),
      };
    }
    traits.see(token);
    seen++;
    if (token.text === 'INTO' || ((token.text === 'TABLE' || token.text === 'FUNCTION') && seen <= 3)) {
      nameIsNext = true;
      continue;
    }
    if (nameIsNext) {
      nameIsNext = false;
      continue;
    }
    if (token.depth > 0 || token.kind === 'quoted') continue;
    if (token.text === 'SETTINGS') settingsStart ??= token.start;
    if (ROWS_COMPUTED.has(token.text) && !(token.text === '(' && opensColumns(sql, token.end)))
      return undefined;
    if (!ROWS_FOLLOW.has(token.text)) continue;
    if (token.text === 'FORMAT') {
      keyword = token;
      continue;
    }
    return {
      kind: 'insertData',
      ...traitsOf(traits, sql.slice(0, token.end)),
      into: utf8(sql.slice(0, settingsStart ?? token.start)),
      settings: settingsStart === undefined ? '' : utf8(sql.slice(settingsStart, token.start)),
      format: 'Values',
      data: bytes.subarray(token.end),
    };
  }
  return undefined;
}

/** Whether a parenthesis holds columns (or a function's arguments) and not a query. */
const opensColumns = (sql: string, at: number): boolean =>
  !/^\s*(select|with)\b/i.test(sql.slice(at, at + 40));

const traitsOf = ({ verb, parameters, maxExecutionSeconds }: Traits, text: string): StatementTraits => ({
  text: utf8(text),
  verb,
  parameters,
  maxExecutionSeconds,
});

const changesSession = (tokens: readonly SqlToken[]): boolean => {
  const [first, second, third] = tokens.map((token) => token.text);
  if (first === 'SET' || first === 'USE' || first === 'BEGIN' || first === 'START') return true;
  return (
    (first === 'CREATE' || first === 'ATTACH') &&
    (second === 'TEMPORARY' || third === 'TEMPORARY' || second === 'OR')
  );
};

/**
 * Takes a request's statement apart: the `query` parameter, a line break and the body, as bytes, since rows may follow.
 * @throws ClickHouseException for several statements in one, INTO OUTFILE and FROM INFILE
 */
export function parseStatement(bytes: Buffer): Statement {
  // One char a byte: token positions are byte positions, and everything that matters to the syntax is ASCII.
  const sql = bytes.toString('latin1');
  const first = sqlTokens(sql).next().value;
  if (first?.text === 'INSERT') {
    const insert = parseInsert(bytes, sql);
    if (insert !== undefined) return insert;
  }
  const traits = new Traits(sql);
  const tokens: SqlToken[] = [];
  let format: SqlToken | undefined;
  for (const token of sqlTokens(sql)) {
    traits.see(token);
    tokens.push(token);
  }
  if (tokens.at(-1)?.text === ';') tokens.pop();
  const end = tokens.at(-1)?.end ?? 0;
  let formatKeyword: SqlToken | undefined;
  let formatTail = end;
  for (const [i, token] of tokens.entries()) {
    if (token.text !== 'FORMAT' || token.depth > 0 || i === 0) continue;
    const name = tokens[i + 1];
    const next = tokens[i + 2];
    if (name?.kind !== 'word' || (next !== undefined && next.text !== 'SETTINGS')) continue;
    formatKeyword = token;
    format = name;
    formatTail = name.end;
  }
  if (
    tokens.some(
      (token, i) => i > 0 && token.depth === 0 && token.text === 'INSERT' && tokens[i + 1]?.text === 'INTO',
    )
  ) {
    // WITH … INSERT INTO … SELECT
    traits.verb = 'INSERT';
  }
  const formatName = format && utf8(sql.slice(format.start, format.end));
  if (SELECT_VERBS.has(traits.verb)) {
    return {
      kind: 'select',
      ...traitsOf(traits, sql),
      sql: utf8(sql.slice(0, formatKeyword?.start ?? end)),
      format: formatName,
      tail: utf8(sql.slice(formatTail, end)),
    };
  }
  return {
    kind: 'other',
    ...traitsOf(traits, sql),
    sql: utf8(sql.slice(0, end)),
    format: formatName,
    changesSession: changesSession(tokens),
  };
}

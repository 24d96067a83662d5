/** One token of ClickHouse SQL. Comments and whitespace are left out. */
export interface SqlToken {
  /** `quoted` is a string literal, a heredoc or a quoted identifier; a number is a `word`. */
  kind: 'word' | 'quoted' | 'symbol';
  /** Upper-cased for a word, verbatim for a symbol, empty for something quoted. */
  text: string;
  start: number;
  /** Exclusive. */
  end: number;
  /** Parentheses and brackets around it; an opening one counts as outside itself. */
  depth: number;
}

/** As ClickHouse's lexer: a dollar may be in a word that a letter begins, and what begins with a digit ends before it. */
const WORD = /\d[\w\x80-\uffff]*|[A-Za-z_\x80-\uffff][\w$\x80-\uffff]*/y;
const HEREDOC = /\$\w*\$/y;
const SPACE = /[ \t\n\r\f\v]+/y;

function endOfQuoted(sql: string, start: number): number {
  const quote = sql[start];
  for (let i = start + 1; i < sql.length; i++) {
    if (sql[i] === '\\') i++;
    else if (sql[i] === quote) {
      if (sql[i + 1] !== quote) return i + 1;
      i++;
    }
  }
  return sql.length;
}

/** @returns where the comment that begins at `start` ends, or undefined if none begins there */
function endOfComment(sql: string, start: number): number | undefined {
  const two = sql.slice(start, start + 2);
  if (two === '/*') return endOfBlockComment(sql, start);
  if (LINE_COMMENTS.has(two)) {
    const end = sql.indexOf('\n', start);
    return end === -1 ? sql.length : end + 1;
  }
  return undefined;
}

const LINE_COMMENTS = new Set(['--', '//', '# ', '#!']);
const BLOCK_COMMENT_MARK = /\/\*|\*\//g;

/** They nest. */
function endOfBlockComment(sql: string, start: number): number {
  BLOCK_COMMENT_MARK.lastIndex = start;
  let level = 0;
  for (let mark = BLOCK_COMMENT_MARK.exec(sql); mark !== null; mark = BLOCK_COMMENT_MARK.exec(sql)) {
    level += mark[0] === '/*' ? 1 : -1;
    if (level === 0) return mark.index + 2;
  }
  return sql.length;
}

/** @returns where the heredoc that begins at `start` ends; undefined if none does, also where its tag never comes again */
function endOfHeredoc(sql: string, start: number): number | undefined {
  HEREDOC.lastIndex = start;
  const tag = HEREDOC.exec(sql)?.[0];
  if (tag === undefined) return undefined;
  const end = sql.indexOf(tag, start + tag.length);
  return end === -1 ? undefined : end + tag.length;
}

/**
 * Tokens of a statement, lazily, so that nobody lexes the megabytes of data behind an INSERT. Unclosed quotes and comments
 * run to the end: the engine's own parser is the one that complains. Works on UTF-8 text and on the same bytes as latin1.
 */
export function* sqlTokens(sql: string): Generator<SqlToken, void, undefined> {
  let depth = 0;
  let at = 0;
  while (at < sql.length) {
    const start = at;
    const char = sql.charAt(at);
    SPACE.lastIndex = at;
    if (SPACE.test(sql)) {
      at = SPACE.lastIndex;
      continue;
    }
    const comment = endOfComment(sql, at);
    if (comment !== undefined) {
      at = comment;
      continue;
    }
    if (char === "'" || char === '"' || char === '`') {
      at = endOfQuoted(sql, at);
      yield { kind: 'quoted', text: '', start, end: at, depth };
      continue;
    }
    const heredocEnd = endOfHeredoc(sql, at);
    if (heredocEnd !== undefined) {
      at = heredocEnd;
      yield { kind: 'quoted', text: '', start, end: at, depth };
      continue;
    }
    WORD.lastIndex = at;
    const word = WORD.exec(sql)?.[0];
    if (word !== undefined) {
      at += word.length;
      yield { kind: 'word', text: word.toUpperCase(), start, end: at, depth };
      continue;
    }
    at++;
    if (char === ')' || char === ']') depth = Math.max(0, depth - 1);
    yield { kind: 'symbol', text: char, start, end: at, depth };
    if (char === '(' || char === '[') depth++;
  }
}

/** A string literal of ClickHouse SQL whose value is `value`. */
export function sqlString(value: string): string {
  return `'${value.replace(/[\\']/g, '\\$&')}'`;
}

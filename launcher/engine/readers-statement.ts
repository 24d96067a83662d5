import { exceptionOf } from './exception.ts';
import { sqlTokens, type SqlToken } from './sql-tokens.ts';

/** Functions that reach files, programs or other servers, and that ClickHouse has no grant for. In upper case. */
const FUNCTIONS_BEYOND_THE_TABLES: ReadonlySet<string> = new Set([
  'FILE',
  'CATBOOSTEVALUATE',
  'AICLASSIFY',
  'AIEMBED',
  'AIEXTRACT',
  'AIGENERATE',
  'AITRANSLATE',
]);

/** Settings that a reader may give: how much, how long, and how values look. No other: some reach files and servers, or evaluate text. */
const READERS_SETTINGS: readonly RegExp[] = [
  /^output_format_(?!schema$|avro_)/,
  /^format_(csv|tsv|json|custom)_/,
  /^(date_time_(input|output)_format|precise_float_parsing|session_timezone|extremes|limit|offset|final|readonly|log_comment)$/,
  /^max_(execution_time|estimated_execution_time|threads|block_size|columns_to_read)$/,
  /^max_(rows|bytes|result)_(rows|bytes|to|in)(_|$)/,
  /_overflow_mode$/,
  /^(join_use_nulls|join_algorithm|group_by_use_nulls|transform_null_in|cast_keep_nullable|prefer_column_name_to_alias)$/,
  /^(union|except|intersect)_default_mode$/,
  /^cast_string_to_\w+_use_inference$/,
  /^optimize_/,
  /^(enable_analyzer|allow_experimental_analyzer|enable_optimize_predicate_expression|enable_positional_arguments)$/,
  // What clients send of themselves.
  /^(async_insert|wait_for_async_insert|cancel_http_readonly_queries_on_client_close|send_progress_in_http_headers)$/,
  /^(enable_http_compression|http_zlib_compression_level|http_headers_progress_interval_ms|http_response_buffer_size)$/,
  /^(http_write_exception_in_output_format|use_client_time_zone|(connect|receive|send)_timeout)$/,
  /^s3_(retry_attempts|request_timeout_ms)$/,
];

export const isReadersSetting = (name: string): boolean =>
  READERS_SETTINGS.some((pattern) => pattern.test(name));

/** @throws ClickHouseException (452) for a setting that a reader may not give */
export function requireReadersSettings(names: Iterable<string>): void {
  for (const name of names) {
    if (isReadersSetting(name)) continue;
    throw exceptionOf('SETTING_CONSTRAINT_VIOLATION', `Setting ${name} should not be changed by a reader.`);
  }
}

/** Printable ASCII without dollar and backslash. */
const PLAIN = /^[\x20-\x23\x25-\x5b\x5d-\x7e]*$/;
const PLAIN_LINES = /^[\t\n\r\x20-\x23\x25-\x5b\x5d-\x7e]*$/;

function isPlain(token: SqlToken, sql: string): boolean {
  const text = sql.slice(token.start, token.end);
  if (token.kind !== 'quoted') return PLAIN.test(text);
  // A string literal may hold anything; an identifier must be as it looks. What begins otherwise is a heredoc.
  return text.startsWith("'") || (/^["`]/.test(text) && !text.includes('\\'));
}

/** In ClickHouse the first dash of `1e--2` belongs to the number, and so the second begins no comment. */
const COMMENT_BEHIND_WORD = /\w--/;

function requireNoCommentBehindWord(sql: string): void {
  for (const { kind, end } of sqlTokens(sql)) {
    if (kind !== 'word' || !sql.startsWith('--', end)) continue;
    throw exceptionOf(
      'ACCESS_DENIED',
      `A reader's statement must have a space before a comment: ${JSON.stringify(sql.slice(Math.max(0, end - 10), end + 2))}.`,
    );
  }
}

const withoutQuotes = (token: SqlToken, sql: string): string =>
  sql.slice(token.start, token.end).replace(/^["`](.*)["`]$/s, '$1');

/**
 * What ClickHouse's access control cannot refuse to a reader. It has no grants for scalar functions, and no list of settings that may be given. The text is
 * judged by our own lexer, so everything is refused that another lexer might read otherwise: heredocs, escapes in identifiers, and all but ASCII outside of quotes.
 * @param sql one char a byte
 * @throws ClickHouseException 497 and 452, as ClickHouse would say it
 */
export function requireReadersStatement(sql: string, knownSettings: ReadonlySet<string>): void {
  // Nearly every statement: then no token needs to be looked at for this.
  const isAllPlain = PLAIN_LINES.test(sql);
  const names: SqlToken[] = [];
  let hasSettings = false;
  if (COMMENT_BEHIND_WORD.test(sql)) requireNoCommentBehindWord(sql);
  for (const token of sqlTokens(sql)) {
    if (!isAllPlain && !isPlain(token, sql)) {
      throw exceptionOf(
        'ACCESS_DENIED',
        `A reader's statement must be plain: no ${JSON.stringify(sql.slice(token.start, token.start + 20))}, that is no heredoc, no backslash in an identifier, and outside of quotes nothing but ASCII without $ and backslash.`,
      );
    }
    if (token.kind === 'symbol' || sql[token.start] === "'") continue;
    const name = token.kind === 'word' ? token.text : withoutQuotes(token, sql).toUpperCase();
    if (FUNCTIONS_BEYOND_THE_TABLES.has(name)) {
      throw exceptionOf(
        'ACCESS_DENIED',
        `Not enough privileges: a reader's statement must not name ${withoutQuotes(token, sql)}, which is a function that reaches beyond the tables. Give a column or an alias another name.`,
      );
    }
    hasSettings ||= name === 'SETTINGS';
    names.push(token);
  }
  if (!hasSettings) return;
  requireReadersSettings(
    names.map((token) => withoutQuotes(token, sql)).filter((name) => knownSettings.has(name)),
  );
}

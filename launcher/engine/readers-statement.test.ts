import { expect, it } from 'vitest';
import { isReadersSetting, requireReadersStatement } from './readers-statement.ts';

const KNOWN = new Set(['max_threads', 'format_schema', 'dialect', 'limit', 'readonly']);
const judge = (sql: string) => () =>
  requireReadersStatement(Buffer.from(sql, 'utf8').toString('latin1'), KNOWN);

it.each([
  'SELECT 1',
  "SELECT 'file(''x'')', 'é', '$a$', '\\\\'",
  'SELECT filename, "é" FROM files -- file $ \\',
  'SELECT 1 SETTINGS max_threads = 1',
  "SELECT 1 - -1, 'a--b' --c",
  "SELECT dialect FROM x WHERE format_schema = 'a'",
  'SELECT readonly FROM x LIMIT 1 SETTINGS limit = 1',
])('takes %s', (sql) => {
  expect(judge(sql)).not.toThrow();
});

it.each([
  ['SELECT file(1)', 497],
  ['SELECT FILE(1)', 497],
  ['SELECT "file"(1)', 497],
  ['SELECT 1 AS file', 497],
  ['SELECT aiEmbed(1)', 497],
  ['SELECT "fi\\x6ce"(1)', 497],
  ['SELECT $a$ x $a$', 497],
  ['SELECT a$b', 497],
  ['SELECT é', 497],
  ['SELECT 1\u00a0', 497],
  ['SELECT 1 \\G', 497],
  ["SELECT 1e--2, file('x')", 497],
  ['SELECT 1.e--2', 497],
  ['SELECT 1\u0000', 497],
  ["SELECT 1 SETTINGS format_schema = 'a'", 452],
  ["SELECT 1 settings `dialect` = 'a'", 452],
  ['SELECT (SELECT 1 SETTINGS max_threads = 1, dialect)', 452],
])('refuses %j', (sql, code) => {
  expect(judge(sql)).toThrowError(expect.objectContaining({ code }) as Error);
});

it('lets a reader say how values look, and nothing that reaches a file or a server', () => {
  const given = [
    'output_format_json_quote_64bit_integers',
    'max_rows_to_read',
    'max_result_bytes',
    'join_algorithm',
  ];
  expect(given.filter((name) => !isReadersSetting(name))).toEqual([]);
  const others = [
    'output_format_schema',
    'output_format_avro_confluent_subject',
    'format_schema',
    'format_template_row',
    'format_avro_schema_registry_url',
    'max_memory_usage',
    'max_parser_depth',
    'http_max_uri_size',
    'additional_table_filters',
    'my_limit',
    'limit_x',
  ];
  expect(others.filter(isReadersSetting)).toEqual([]);
});

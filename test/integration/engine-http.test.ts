/** ClickHouse's HTTP interface as somebody with `curl` meets it. */
import { gunzipSync, gzipSync } from 'node:zlib';
import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ENGINE_USERS } from '../../launcher/engine/engine-credentials.ts';
import { startEngineProcess, temporaryFolder, type EngineProcess } from './engine-process.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let engine: EngineProcess;

beforeAll(async () => {
  folder = await temporaryFolder();
  engine = await startEngineProcess(folder.path);
}, 30_000);
afterAll(async () => {
  await engine.stop();
  await folder.remove();
}, 30_000);

/** As the loader, which may do everything. */
const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(engine.url + path, { headers: { ...engine.credentials.headers('loader'), ...headers } });
const post = (body: string | Uint8Array<ArrayBuffer>, path = '/', headers: Record<string, string> = {}) =>
  fetch(engine.url + path, {
    method: 'POST',
    body,
    headers: { ...engine.credentials.headers('loader'), ...headers },
  });
const asked = (sql: string) => `/?query=${encodeURIComponent(sql)}`;

/** A request with headers that fetch does not let one choose: names and values in turn. */
function raw(headers: readonly string[]): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const all = [...headers, ...Object.entries(engine.credentials.headers('loader')).flat()];
    // Node adds Host where nobody gives one, as far as it sees.
    const host = headers.includes('Host') ? [] : ['Host', new URL(engine.url).host];
    const options = { headers: [...host, ...all] as never, setHost: false };
    const request = httpRequest(`${engine.url}/?query=SELECT%201`, options, (response) => {
      let text = '';
      response.on('data', (piece: Buffer) => (text += piece.toString()));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    request.on('error', reject);
    request.end();
  });
}

describe('what a newcomer tries', { timeout: 30_000 }, () => {
  it.each(['/ping', '/replicas_status', '/'])('GET %s says Ok.', async (path) => {
    const answer = await get(path);
    expect([answer.status, await answer.text()]).toEqual([200, 'Ok.\n']);
  });

  it('a query in the URL', async () => {
    const answer = await get('/?query=SELECT%201');
    expect([answer.status, await answer.text()]).toEqual([200, '1\n']);
    expect(answer.headers.get('content-type')).toBe('text/tab-separated-values; charset=UTF-8');
    expect(answer.headers.get('x-clickhouse-format')).toBe('TabSeparated');
    expect(answer.headers.get('x-clickhouse-timezone')).toMatch(/\w/);
  });

  it("echo 'SELECT 1' | curl --data-binary @-", async () => {
    // curl calls such a body a form; ClickHouse takes it for what it is.
    const answer = await post('SELECT 1\n', '/', { 'Content-Type': 'application/x-www-form-urlencoded' });
    expect(await answer.text()).toBe('1\n');
  });

  it('several lines, comments and a semicolon', async () => {
    const answer = await post(
      `-- how many?\nSELECT\n  number, /* twice */ number * 2\nFROM numbers(2) # done\n;\n`,
    );
    expect(await answer.text()).toBe('0\t0\n1\t2\n');
  });

  it('half of the query in the URL and half in the body', async () => {
    expect(await (await post('FROM numbers(2)', asked('SELECT number'))).text()).toBe('0\n1\n');
  });

  it.each([
    ['SELECT 1 AS a FORMAT JSONEachRow', '', '{"a":1}\n', 'application/x-ndjson; charset=UTF-8'],
    ['SELECT 1 AS a', '&default_format=JSONEachRow', '{"a":1}\n', 'application/x-ndjson; charset=UTF-8'],
    [
      'SELECT 1 AS a FORMAT CSV',
      '&default_format=JSONEachRow',
      '1\n',
      'text/csv; charset=UTF-8; header=absent',
    ],
    ['SELECT 1 AS a FORMAT CSVWithNames', '', '"a"\n1\n', 'text/csv; charset=UTF-8; header=present'],
    [
      'SELECT 1 AS a FORMAT CSV SETTINGS max_threads = 1',
      '',
      '1\n',
      'text/csv; charset=UTF-8; header=absent',
    ],
    [
      'SELECT 1 AS a SETTINGS max_threads = 1 FORMAT CSV',
      '',
      '1\n',
      'text/csv; charset=UTF-8; header=absent',
    ],
    ['SELECT 1 AS a WHERE 0 FORMAT CSV', '', '', 'text/csv; charset=UTF-8; header=absent'],
    ['SELECT 1 FORMAT Null', '', '', 'text/plain; charset=UTF-8'],
    ['EXISTS TABLE nothing', '', '0\n', 'text/tab-separated-values; charset=UTF-8'],
    ['WITH 2 AS x SELECT x', '', '2\n', 'text/tab-separated-values; charset=UTF-8'],
    ['(SELECT 1) UNION ALL (SELECT 1)', '', '1\n1\n', 'text/tab-separated-values; charset=UTF-8'],
    [
      "SELECT ';', 'FORMAT JSON', '--', 'it\\'s'",
      '',
      ";\tFORMAT JSON\t--\tit\\'s\n",
      'text/tab-separated-values; charset=UTF-8',
    ],
  ])('%s%s', async (sql, more, text, contentType) => {
    for (const answer of [await get(asked(sql) + more), await post(sql, `/?${more.slice(1)}`)]) {
      expect([await answer.text(), answer.headers.get('content-type')]).toEqual([text, contentType]);
    }
  });

  it('JSON, as X-ClickHouse-Format asks', async () => {
    const answer = await get(asked('SELECT 1 AS a'), { 'X-ClickHouse-Format': 'JSON' });
    expect(await answer.json()).toMatchObject({ data: [{ a: 1 }], rows: 1 });
    expect(JSON.parse(answer.headers.get('x-clickhouse-summary') ?? '')).toMatchObject({ read_rows: '1' });
  });

  it('settings as URL parameters, for this request only', async () => {
    const sql = "SELECT getSetting('max_threads'), getSetting('log_comment')";
    expect(
      await (await get(`${asked(sql)}&max_threads=3&log_comment=${encodeURIComponent("it's \\ me")}`)).text(),
    ).toBe("3\tit\\'s \\\\ me\n");
    expect(await (await get(asked("SELECT getSetting('log_comment')"))).text()).toBe('\n');
  });

  it('values as long as a server takes them in an address', async () => {
    const answer = await get(`${asked('SELECT length({text:String})')}&param_text=${'x'.repeat(500_000)}`);
    expect(await answer.text()).toBe('500000\n');
  });

  it('tables: create, insert each way, count, drop', async () => {
    expect(
      (await post('CREATE TABLE curl (id UInt32, text String) ENGINE = MergeTree ORDER BY id')).status,
    ).toBe(200);
    await post("INSERT INTO curl VALUES (1, 'one')");
    await post("(2, 'two'), (3, 'three')", asked('INSERT INTO curl VALUES'));
    await post('INSERT INTO curl FORMAT CSV\n4,"four"\n');
    await post('5\tfive\n', asked('INSERT INTO curl FORMAT TabSeparated'));
    await post(
      '{"id": 6, "text": "six; DROP TABLE curl"}',
      asked('INSERT INTO curl (text, id) SETTINGS max_threads = 1 FORMAT JSONEachRow'),
    );
    await post("WITH 'seven' AS text INSERT INTO curl SELECT 7, text");
    await post(gzipSync('8,eight'), asked('INSERT INTO curl FORMAT CSV'), { 'Content-Encoding': 'gzip' });
    const texts = await get(asked('SELECT text FROM curl ORDER BY id'));
    expect((await texts.text()).trim().split('\n')).toEqual([
      ...['one', 'two', 'three', 'four', 'five', 'six; DROP TABLE curl', 'seven', 'eight'],
    ]);
    expect(await (await get(asked('SHOW TABLES'))).text()).toContain('curl\n');
    expect(await (await get(asked('DESCRIBE TABLE curl'))).text()).toContain('id\tUInt32');
    expect((await post('DROP TABLE curl')).status).toBe(200);
  });

  it('a query id of one’s own', async () => {
    expect((await get('/?query=SELECT%201&query_id=mine')).headers.get('x-clickhouse-query-id')).toBe('mine');
    const [one, other] = [await get('/?query=SELECT%201'), await get('/?query=SELECT%201')];
    expect(one.headers.get('x-clickhouse-query-id')).not.toBe(other.headers.get('x-clickhouse-query-id'));
  });

  it('gzip, when asked for by both header and setting', async () => {
    const sql = asked('SELECT number FROM numbers(100000)');
    const plain = await get(sql, { 'Accept-Encoding': 'gzip' });
    expect(plain.headers.get('content-encoding')).toBeNull();
    const zipped = await get(`${sql}&enable_http_compression=1`, { 'Accept-Encoding': 'gzip' });
    expect(zipped.headers.get('content-encoding')).toBe('gzip');
    expect(await zipped.text()).toBe(await plain.text());
  });
});

describe('mistakes', { timeout: 30_000 }, () => {
  it.each([
    [
      'SELECT nothing',
      '',
      404,
      '47',
      /^Code: 47\. DB::Exception: .*`nothing`.* \(UNKNOWN_IDENTIFIER\) \(version 26\./,
    ],
    ['SELEC 1', '', 400, '62', /failed at position 1 \(SELEC\).* \(SYNTAX_ERROR\)/],
    ['SELECT 1\nFRO x', '', 400, '62', /\(line 2, col 5\)/],
    ['CREATE TABL x', '', 400, '62', /failed at position 8 \(TABL\)/],
    ['', '', 400, '62', /Empty query/],
    ['SELECT 1; SELECT 2', '', 400, '62', /Multi-statements are not allowed/],
    ['SELECT * FROM nothing', '', 404, '60', /\(UNKNOWN_TABLE\)/],
    [
      'SELECT 1 FORMAT Nothing',
      '',
      404,
      '73',
      /^Code: 73\. DB::Exception: Unknown format Nothing\. \(UNKNOWN_FORMAT\)/,
    ],
    ['SELECT 1', '?nothing=1', 404, '115', /Setting nothing is neither .* \(UNKNOWN_SETTING\)/],
    ['SELECT 1 SETTINGS nothing = 1', '', 404, '115', /\(UNKNOWN_SETTING\)/],
    ['SELECT 1', '?database=nothing', 404, '81', /\(UNKNOWN_DATABASE\)/],
    ['SELECT 1', '?max_execution_time=soon', 400, '', /\(CANNOT_PARSE/],
    ['SELECT {x:UInt8}', '', 500, '456', /Substitution `x` is not set\. \(UNKNOWN_QUERY_PARAMETER\)/],
    ["SELECT 1 INTO OUTFILE '/tmp/x'", '', 500, '348', /\(INTO_OUTFILE_NOT_ALLOWED\)/],
    ["INSERT INTO x FROM INFILE '/etc/passwd' FORMAT CSV", '', 404, '78', /FROM INFILE is not allowed/],
    ['SELECT throwIf(number = 2) FROM numbers(3)', '', 500, '395', /\(FUNCTION_THROW_IF_VALUE_IS_NON_ZERO\)/],
    ['SELECT throwIf(number = 2) FROM numbers(3) FORMAT Parquet', '', 500, '395', /^Code: 395/],
  ])('%j %s is %i', async (sql, parameters, status, code, text) => {
    const answer = await post(sql, `/${parameters}`);
    expect(await answer.text()).toMatch(text);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('x-clickhouse-exception-code')).toMatch(
      code === '' ? /^\d+$/ : new RegExp(`^${code}$`),
    );
  });

  it('in the rows of an INSERT tell the row, and nothing is inserted', async () => {
    await post('CREATE TABLE rows_in (id UInt32) ENGINE = MergeTree ORDER BY id');
    const answer = await post('{"id":1}\n{"id":"two"}\n', asked('INSERT INTO rows_in FORMAT JSONEachRow'));
    const text = await answer.text();
    expect(text).toMatch(/^Code: \d+\. DB::Exception: .*at row 2/s);
    expect(text).not.toContain(folder.path);
    expect(await (await get(asked('SELECT count() FROM rows_in'))).text()).toBe('0\n');
  });

  it('leave nothing behind for the next statement of the session', async () => {
    // Fails after it has produced rows.
    const failing =
      "SELECT sleepEachRow(0.05), throwIf(number = 5, 'half way') FROM numbers(10) SETTINGS max_block_size = 1";
    for (const format of ['TabSeparated', 'JSON']) {
      await (await post(`${failing} FORMAT ${format}`)).text().catch(() => undefined);
      await (await post(`EXPLAIN ${failing}`)).text();
      expect(await (await post('SELECT 1')).text()).toBe('1\n');
      expect(await (await post('EXISTS TABLE nothing')).text()).toBe('0\n');
    }
  });
});

describe('who may ask', { timeout: 30_000 }, () => {
  const basic = (text: string) => ({ Authorization: `Basic ${Buffer.from(text).toString('base64')}` });
  const ask = (more: string, headers: Record<string, string> = {}) =>
    fetch(`${engine.url}/?query=SELECT%20currentRoles()${more}`, { headers });
  const password = () => engine.credentials.headers('reader')['X-ClickHouse-Key'];

  it('whoever knows the password, by header, address or Basic', async () => {
    const answers = [
      await ask('', engine.credentials.headers('reader')),
      await ask(`&user=reader&password=${password()}`),
      await ask('', basic(`reader:${password()}`)),
      // What was said of ClickHouse's own way counts before what a client says of itself.
      await ask('', { ...basic('default:'), ...engine.credentials.headers('reader') }),
    ];
    for (const answer of answers) expect(await answer.text()).toBe("['reader']\n");
    expect(await (await ask('', engine.credentials.headers('gateway'))).text()).toBe("['reader']\n");
    expect(await (await ask('', engine.credentials.headers('loader'))).text()).toBe("['loader']\n");
  });

  it.each([
    ['nobody', () => ask(''), 401, '194'],
    ['somebody without a name and password', () => ask('', basic(':')), 401, '194'],
    ['the user default', () => ask('&user=default'), 403, '516'],
    ['a reader without a password', () => ask('&user=reader'), 403, '516'],
    ['a reader with another’s', () => ask(`&user=loader&password=${password()}`), 403, '516'],
    ['a password without a name', () => ask(`&password=${password()}`), 403, '516'],
    ['a name that every object has', () => ask('&user=constructor&password=x'), 403, '516'],
    ['Basic that is no Basic', () => ask('', { Authorization: 'Basic !' }), 401, '194'],
    [
      'two names',
      () => ask('', { 'X-ClickHouse-User': 'reader, reader', 'X-ClickHouse-Key': password() }),
      403,
      '516',
    ],
  ] as const)('not %s', async (_, asking, status, code) => {
    const answer = await asking();
    expect([answer.status, answer.headers.get('x-clickhouse-exception-code')]).toEqual([status, code]);
    const text = await answer.text();
    expect(text).toMatch(
      new RegExp(`^Code: ${code}\\. DB::Exception: .* run/clickhouse\\.json in DATA_DIR: `),
    );
    expect(text).not.toContain(password());
    // A browser asks nobody for the password of a page's picture, and keeps none.
    expect(answer.headers.get('www-authenticate') ?? '').not.toMatch(/basic/i);
  });

  it('is asked before a statement is looked at', async () => {
    const answer = await fetch(`${engine.url}/?nothing=1`, { method: 'POST', body: 'SELEC' });
    expect(answer.status).toBe(401);
  });

  it('nothing of use is in what the engine holds', async () => {
    const sql = "SELECT file('/proc/self/environ'), file('/proc/self/cmdline')";
    const held = await (await post(sql)).text();
    expect(held).toContain('PATH=');
    for (const user of ENGINE_USERS)
      expect(held).not.toContain(engine.credentials.headers(user)['X-ClickHouse-Key']);
  });
});

describe('names that become part of SQL', { timeout: 30_000 }, () => {
  const injected = "x = '1'; CREATE TABLE injected (a UInt8) ENGINE = Memory; SET param_y";
  it.each([
    ['a parameter', `&param_${encodeURIComponent(injected)}=1`],
    [
      'a format',
      `&default_format=${encodeURIComponent('CSV; CREATE TABLE injected (a UInt8) ENGINE = Memory')}`,
    ],
  ])('are names: %s', async (_, more) => {
    const answer = await get(`/?query=SELECT%201${more}`);
    expect([answer.status, answer.headers.get('x-clickhouse-exception-code')]).toEqual([400, '36']);
    expect(await (await get(asked('EXISTS TABLE injected'))).text()).toBe('0\n');
  });
});

describe('who may do what', { timeout: 30_000 }, () => {
  it.each([
    'CREATE TABLE t (id UInt8) ENGINE = Memory',
    'INSERT INTO t VALUES (1)',
    'INSERT INTO t SELECT 1',
    'DROP TABLE t',
    'TRUNCATE TABLE t',
    'ALTER TABLE t DELETE WHERE 1',
    'SET max_threads = 1',
    'SYSTEM FLUSH LOGS',
    'WITH 1 AS x INSERT INTO t SELECT x',
    "SELECT 1 INTO OUTFILE '/tmp/tripline-must-not-exist'",
  ])('GET cannot %s', async (sql) => {
    const answer = await get(asked(sql));
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(await answer.text()).toMatch(/\((READONLY|INTO_OUTFILE_NOT_ALLOWED)\)/);
  });

  it('GET cannot lift that', async () => {
    await post('CREATE TABLE kept (id UInt8) ENGINE = Memory');
    for (const more of ['&readonly=0', '&readonly=00', '&readonly=1', '&readonly=2', '&allow_ddl=1']) {
      const answer = await get(asked('DROP TABLE kept') + more);
      expect(await answer.text()).toContain('(READONLY)');
    }
    expect(await (await get(asked('SET readonly = 0'))).text()).toContain('(READONLY)');
    expect(await (await get(asked('EXISTS TABLE kept'))).text()).toBe('1\n');
    expect((await post('DROP TABLE kept')).status).toBe(200);
  });

  it('a statement that changes its session changes no other', async () => {
    await post('SET max_threads = 7');
    await post('CREATE TEMPORARY TABLE passing (id UInt8)');
    await post("SELECT 1 SETTINGS log_comment = 'x'", '/?readonly=1');
    expect((await post('WITH 1 AS x SELECT x SETTINGS readonly = 1')).status).toBe(200);
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => post("SELECT getSetting('max_threads') = 7, getSetting('readonly')")),
    );
    for (const answer of answers) expect(await answer.text()).toBe('0\t0\n');
    expect(await (await post('EXISTS TEMPORARY TABLE passing')).text()).toBe('0\n');
  });

  it('refuses web pages and names that are not its own', async () => {
    const port = new URL(engine.url).port;
    expect((await raw(['Origin', 'https://example.com'])).status).toBe(403);
    expect((await raw(['Origin', 'null'])).status).toBe(403);
    expect((await raw(['Sec-Fetch-Site', 'cross-site'])).status).toBe(403);
    expect((await raw(['Sec-Fetch-Site', 'same-site'])).status).toBe(403);
    expect((await raw(['Host', `example.com:${port}`])).status).toBe(403);
    expect((await raw(['Host', `127.0.0.1.example.com:${port}`])).status).toBe(403);
    expect((await raw(['Host', '127.0.0.1', 'Host', 'example.com'])).status).toBe(403);
    expect((await raw(['Host', '127.0.0.1', 'host', '127.0.0.1'])).status).toBe(403);
    const answered = { status: 200, text: '1\n' };
    expect(await raw(['Host', `localhost:${port}`])).toEqual(answered);
    expect(await raw(['Host', '127.0.0.1'])).toEqual(answered);
    expect(await raw(['Sec-Fetch-Site', 'none'])).toEqual(answered);
    expect(await raw(['Sec-Fetch-Site', 'same-origin'])).toEqual(answered);
  });

  it.each(['PUT', 'DELETE', 'OPTIONS', 'PATCH'])('refuses %s', async (method) => {
    expect((await fetch(engine.url, { method, headers: engine.credentials.headers('loader') })).status).toBe(
      501,
    );
  });

  it('says what else there is at another path', async () => {
    const answer = await get('/play');
    expect([answer.status, await answer.text()]).toEqual([
      404,
      'There is no handle /play. Use / or /ping.\n',
    ]);
  });
});

it('compresses documents too', async () => {
  const response = await new Promise<Buffer>((resolve, reject) => {
    const url = `${engine.url}${asked('SELECT number FROM numbers(10) FORMAT JSON')}&enable_http_compression=1`;
    const headers = { ...engine.credentials.headers('loader'), 'Accept-Encoding': 'br;q=0.1, gzip' };
    const request = httpRequest(url, { headers }, (answer) => {
      const pieces: Buffer[] = [];
      answer.on('data', (piece: Buffer) => pieces.push(piece));
      answer.on('end', () => resolve(Buffer.concat(pieces)));
    });
    request.on('error', reject);
    request.end();
  });
  expect(JSON.parse(gunzipSync(response).toString())).toMatchObject({ rows: 10 });
});

/** Values through the real client: parameters in, rows out, inserts in both directions. */
import { TupleParam, type ClickHouseClient } from '@clickhouse/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEngineProcess, temporaryFolder, type EngineProcess } from './engine-process.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let engine: EngineProcess;
let client: ClickHouseClient;

beforeAll(async () => {
  folder = await temporaryFolder();
  engine = await startEngineProcess(folder.path);
  client = engine.client();
}, 30_000);
afterAll(async () => {
  await engine.stop();
  await folder.remove();
}, 30_000);

const EVERY_CHARACTER = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)).join('');
const STRINGS = [
  '',
  ' ',
  "it's",
  '"quoted"',
  '`back`',
  'back\\slash',
  '\\',
  '\\\\',
  "\\'",
  'tab\there',
  'line\nbreak',
  'carriage\rreturn',
  'null\u0000byte',
  '\\N',
  'NULL',
  'DEFAULT',
  "'; DROP TABLE values_in; --",
  '/* comment */',
  '{x:String}',
  '$heredoc$',
  '%20+&=?#',
  'é漢字😀\u2028',
  EVERY_CHARACTER,
  'x'.repeat(100_000).slice(0, 8000),
];

async function echo(type: string, value: unknown): Promise<unknown> {
  const result = await client.query({
    query: `SELECT {value:${type}} AS value`,
    query_params: { value },
    format: 'JSONEachRow',
  });
  const [row] = await result.json<{ value: unknown }>();
  return row?.value;
}

describe('query parameters', { timeout: 30_000 }, () => {
  it.each(STRINGS)('carry the string %j', async (value) => {
    expect(await echo('String', value)).toBe(value);
    expect(await echo('Nullable(String)', value)).toBe(value);
    expect(await echo('Array(String)', [value, value])).toEqual([value, value]);
    expect(await echo('Map(String, String)', { [value]: value })).toEqual({ [value]: value });
  });

  it.each<[string, unknown, unknown]>([
    ['UInt8', 255, 255],
    ['UInt64', '18446744073709551615', '18446744073709551615'],
    ['Int64', String(-(2n ** 63n)), '-9223372036854775808'],
    ['Int128', String(-(2n ** 127n)), String(-(2n ** 127n))],
    ['UInt256', String(2n ** 256n - 1n), String(2n ** 256n - 1n)],
    ['Float64', 0.1, 0.1],
    ['Float64', 5e-324, 5e-324],
    ['Float64', -1.7976931348623157e308, -1.7976931348623157e308],
    ['Decimal(18, 6)', '123456789.123456', 123456789.123456],
    ['Bool', true, true],
    ['Bool', false, false],
    ['UUID', '61f0c404-5cb3-11e7-907b-a6006ad3dba0', '61f0c404-5cb3-11e7-907b-a6006ad3dba0'],
    ['IPv4', '192.0.2.1', '192.0.2.1'],
    ['Date32', '1950-01-31', '1950-01-31'],
    ["DateTime64(6, 'UTC')", '2024-01-31 23:59:59.999999', '2024-01-31 23:59:59.999999'],
    ["DateTime64(6, 'UTC')", '1950-01-01 00:00:00.000001', '1950-01-01 00:00:00.000001'],
    ["DateTime64(6, 'UTC')", '2150-06-01 12:00:00', '2150-06-01 12:00:00.000000'],
    ["DateTime64(3, 'UTC')", new Date(1_704_067_200_123), '2024-01-01 00:00:00.123'],
    ['Nullable(UInt8)', null, null],
    ['Nullable(String)', null, null],
    ['Array(Nullable(String))', ['a', null, 'NULL'], ['a', null, 'NULL']],
    ['Array(Array(Int32))', [[1, -2], [], [3]], [[1, -2], [], [3]]],
    ['Array(String)', [], []],
    ['Map(String, Array(UInt8))', { a: [1, 2], "b'": [] }, { a: [1, 2], "b'": [] }],
    ['Tuple(UInt8, String)', new TupleParam([1, "it's"]), [1, "it's"]],
  ])('carry %s %j', async (type, value, expected) => {
    expect(await echo(type, value)).toEqual(expected);
  });

  it('carry NaN and the infinities', async () => {
    const result = await client.query({
      query:
        'SELECT isNaN({nan:Float64}) AS nan, {up:Float64} > 1e308 AS up, {down:Float64} < -1e308 AS down',
      query_params: { nan: NaN, up: Infinity, down: -Infinity },
      format: 'JSONEachRow',
    });
    expect(await result.json()).toEqual([{ nan: 1, up: 1, down: 1 }]);
  });

  it('carry bigints, in arrays too', async () => {
    const big = 2n ** 64n - 1n;
    expect(await echo('UInt64', big)).toBe(String(big));
    expect(await echo('Array(UInt64)', [1n, big])).toEqual(['1', String(big)]);
  });

  it('name tables and columns by Identifier', async () => {
    const result = await client.query({
      query: 'SELECT {column:Identifier} FROM {database:Identifier}.{table:Identifier} LIMIT 1',
      query_params: { column: 'number', database: 'system', table: 'numbers' },
      format: 'TabSeparated',
    });
    expect(await result.text()).toBe('0\n');
  });

  it('are refused when they are not of their type, and say so', async () => {
    await expect(echo('UInt8', 'twelve')).rejects.toMatchObject({ code: '457', type: 'BAD_QUERY_PARAMETER' });
  });

  it('never leak into another statement, however sessions are reused', async () => {
    for (let i = 0; i < 20; i++) expect(await echo('UInt32', i)).toBe(i);
    for (let i = 0; i < 20; i++) {
      await expect(client.query({ query: 'SELECT {value:UInt32}', format: 'CSV' })).rejects.toMatchObject({
        type: 'UNKNOWN_QUERY_PARAMETER',
      });
    }
    const all = await Promise.all(Array.from({ length: 300 }, (_, i) => echo('UInt32', i)));
    expect(all).toEqual(Array.from({ length: 300 }, (_, i) => i));
  });

  it('may be too long for a URL', async () => {
    const value = "it's long\t".repeat(200_000);
    const result = await client.query({
      query: 'SELECT length({value:String}) AS bytes, {value:String} AS value',
      query_params: { value },
      use_multipart_params: true,
      format: 'JSONEachRow',
    });
    expect(await result.json()).toEqual([{ bytes: String(value.length), value }]);
  });
});

describe('rows', { timeout: 30_000 }, () => {
  it('come back as they were inserted', async () => {
    await client.command({
      query: `CREATE TABLE values_in (
        id UInt32, text String, note Nullable(String), big UInt256, small Int128, distance Float64,
        at DateTime64(6, 'UTC'), tags Array(String), days Map(Date32, UInt32), pair Tuple(UInt8, String)
      ) ENGINE = MergeTree ORDER BY id`,
    });
    const rows = STRINGS.map((text, id) => ({
      id,
      text,
      note: id % 3 === 0 ? null : text,
      big: String(2n ** 256n - 1n - BigInt(id)),
      small: String(-(2n ** 127n) + BigInt(id)),
      distance: 0.1 * id,
      at: `2024-02-29 23:59:59.${String(999_999 - id)}`,
      tags: [text, '', text],
      days: { '1950-01-01': id, '2150-12-31': 4_294_967_295 },
      pair: [id, text],
    }));
    const { summary } = await client.insert({ table: 'values_in', values: rows, format: 'JSONEachRow' });
    expect(summary).toMatchObject({ written_rows: String(rows.length) });
    for (const format of ['JSONEachRow', 'JSON'] as const) {
      const result = await client.query({
        query: 'SELECT * FROM values_in ORDER BY id',
        format,
        clickhouse_settings: { output_format_json_named_tuples_as_objects: 0 },
      });
      const back = await result.json();
      expect(Array.isArray(back) ? back : back.data).toEqual(rows);
    }
  });

  it('keep NaN, infinities and NULL apart', async () => {
    const result = await client.query({
      query: 'SELECT nan AS a, inf AS b, -inf AS c, NULL AS d',
      format: 'JSONEachRow',
      clickhouse_settings: { output_format_json_quote_denormals: 1 },
    });
    expect(await result.json()).toEqual([{ a: 'nan', b: 'inf', c: '-inf', d: null }]);
  });

  it('have 64-bit integers as strings unless asked otherwise', async () => {
    const query = 'SELECT toUInt64(18446744073709551615) AS n, toInt32(1) AS i';
    const quoted = await client.query({ query, format: 'JSONEachRow' });
    expect(await quoted.text()).toBe('{"n":"18446744073709551615","i":1}\n');
    const plain = await client.query({
      query,
      format: 'JSONEachRow',
      clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
    });
    expect(await plain.text()).toBe('{"n":18446744073709551615,"i":1}\n');
    const again = await client.query({ query, format: 'JSONEachRow' });
    expect(await again.text()).toBe('{"n":"18446744073709551615","i":1}\n');
  });

  it.each([
    'JSONEachRow',
    'CSV',
    'CSVWithNames',
    'TabSeparatedWithNames',
    'Parquet',
    'RowBinary',
    'Native',
  ] as const)('go out and in again as %s', async (format) => {
    const select =
      "SELECT number AS id, concat('t\\t\\n\\'\\\"', toString(number)) AS text FROM numbers(1000)";
    const out = await client.exec({ query: `${select} FORMAT ${format}` });
    const pieces: Buffer[] = [];
    for await (const piece of out.stream) pieces.push(piece as Buffer);
    await client.command({
      query: `CREATE OR REPLACE TABLE copies (id UInt64, text String) ENGINE = MergeTree ORDER BY id`,
    });
    const url = `${engine.url}/?query=${encodeURIComponent(`INSERT INTO copies FORMAT ${format}`)}`;
    const answer = await fetch(url, {
      method: 'POST',
      body: Buffer.concat(pieces),
      headers: engine.credentials.headers('loader'),
    });
    expect(await answer.text()).toBe('');
    const same = await client.query({
      query: `SELECT count() AS n FROM copies WHERE (id, text) IN (${select})`,
      format: 'JSONEachRow',
    });
    expect(await same.json()).toEqual([{ n: '1000' }]);
  });

  it('can be inserted with VALUES, parameters among them', async () => {
    await client.command({
      query: 'CREATE TABLE few (id UInt32, text String) ENGINE = MergeTree ORDER BY id',
    });
    const text = "it's; VALUES (2) -- \\ \n";
    await client.command({
      query: "INSERT INTO few VALUES ({id:UInt32}, {text:String}), (2, 'a;b')",
      query_params: { id: 1, text },
    });
    const result = await client.query({
      query: 'SELECT * FROM few ORDER BY id',
      format: 'JSONCompactEachRow',
    });
    expect(await result.json()).toEqual([
      [1, text],
      [2, 'a;b'],
    ]);
  });
});

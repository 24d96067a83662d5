/** What the embedded engine promises while much goes on at once: streams, deadlines, cancels, errors half way, lanes. */
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { get as httpGet, type IncomingMessage } from 'node:http';
import { createGunzip } from 'node:zlib';
import { join } from 'node:path';
import type { ClickHouseClient } from '@clickhouse/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  eventually,
  residentBytes,
  startEngineProcess,
  temporaryFolder,
  type EngineProcess,
} from './engine-process.ts';

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

const headers = () => engine.credentials.headers('loader');
async function scalar(query: string): Promise<string> {
  const result = await client.query({ query, format: 'TabSeparated' });
  return (await result.text()).trim();
}
const as = (by: string) => ({ log_comment: JSON.stringify({ by }) });
/** Statements in the engine that have `part` in their text, apart from this one. */
const runningWith = async (part: string) =>
  Number(
    await scalar(
      `SELECT count() FROM system.processes WHERE query LIKE '%${part}%' AND query NOT LIKE '%system.processes%'`,
    ),
  );
const spooled = () => readdir(join(folder.path, 'spool'));

describe('large results', { timeout: 120_000 }, () => {
  it.each(['JSONEachRow', 'JSON', 'CSVWithNames', 'Native'])(
    'stream with bounded memory as %s',
    async (format) => {
      const pid = engine.child.pid ?? 0;
      // The engine's own caches and threads, before anything is measured.
      await scalar('SELECT sum(number) FROM numbers(20000000)');
      const before = await residentBytes(pid);
      let most = before;
      let bytes = 0;
      const answer = await fetch(`${engine.url}/?default_format=${format}`, {
        method: 'POST',
        headers: headers(),
        body: 'SELECT number, number AS same FROM numbers(20000000)',
      });
      let seen = 0;
      for await (const piece of answer.body ?? []) {
        bytes += piece.length;
        if (bytes - seen < 10e6) continue;
        seen = bytes;
        most = Math.max(most, await residentBytes(pid));
      }
      expect(bytes).toBeGreaterThan(150e6);
      expect(most - before).toBeLessThan(120e6);
      expect(await spooled()).toEqual([]);
    },
  );

  it('stream row by row through the client', async () => {
    const result = await client.query({
      query: 'SELECT number FROM numbers(300000)',
      format: 'JSONEachRow',
    });
    let expected = 0;
    for await (const rows of result.stream<{ number: string }>()) {
      for (const row of rows) if (Number(row.json().number) === expected) expected++;
    }
    expect(expected).toBe(300_000);
  });

  it('begin to arrive before they are computed', async () => {
    const result = await client.query({
      query:
        "SELECT repeat('x', 100000), sleepEachRow(0.001) FROM numbers(100000000) SETTINGS max_block_size = 100",
      format: 'JSONEachRow',
      query_id: 'endless',
    });
    for await (const rows of result.stream()) {
      expect(rows.length).toBeGreaterThan(0);
      break;
    }
    result.close();
    await eventually(async () => (await runningWith('100000000')) === 0);
  });
});

describe('errors half way', { timeout: 60_000 }, () => {
  // Rows are sent block by block, so that some have been when the exception comes.
  const settings = { max_threads: 1, max_block_size: '1000', output_format_parallel_formatting: 0 } as const;
  const inUrl = 'max_threads=1&max_block_size=1000&output_format_parallel_formatting=0';
  const query = 'SELECT number, throwIf(number = 200000) AS ok FROM numbers(300000)';

  it('are the exception, for the client', async () => {
    for (let i = 0; i < 5; i++) {
      const result = await client.query({ query, format: 'JSONEachRow', clickhouse_settings: settings });
      await expect(result.json()).rejects.toMatchObject({
        code: '395',
        type: 'FUNCTION_THROW_IF_VALUE_IS_NON_ZERO',
      });
    }
  });

  it('never look like a whole result, compressed or not', async () => {
    const url = `${engine.url}/?${inUrl}&query=${encodeURIComponent(`${query} FORMAT TSV`)}`;
    await expect(fetch(url, { headers: headers() }).then((answer) => answer.text())).rejects.toThrow();
    const [answer] = (await once(
      httpGet(`${url}&enable_http_compression=1`, {
        headers: { ...headers(), 'Accept-Encoding': 'gzip' },
      }),
      'response',
    )) as [IncomingMessage];
    let end = '';
    const unzipped = answer.pipe(createGunzip());
    unzipped.on('data', (piece: Buffer) => (end = (end + piece.toString('latin1')).slice(-2000)));
    unzipped.on('error', () => undefined);
    await expect(once(answer, 'end')).rejects.toThrow();
    const tag = String(answer.headers['x-clickhouse-exception-tag']);
    expect(end).toContain(`\r\n__exception__\r\n${tag}\r\nCode: 395. DB::Exception`);
    expect(end).toMatch(new RegExp(`\n\\d+ ${tag}\r\n__exception__\r\n$`));
  });

  it('have their status when the whole is waited for', async () => {
    const url = `${engine.url}/?wait_end_of_query=1&${inUrl}&query=${encodeURIComponent(`${query} FORMAT TSV`)}`;
    const answer = await fetch(url, { headers: headers() });
    expect([answer.status, answer.headers.get('x-clickhouse-exception-code')]).toEqual([500, '395']);
    expect(await answer.text()).toMatch(/^Code: 395/);
    expect(await spooled()).toEqual([]);
  });
});

describe('deadlines and cancels', { timeout: 60_000 }, () => {
  const endless = (n: number) => `SELECT count() FROM numbers(${n}) WHERE sipHash64(number) = 0`;

  it('max_execution_time is kept, by setting and by clause, for every kind of statement', async () => {
    await client.command({ query: 'CREATE TABLE slow (n UInt64) ENGINE = MergeTree ORDER BY n' });
    const late = { code: '159', type: 'TIMEOUT_EXCEEDED' };
    const soon = { max_execution_time: 0.3 };
    await expect(
      client.query({ query: endless(1e15), format: 'JSON', clickhouse_settings: soon }),
    ).rejects.toMatchObject(late);
    await expect(
      client.query({ query: endless(1e15), format: 'CSV', clickhouse_settings: soon }),
    ).rejects.toMatchObject(late);
    await expect(
      client.query({ query: `${endless(1e15)} SETTINGS max_execution_time = 0.3`, format: 'CSV' }),
    ).rejects.toMatchObject(late);
    await expect(
      client.command({ query: `INSERT INTO slow ${endless(1e15)}`, clickhouse_settings: soon }),
    ).rejects.toMatchObject(late);
    const answer = await fetch(`${engine.url}/?max_execution_time=0.3`, {
      method: 'POST',
      headers: headers(),
      body: endless(1e15),
    });
    expect(answer.status).toBe(408);
  });

  it.each([
    ['a row format', 'CSV'],
    ['a document', 'JSON'],
  ] as const)('a client that goes away takes its statement with it: %s', async (_, format) => {
    const abort = new AbortController();
    const asking = client.query({
      query: `${endless(1e15)} AND number > {over:UInt64}`,
      query_params: { over: 5 },
      format,
      abort_signal: abort.signal,
    });
    asking.catch(() => undefined);
    await eventually(async () => (await runningWith('1000000000000000')) === 1);
    abort.abort();
    await expect(asking).rejects.toThrow();
    await eventually(async () => (await runningWith('1000000000000000')) === 0);
    await eventually(async () => (await spooled()).length === 0);
  });

  it('an insert goes when its client goes, and leaves no rows', async () => {
    await client.command({ query: 'CREATE TABLE left_alone (n UInt64) ENGINE = MergeTree ORDER BY n' });
    const abort = new AbortController();
    const asking = client.command({
      query:
        'INSERT INTO left_alone SELECT number + sleepEachRow(0.01) FROM numbers(100000) SETTINGS max_block_size = 100',
      abort_signal: abort.signal,
    });
    asking.catch(() => undefined);
    await eventually(async () => (await runningWith('left_alone')) === 1);
    abort.abort();
    await expect(asking).rejects.toThrow();
    await eventually(async () => (await runningWith('left_alone')) === 0);
    expect(await scalar('SELECT count() FROM left_alone')).toBe('0');
  });

  it('KILL QUERY finds a statement by the query id it was given', async () => {
    const asking = client.query({ query: endless(1e15), format: 'JSON', query_id: 'to-be-killed' });
    asking.catch(() => undefined);
    await eventually(async () => (await runningWith('1000000000000000')) === 1);
    await expect(
      client.query({ query: 'SELECT 1', format: 'CSV', query_id: 'to-be-killed' }),
    ).rejects.toMatchObject({
      type: 'QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING',
    });
    await client.command({ query: "KILL QUERY WHERE query_id = 'to-be-killed' ASYNC" });
    await expect(asking).rejects.toMatchObject({ code: '394', type: 'QUERY_WAS_CANCELLED' });
  });
});

describe('lanes', { timeout: 120_000 }, () => {
  it('let reads pass beside a heavy insert', async () => {
    await client.command({ query: 'CREATE TABLE heavy (n UInt64, s String) ENGINE = MergeTree ORDER BY s' });
    await client.command({ query: 'CREATE TABLE light (n UInt64) ENGINE = MergeTree ORDER BY n' });
    await client.command({ query: 'INSERT INTO light SELECT number FROM numbers(10000)' });
    let inserting = true;
    const insert = client
      .command({
        query: 'INSERT INTO heavy SELECT number, hex(sipHash64(number)) FROM numbers(4000000)',
        clickhouse_settings: as('load'),
      })
      .finally(() => (inserting = false));
    await eventually(async () => (await runningWith('heavy')) === 1);
    let reads = 0;
    while (inserting) {
      const result = await client.query({
        query: 'SELECT sum(n) AS sum FROM light WHERE n < {below:UInt64}',
        query_params: { below: 100 },
        format: 'JSONEachRow',
        clickhouse_settings: as('gateway'),
      });
      expect(await result.json()).toEqual([{ sum: '4950' }]);
      reads++;
    }
    await insert;
    expect(reads).toBeGreaterThan(20);
  });

  it('let reads of ours pass when strangers fill theirs, and loads pass too', async () => {
    // A reader is a stranger, whatever it calls itself.
    const reader = engine.client(as('gateway'), 'reader');
    const aborts = Array.from({ length: 20 }, () => new AbortController());
    const strangers = aborts.map((abort) =>
      reader.query({
        query: 'SELECT sleepEachRow(1) FROM numbers(1000) SETTINGS max_block_size = 1',
        format: 'JSON',
        abort_signal: abort.signal,
      }),
    );
    for (const stranger of strangers) stranger.catch(() => undefined);
    const ours = engine.client();
    const read = () =>
      ours.query({
        query: "SELECT count() FROM system.processes WHERE query LIKE '%sleepEachRow%'",
        format: 'CSV',
        clickhouse_settings: as('gateway'),
      });
    await eventually(async () => Number(await (await read()).text()) >= 6);
    await ours.command({
      query: 'CREATE TABLE beside (n UInt64) ENGINE = MergeTree ORDER BY n',
      clickhouse_settings: as('load'),
    });
    for (const abort of aborts) abort.abort();
    await Promise.allSettled(strangers);
    // Those that waited left their queue: a stranger gets his turn.
    expect(await scalar('SELECT 1')).toBe('1');
  });

  it('keep answers apart: a thousand at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 1000 }, async (_, i) => {
        const format = i % 3 === 0 ? 'JSON' : 'JSONEachRow';
        const result = await client.query({
          query: i % 7 === 0 ? 'SELECT {i:UInt32} AS i, throwIf(1)' : 'SELECT {i:UInt32} AS i',
          query_params: { i },
          format,
          clickhouse_settings: i % 2 === 0 ? as('gateway') : {},
        });
        const back: unknown = await result.json();
        const [row] = Array.isArray(back) ? back : (back as { data: unknown[] }).data;
        return (row as { i: number }).i;
      }).map((answer) => answer.catch((error: { code?: string }) => error.code)),
    );
    expect(answers).toEqual(Array.from({ length: 1000 }, (_, i) => (i % 7 === 0 ? '395' : i)));
  });
});

describe('bodies', { timeout: 120_000 }, () => {
  it('of any size are spooled, not held in memory', async () => {
    await client.command({ query: 'CREATE TABLE large (n UInt64, s String) ENGINE = MergeTree ORDER BY n' });
    const pid = engine.child.pid ?? 0;
    async function* rows(): AsyncGenerator<Buffer> {
      for (let block = 0; block < 300; block++) {
        const lines = Array.from({ length: 10_000 }, (_, i) => `${block * 10_000 + i}\t${'x'.repeat(90)}\n`);
        yield Buffer.from(lines.join(''));
        await Promise.resolve();
      }
    }
    const before = await residentBytes(pid);
    const answer = await fetch(`${engine.url}/?query=${encodeURIComponent('INSERT INTO large FORMAT TSV')}`, {
      method: 'POST',
      headers: headers(),
      body: rows(),
      duplex: 'half',
    } as unknown as RequestInit);
    expect([answer.status, await answer.text()]).toEqual([200, '']);
    expect(JSON.parse(answer.headers.get('x-clickhouse-summary') ?? '')).toMatchObject({
      written_rows: '3000000',
    });
    expect((await residentBytes(pid)) - before).toBeLessThan(700e6);
    expect(await scalar('SELECT count(), sum(n) FROM large')).toBe(`3000000\t${(3e6 * (3e6 - 1)) / 2}`);
    expect(await spooled()).toEqual([]);
  });

  it('that end too early insert nothing', async () => {
    await client.command({ query: 'CREATE TABLE cut (n UInt64) ENGINE = MergeTree ORDER BY n' });
    const abort = new AbortController();
    async function* rows(): AsyncGenerator<Buffer> {
      yield Buffer.from('1\n'.repeat(1_000_000));
      await eventually(async () => (await spooled()).length === 1);
      abort.abort();
      await once(abort.signal, 'abort').catch(() => undefined);
    }
    const sending = fetch(`${engine.url}/?query=${encodeURIComponent('INSERT INTO cut FORMAT TSV')}`, {
      method: 'POST',
      headers: headers(),
      body: rows(),
      duplex: 'half',
      signal: abort.signal,
    } as unknown as RequestInit);
    await expect(sending).rejects.toThrow();
    await eventually(async () => (await spooled()).length === 0);
    expect(await scalar('SELECT count() FROM cut')).toBe('0');
  });
});

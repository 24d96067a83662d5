import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { ClickHouseError } from '@clickhouse/client';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { bytesOf, readText, WarehouseAnswerError, type RawAnswer } from './answer.ts';
import { parseRows } from './json-rows.ts';
import { asMultipart } from './multipart-statement.ts';

const TAG = 'abcdefgh';
const answerOf = (pieces: Iterable<string>, headers: RawAnswer['response_headers'] = {}): RawAnswer => ({
  stream: Readable.from(
    [...pieces].map((piece) => Buffer.from(piece)),
    { objectMode: false },
  ),
  response_headers: { 'x-clickhouse-exception-tag': TAG, ...headers },
});
const MESSAGE = 'Code: 159. DB::Exception: Timeout exceeded. (TIMEOUT_EXCEEDED) (version 26.7.2.1)\n';
const FRAME = `\r\n__exception__\r\n${TAG}\r\n${MESSAGE}${MESSAGE.length} ${TAG}\r\n__exception__\r\n`;
const timeout = { code: '159', type: 'TIMEOUT_EXCEEDED' };

describe('an exception behind the first bytes', () => {
  it.each([
    ['in one piece', [`rows${FRAME}`]],
    ['byte by byte', `rows${FRAME}`.split('')],
    ['in a piece of its own', ['rows'.repeat(50_000), FRAME]],
    ['as servers before 25.11 write it', ['rows', 'rows\n', MESSAGE]],
    ['as they do, byte by byte', `rows\n${MESSAGE}`.split('')],
  ])('%s', async (_, pieces) => {
    const failure = await readText(answerOf(pieces)).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ClickHouseError);
    expect(failure).toMatchObject(timeout);
  });

  it('is told at once, while the connection is still open', async () => {
    const answer = answerOf([]);
    answer.stream = new Readable({ read: () => undefined });
    answer.stream.push(`rows${FRAME}`);
    await expect(text(bytesOf(answer))).rejects.toMatchObject(timeout);
    expect(answer.stream.destroyed).toBe(true);
  });

  it.each([
    '__exception__',
    `"Code: 159. DB::Exception"`,
    '(version 1)',
    `${MESSAGE}more`,
    '\r\n__exception__\r\nother',
  ])('is not seen in %j', async (body) => {
    expect(await readText(answerOf([body]))).toBe(body);
  });
});

it('holds no more of an answer than it may', async () => {
  const endless = answerOf([]);
  let given = 0;
  endless.stream = new Readable({
    read() {
      given += 1_000;
      this.push('x'.repeat(1_000));
    },
  });
  await expect(readText(endless, 100_000)).rejects.toThrow(WarehouseAnswerError);
  expect(endless.stream.destroyed).toBe(true);
  expect(given).toBeLessThan(300_000);
});

describe('parseRows', () => {
  const shape = z.object({ a: z.number() });
  const document = (parts: Record<string, unknown>): string =>
    JSON.stringify({ meta: [{ name: 'a', type: 'Float64' }], data: [[1]], rows: 1, ...parts });

  it('gives rows by their names, whatever those are', () => {
    expect(parseRows(document({}), shape)).toEqual([{ a: 1 }]);
    const [row] = parseRows<object>(document({ meta: [{ name: '__proto__' }] }), undefined);
    expect(Object.entries(row ?? {})).toEqual([['__proto__', 1]]);
  });

  it.each([
    ['{}', /no whole/],
    ['', /no whole/],
    ['{"a":1}\n{"a":2}', /no whole/],
    [document({}).slice(0, -1), /no whole/],
    [document({ rows: 2 }), /1 rows that counts 2/],
    [document({ data: [], rows: 1 }), /0 rows that counts 1/],
    [document({ data: [[1, 2]] }), /2 values in 1 columns/],
    [document({ data: [[]] }), /0 values in 1 columns/],
    [document({ data: [[null]] }), /0\.a/],
    [document({ data: [['1']] }), /0\.a/],
    [document({ meta: [{ name: 'b' }] }), /0\.a/],
  ])('does not believe %s', (text, message) => {
    const parse = () => parseRows(text, shape);
    expect(parse).toThrow(WarehouseAnswerError);
    expect(parse).toThrow(message);
  });
});

it('writes values of a body as ClickHouse reads them', () => {
  const { query } = asMultipart('SELECT {secret_a:String}', { secret_a: "a\tb\nc\\d'e", n: 1 });
  expect(query).toContain("\r\n\r\na\\tb\\nc\\\\d'e\r\n");
  expect(query).toContain('name="param_n"\r\n\r\n1\r\n');
  expect(() => asMultipart('', { list: [1] })).toThrow(TypeError);
});

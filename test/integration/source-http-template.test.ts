/** The template source against a server that publishes months and answers 403 in two senses. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createHttpTemplateSource } from '../../sources/http-template-source.ts';
import { addMonths, monthsBetween } from '../../sources/month.ts';
import type { Source } from '../../sources/source.ts';

const signal = new AbortController().signal;
const nameOf = (month: string) => `yellow_tripdata_${month}.parquet`;

let server: Server;
let base: string;
/** Month → ETag. */
let published: Map<string, string>;
let asked: string[];
/** Answers of the throttle by request number since `asked` was emptied. */
let throttled: (request: number) => 403 | 429 | undefined;
let absentStatus: 403 | 404;
let nowMs: number;
let elapsedMs: number;
let source: Source;

beforeEach(async () => {
  published = new Map();
  asked = [];
  throttled = () => undefined;
  absentStatus = 403;
  nowMs = Date.parse('2024-06-15T12:00:00Z');
  elapsedMs = 0;
  server = createServer((request, response) => {
    const month = /_(\d{4}-\d{2})\.parquet$/.exec(request.url ?? '')?.[1] ?? '';
    const refusal = throttled(asked.push(month));
    const etag = published.get(month);
    if (refusal !== undefined) response.writeHead(refusal, { 'retry-after': '5' }).end();
    else if (etag === undefined) response.writeHead(absentStatus).end();
    else response.writeHead(200, { etag, 'content-length': 10, 'accept-ranges': 'bytes' }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  source = open('2023-01');
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const open = (from: string) =>
  createHttpTemplateSource({
    url: `${base}yellow_tripdata_{month}.parquet`,
    from,
    now: () => nowMs,
    elapsed: () => elapsedMs,
  });
const publish = (from: string, to: string) => {
  for (const month of monthsBetween(from, to)) published.set(month, `"${month}"`);
};
const months = async () => (await source.list({ signal })).map(({ filename }) => filename.slice(16, 23));

describe('months behind a template', () => {
  it.each([403, 404] as const)(
    'are found with their versions, where %i means not published',
    async (status) => {
      absentStatus = status;
      publish('2023-01', '2023-07');
      publish('2023-09', '2024-03');
      const listed = await source.list({ signal });
      expect(listed.map(({ filename }) => filename)).toEqual([...published.keys()].sort().map(nameOf));
      expect(listed[0]).toEqual({ filename: nameOf('2023-01'), version: '"2023-01"', hint: undefined });
      expect(asked.every((month) => month >= '2023-01' && month <= '2024-06')).toBe(true);
    },
  );

  it('are asked for sparingly afterwards', async () => {
    publish('2023-01', '2024-03');
    published.delete('2023-08');
    await source.list({ signal });
    for (const month of monthsBetween('2023-01', '2024-06')) expect(asked).toContain(month);
    asked = [];
    elapsedMs += 300_000;
    await source.list({ signal });
    for (const month of ['2024-06', '2024-05', '2024-04', '2024-03', '2024-02', '2024-01'])
      expect(asked).toContain(month);
    expect(asked.length).toBeLessThanOrEqual(20);
    expect(asked).not.toContain('2023-08');
    published.set('2023-08', '"late"');
    elapsedMs += 3_600_000;
    const deadline = 10;
    for (let polls = 0; polls < deadline && !(await months()).includes('2023-08'); polls++)
      elapsedMs += 300_000;
    expect(await months()).toContain('2023-08');
  });

  it('show up when they are published, and when they are replaced', async () => {
    publish('2023-01', '2024-03');
    await source.list({ signal });
    publish('2024-04', '2024-04');
    expect((await months()).at(-1)).toBe('2024-04');
    nowMs = Date.parse('2024-07-02T00:00:00Z');
    publish('2024-07', '2024-07');
    expect((await months()).at(-1)).toBe('2024-07');
    published.set('2023-02', '"again"');
    const versions = async () => (await source.list({ signal })).map(({ version }) => version);
    for (let polls = 0; polls < 10 && !(await versions()).includes('"again"'); polls++) elapsedMs += 300_000;
    expect(await versions()).toContain('"again"');
  });

  it('stop being asked for at the first sign of throttling, and go on from there', async () => {
    publish('2023-01', '2024-06');
    for (const status of [429, 403] as const) {
      source = open('2023-01');
      asked = [];
      throttled = (request) => (request > 8 ? status : undefined);
      const error: unknown = await source.list({ signal }).catch((cause: unknown) => cause);
      expect(error).toMatchObject({ name: 'SourceError', kind: 'throttled', status });
      expect(error).toMatchObject({
        listed: monthsBetween('2023-11', '2024-06').map((month) => ({ filename: nameOf(month) })),
      });
      expect(asked.length).toBeLessThanOrEqual(14);
      asked = [];
      throttled = () => undefined;
      expect(await months()).toEqual(monthsBetween('2023-01', '2024-06'));
      expect(asked.length).toBeLessThanOrEqual(10 + 3 + 4);
    }
  });

  it('are not taken for unpublished when the server throttles from the first request', async () => {
    publish('2023-01', '2024-06');
    throttled = () => 403;
    await expect(source.list({ signal })).rejects.toMatchObject({ kind: 'throttled', listed: [] });
    expect(asked.length).toBeLessThanOrEqual(12);
    throttled = () => undefined;
    expect(await months()).toEqual(monthsBetween('2023-01', '2024-06'));
  });

  it('are not lost to a single refusal', async () => {
    publish('2023-01', '2024-06');
    throttled = (request) => (request % 7 === 5 ? 403 : undefined);
    let found: string[] = [];
    for (let polls = 0; polls < 20 && found.length < 18; polls++) {
      found = await months().catch(() => []);
      elapsedMs += 300_000;
    }
    expect(found).toEqual(monthsBetween('2023-01', '2024-06'));
  });

  it('may be none at all yet', async () => {
    source = open('2024-06');
    expect(await source.list({ signal })).toEqual([]);
    publish('2024-06', '2024-06');
    expect(await months()).toEqual(['2024-06']);
    source = open(addMonths('2024-06', 1));
    expect(await source.list({ signal })).toEqual([]);
  });

  it('are told apart by stat: not published, throttled, no month of ours', async () => {
    publish('2023-01', '2024-03');
    const stat = (month: string) => source.stat({ filename: nameOf(month), signal });
    expect(await stat('2024-03')).toMatchObject({ version: '"2024-03"', sizeBytes: 10, ranged: true });
    await expect(stat('2024-05')).rejects.toMatchObject({ kind: 'absent' });
    for (const filename of [
      'green_tripdata_2024-01.parquet',
      nameOf('2022-12'),
      nameOf('2024-07'),
      nameOf('2024-13'),
      '',
    ]) {
      asked = [];
      await expect(source.stat({ filename, signal }), filename).rejects.toMatchObject({ kind: 'absent' });
      expect(asked).toEqual([]);
    }
    throttled = () => 403;
    await expect(stat('2024-03')).rejects.toMatchObject({ kind: 'throttled' });
    await expect(stat('2024-05')).rejects.toMatchObject({ kind: 'throttled', retryAfterMs: 5_000 });
  });

  it('need a template that ends in .parquet', () => {
    expect(() => createHttpTemplateSource({ url: `${base}{month}.csv`, from: '2023-01' })).toThrow(
      /\.parquet/,
    );
  });
});

/** One file that is refused, and a server that wants to be left alone, told apart as the gate hears it. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createHttpIndexSource } from './http-index-source.ts';
import type { RequestOutcome } from './request-gate.ts';
import type { Source } from './source.ts';

const NAME = 'yellow_tripdata_2024-01.parquet';
const signal = new AbortController().signal;
let server: Server;
let source: Source;
let outcomes: RequestOutcome['kind'][];
/** The status of an answer; `undefined`: a good one. */
let refuse: (path: string, method: string) => number | undefined;
let headers: Record<string, string>;

beforeEach(async () => {
  outcomes = [];
  headers = {};
  server = createServer(({ url = '/', method = 'GET' }, response) => {
    const status = refuse(url, method);
    if (status !== undefined) return void response.writeHead(status, headers).end();
    if (url === '/') return void response.end(`<a href="${NAME}">${NAME}</a>`);
    const whole = { etag: '"v1"', 'accept-ranges': 'bytes', 'content-length': '4' };
    response.writeHead(200, whole).end(method === 'HEAD' ? undefined : 'PAR1');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  source = createHttpIndexSource({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    gate: { enter: () => Promise.resolve({ leave: ({ kind }) => void outcomes.push(kind) }) },
  });
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const kindOf = async (): Promise<unknown> =>
  source.stat({ filename: NAME, signal }).then(
    () => 'good',
    (error: unknown) => (error as { kind: unknown }).kind,
  );

it('a file that was never answered is refused for itself, and the host has not complained', async () => {
  refuse = (path) => (path === '/' ? undefined : 403);
  expect(await kindOf()).toBe('refused');
  expect(outcomes).not.toContain('throttled');
  expect(outcomes).not.toContain('failed');
});

it('a host that refuses all complains', async () => {
  for (const status of [403, 429, 503]) {
    refuse = () => status;
    expect(await kindOf(), `${status}`).toBe('throttled');
    expect(outcomes.pop()).toBe('throttled');
  }
});

it('a file that was answered before is believed once to be refused for the host’s sake', async () => {
  refuse = () => undefined;
  expect(await kindOf()).toBe('good');
  refuse = (path) => (path === '/' ? undefined : 403);
  outcomes = [];
  expect(await kindOf()).toBe('throttled');
  expect(outcomes).toEqual(['throttled']);
  expect(await kindOf()).toBe('refused');
  expect(outcomes.filter((kind) => kind === 'throttled')).toHaveLength(1);
});

it('429 and 503 are told apart in the same way', async () => {
  for (const status of [429, 503]) {
    refuse = (path) => (path === '/' ? undefined : status);
    expect(await kindOf()).toBe('refused');
    expect(outcomes).not.toContain('throttled');
  }
});

it.each([403, 429, 503])('a complaint of %i that passes is heard', async (status) => {
  let refused = 0;
  // HEAD with 403 is no complaint yet.
  refuse = (path, method) => (path !== '/' && method === 'GET' && (refused += 1) === 1 ? status : undefined);
  const file = { filename: NAME, version: '"v1"', sizeBytes: 4, ranged: false, url: '' };
  const pieces = [];
  for await (const piece of source.read({ file, range: { start: 0, end: 4 }, signal })) pieces.push(piece);
  expect(Buffer.concat(pieces).toString()).toBe('PAR1');
  expect(outcomes).toEqual(['undecided', 'good', 'throttled']);
});

it('a time that is named is obeyed, at first', async () => {
  refuse = (path) => (path === '/' ? undefined : 403);
  headers = { 'retry-after': '30' };
  expect(await kindOf()).toBe('throttled');
  expect(outcomes).toEqual(['throttled']);
});

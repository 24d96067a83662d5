import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { plainRequest } from '../../test/support/plain-request.ts';
import { createUiGuard } from './guard.ts';

let backend: Server;
let guard: Server;
let own: string;
/** What reached the backend. */
const reached: { target: string; body: string; headers: IncomingHttpHeaders }[] = [];

type Ask = [target: string, headers?: Record<string, string | readonly string[]>, body?: string];

const portOf = (server: Server): number => (server.address() as AddressInfo).port;
async function listening(server: Server): Promise<Server> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

beforeAll(async () => {
  backend = await listening(
    createServer((asked, response) => {
      void text(asked).then((body) => {
        reached.push({ target: `${asked.method} ${asked.url}`, body, headers: asked.headers });
        if (asked.url === '/cut') return void response.writeHead(200).write('half', () => response.destroy());
        response.writeHead(201, { 'set-cookie': ['a=1', 'b=2'], 'x-frame-options': 'SAMEORIGIN' });
        response.end(`answer to ${asked.url}`);
      });
    }),
  );
  guard = await listening(createUiGuard({ host: '127.0.0.1', port: portOf(backend) }));
  own = `127.0.0.1:${portOf(guard)}`;
});
afterAll(() => {
  for (const server of [guard, backend]) {
    server.closeAllConnections();
    server.close();
  }
});

const ask = (...asked: Ask) => plainRequest(portOf(guard), ...asked);
const status = async (...asked: Ask) => (await ask(...asked)).status;

describe('what people and the pages themselves ask', () => {
  it('is passed on, both ways', async () => {
    const origin = `http://${own}`;
    const answer = await ask(
      'POST /api/v1/x?y=z',
      { origin, connection: 'keep-alive, x-mine', 'x-mine': '1' },
      '{"a":1}',
    );
    expect(answer).toMatchObject({ status: 201, body: 'answer to /api/v1/x?y=z' });
    expect(answer.headers).toMatchObject({ 'set-cookie': ['a=1', 'b=2'], 'x-frame-options': 'SAMEORIGIN' });
    expect(reached.at(-1)).toMatchObject({
      target: 'POST /api/v1/x?y=z',
      body: '{"a":1}',
      headers: { origin, host: own },
    });
    expect(reached.at(-1)?.headers).not.toHaveProperty('x-mine');
  });

  it.each<Record<string, string>>([
    {},
    { host: 'localhost:8233' },
    { host: 'temporal.localhost' },
    { 'sec-fetch-site': 'same-origin' },
    { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
  ])('is a page, with %j', async (headers) => {
    expect(await status('GET /namespaces/default', headers)).toBe(201);
  });
});

describe('what other pages send', () => {
  const NAVIGATION = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
  it.each<[number, string, Record<string, string | string[]>]>([
    [421, 'GET /api/v1/namespaces', { host: 'evil.example' }],
    [421, 'GET /', { host: 'evil.example:8233', 'sec-fetch-site': 'same-origin' }],
    [421, 'POST /api/v1/x', { host: 'evil.example', origin: 'http://evil.example' }],
    [400, 'GET /', { host: ['localhost', 'evil.example'] }],
    [400, 'GET http://localhost/', {}],
    [403, 'GET /api/v1/namespaces', { origin: 'http://evil.example' }],
    [403, 'GET /api/v1/namespaces', { origin: 'null' }],
    [403, 'GET /api/v1/namespaces', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }],
    [403, 'GET /api/v1/namespaces', { 'sec-fetch-site': 'cross-site', ...NAVIGATION }],
    [403, 'GET /', { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' }],
    [
      403,
      'GET /',
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
    ],
    [403, 'POST /', { 'sec-fetch-site': 'cross-site', ...NAVIGATION, origin: 'http://evil.example' }],
    [403, 'POST /api/v1/x', { origin: 'http://localhost:3000', host: 'localhost:8233' }],
    [403, 'POST /api/v1/x', {}],
    [403, 'DELETE /api/v1/x', { 'sec-fetch-site': 'none' }],
  ])('is refused with %s: %s %j', async (expected, target, headers) => {
    const before = reached.length;
    expect(await status(target, headers)).toBe(expected);
    expect(reached).toHaveLength(before);
  });
});

it('says that Temporal is away while it is, and ends what is cut', async () => {
  const nobodys = await listening(createServer());
  const port = portOf(nobodys);
  nobodys.close();
  const alone = await listening(createUiGuard({ host: '127.0.0.1', port }));
  expect(await plainRequest(portOf(alone), 'GET /')).toMatchObject({
    status: 502,
    body: expect.stringMatching(/does not answer: it may be starting/),
  });
  alone.close();
  await expect(ask('GET /cut')).rejects.toThrow('aborted');
  expect(await status('GET /')).toBe(201);
});

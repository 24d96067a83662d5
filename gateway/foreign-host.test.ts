/** By which names a gateway may be asked. */
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startSmallGateway } from '../test/support/small-gateway.ts';

const NAMED = { PUBLIC_URL: 'https://tripline.example.org:8443/', ALLOWED_HOSTS: 'gateway,*.Example.net' };
let gateway: Awaited<ReturnType<typeof startSmallGateway>>;

beforeAll(async () => {
  gateway = await startSmallGateway({}, NAMED);
});
afterAll(() => gateway.stop());

/** @returns status and problem, if there is one */
function send(...lines: string[]): Promise<[number, { detail?: string }]> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
    let said = '';
    socket.on('data', (data) => (said += String(data)));
    socket.on('error', reject);
    socket.on('close', () => {
      const problem = said.includes('application/problem+json') ? /\{.*\}/.exec(said)?.[0] : undefined;
      resolve([Number(said.split(' ')[1]), JSON.parse(problem ?? '{}') as { detail?: string }]);
    });
    socket.write(`${[...lines, 'Connection: close'].join('\r\n')}\r\n\r\n`);
  });
}
const status = async (...lines: string[]) => (await send(...lines))[0];

it('is its address, localhost, or a name that was given to it', async () => {
  const names = [
    '127.0.0.1:4000',
    '[::1]',
    'localhost:1',
    'tripline.example.org',
    'gateway:4000',
    'a.example.net',
  ];
  for (const host of names) expect(await status('GET / HTTP/1.1', `Host: ${host}`), host).toBe(200);
});

it('is no other: whatever is asked of it is refused, with what to do about it', async () => {
  for (const path of ['/', '/api/p90', '/graphql?query={__typename}', '/api', '/documents.json', '/nothing'])
    expect(await send(`GET ${path} HTTP/1.1`, 'Host: evil.example:4000')).toEqual([
      421,
      {
        status: 421,
        title: 'Misdirected Request',
        detail: expect.stringMatching(
          /^This server is not called "evil\.example:4000"\. .*localhost.*ALLOWED_HOSTS/,
        ),
      },
    ]);
  for (const path of ['/graphql', '/api/arrivals'])
    expect(await status(`POST ${path} HTTP/1.1`, 'Host: evil.example', 'Content-Length: 0')).toBe(421);
  expect(await status('OPTIONS /graphql HTTP/1.1', 'Host: evil.example', 'Origin: http://a')).toBe(421);
});

it('is not what a page can say elsewhere', async () => {
  for (const header of ['X-Forwarded-Host: localhost', 'Forwarded: host=localhost', ':authority: localhost'])
    expect(await status('GET / HTTP/1.1', 'Host: evil.example', header), header).not.toBe(200);
  expect(await status('GET http://localhost/ HTTP/1.1', 'Host: evil.example')).toBe(421);
  expect(await status('GET http://evil.example/ HTTP/1.1', 'Host: localhost')).toBe(404);
});

it('is there once', async () => {
  for (const path of ['/', '/healthz'])
    expect(await status(`GET ${path} HTTP/1.1`, 'Host: localhost', 'host: evil.example'), path).toBe(400);
  expect(await status('GET / HTTP/1.1')).toBe(400);
  expect(await status('GET / HTTP/1.0')).toBe(400);
});

it('is no matter for probes and scrapes', async () => {
  for (const path of ['/healthz', '/readyz', '/metrics'])
    expect(await status(`GET ${path} HTTP/1.1`, 'Host: tripline-gateway-7d9'), path).toBe(200);
  expect(await status('GET /readyz HTTP/1.0')).toBe(200);
});

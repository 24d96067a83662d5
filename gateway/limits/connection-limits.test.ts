import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { until } from '../../test/support/until.ts';
import { limitConnections, mostConnections, type MostConnections } from './connection-limits.ts';

const [HERE, THERE, ELSEWHERE] = ['127.0.0.1', '127.0.0.2', '127.0.0.3'] as const;
const ASK = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
let server: Server;
let asked = 0;
const opened: Socket[] = [];

afterEach(() => {
  for (const socket of opened.splice(0)) socket.destroy();
  server.closeAllConnections();
  server.close();
});

async function start(most: MostConnections): Promise<number> {
  asked = 0;
  server = createServer((_, response) => {
    asked += 1;
    response.end('here');
  });
  limitConnections(server, most);
  server.listen(0, HERE);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function open(from: string) {
  const { port } = server.address() as AddressInfo;
  const socket = connect({ port, host: HERE, localAddress: from }).setEncoding('utf8');
  opened.push(socket);
  let said = '';
  let isClosed = false;
  socket.on('data', (text) => (said += String(text)));
  socket.on('error', () => undefined);
  socket.on('close', () => (isClosed = true));
  await once(socket, 'connect');
  return {
    socket,
    isClosed: () => isClosed,
    /** What is said to a request, until there is no more to come. */
    async answer(request: string | Buffer = ASK): Promise<string> {
      socket.write(request);
      return until('it is answered', () => (isClosed || said.endsWith('here')) && said, { everyMs: 5 });
    },
  };
}

const refusal = (detail: string) => ({
  status: 503,
  title: 'Service Unavailable',
  detail: `${detail} Ask again in 10 s.`,
  code: 'OVERLOADED',
  retryAfterSeconds: 10,
});

function problemIn(answer: string): unknown {
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  expect(head.split('\r\n')).toEqual([
    'HTTP/1.1 503 Service Unavailable',
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Retry-After: 10',
    'Connection: close',
  ]);
  return JSON.parse(body);
}

it('takes all that come together before it answers the first of them again', async () => {
  const all = 60;
  const served = new Map<unknown, number>();
  server = createServer(({ socket }, response) => {
    served.set(socket, (served.get(socket) ?? 0) + 1);
    response.end('here');
  });
  limitConnections(server, { all, ofAddress: all });
  server.listen(0, HERE);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  for (let count = 0; count < all; count += 1) {
    const socket = connect({ port, host: HERE });
    opened.push(socket);
    socket.write(ASK);
    // Each asks again as soon as it is answered.
    socket.on('data', () => socket.write(ASK));
    socket.on('error', () => undefined);
  }
  await until('each was answered', () => served.size === all, { everyMs: 1 });
  const most = Math.max(...served.values());
  const fewest = Math.min(...served.values());
  expect(most - fewest).toBeLessThan(5);
});

it('leaves others their places, however many are told that there are none for them', async () => {
  await start({ all: 4, ofAddress: 2 });
  const many: Awaited<ReturnType<typeof open>>[] = [];
  for (let count = 0; count < 300; count += 1) many.push(await open(HERE));
  for (const from of [THERE, THERE]) expect(await (await open(from)).answer()).toMatch(/^HTTP\/1.1 200 /);
  await until('those beyond are hung up on', () => many.filter(({ isClosed }) => isClosed()).length >= 98);
});

it('leaves others as many as one address has, and says how many there are', async () => {
  await start({ all: 4, ofAddress: 2 });
  const [first, second] = [await open(HERE), await open(HERE)];
  const tooMany = refusal('There are 2 connections from your address, and 2 are allowed.');
  expect(problemIn(await (await open(HERE)).answer())).toEqual(tooMany);
  for (const from of [THERE, THERE]) expect(await (await open(from)).answer()).toMatch(/^HTTP\/1.1 200 /);
  const all = refusal('There are 4 connections, and 4 are allowed.');
  expect(problemIn(await (await open(ELSEWHERE)).answer())).toEqual(all);
  expect(asked).toBe(2);
  expect(await first.answer()).toMatch(/^HTTP\/1.1 200 /);
  second.socket.destroy();
  await until('it is gone', async () => /^HTTP\/1.1 200 /.test(await (await open(HERE)).answer()));
});

it('is understood by clients, whatever they send', async () => {
  const port = await start({ all: 10, ofAddress: 1 });
  await open(HERE);
  const tooMany = refusal('There are 1 connections from your address, and 1 are allowed.');
  const response = await fetch(`http://${HERE}:${port}/`, { method: 'POST', body: 'x'.repeat(1 << 20) });
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '10']);
  expect(await response.json()).toEqual(tooMany);
  expect(problemIn(await (await open(HERE)).answer('\u0016\u0003\u0001 no HTTP'))).toEqual(tooMany);
  expect(asked).toBe(0);
});

it('holds nothing for those who do not ask, or do not listen', async () => {
  await start({ all: 1, ofAddress: 1 });
  await open(HERE);
  const silent = await Promise.all([THERE, ELSEWHERE].map(open));
  const deaf = await open(ELSEWHERE);
  deaf.socket.pause().write(ASK);
  const count = (): Promise<number> =>
    new Promise((resolve) => server.getConnections((_, connections) => resolve(connections)));
  await until('only the first is there', async () => (await count()) === 1);
  expect(await until('they know', () => silent.every(({ isClosed }) => isClosed()))).toBe(true);
});

it('lets a proxy have all of them', () => {
  expect(mostConnections({ trustProxy: false })).toEqual({ all: 10_000, ofAddress: 5_000 });
  expect(mostConnections({ trustProxy: true })).toEqual({ all: 10_000, ofAddress: 10_000 });
});

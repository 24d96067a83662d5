import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { pino } from 'pino';
import { afterEach, expect, it } from 'vitest';
import { until } from '../../test/support/until.ts';
import { guardUnread, type UnreadLimits } from './unread-answers.ts';

const ANSWER = Buffer.alloc(16 << 20, 'x');
let server: Server;

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

async function start(limits: UnreadLimits): Promise<void> {
  server = createServer((_, response) => void response.end(ANSWER));
  guardUnread(server, { logger: pino({ level: 'silent' }), limits });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
}

interface Client {
  socket: Socket;
  isClosed: () => boolean;
  /** Bytes so far. */
  read: () => number;
}

async function ask({ from = '127.0.0.1', reads = false } = {}): Promise<Client> {
  const { port } = server.address() as AddressInfo;
  const socket = connect({ port, host: '127.0.0.1', localAddress: from });
  socket.on('error', () => undefined);
  let [closed, bytes] = [false, 0];
  socket.on('close', () => (closed = true));
  await once(socket, 'connect');
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  if (reads) socket.on('data', (piece) => (bytes += piece.length));
  return { socket, isClosed: () => closed, read: () => bytes };
}

const connections = (): Promise<number> =>
  new Promise((resolve, reject) =>
    server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
  );

it('cuts a reader that takes nothing, and none that reads', async () => {
  await start({ mostBytes: Infinity, standMs: 200, lookEveryMs: 20 });
  await ask();
  const reader = await ask({ reads: true });
  await until('all of it was read', () => reader.read() > ANSWER.length);
  await until('the other was cut', async () => (await connections()) === 1);
  expect(reader.isClosed()).toBe(false);
});

it('cuts the oldest of the address that holds most, until little enough is held', async () => {
  await start({ mostBytes: 40 << 20, standMs: 60_000, lookEveryMs: 20 });
  const modest = await ask({ from: '127.0.0.2' });
  for (let count = 0; count < 6; count += 1) await ask({ from: '127.0.0.3' });
  await until('some were cut', async () => (await connections()) <= 4);
  let bytes = 0;
  modest.socket.on('data', (piece) => (bytes += piece.length));
  await until('the modest one reads all of it', () => bytes > ANSWER.length);
  // Not all of the others either: two of them are little enough.
  expect(await connections()).toBeGreaterThan(1);
});

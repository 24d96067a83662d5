import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { followConnections, type Connections } from './connections.ts';

async function serve(answer: (response: ServerResponse, connections: Connections) => void) {
  const server = createServer((_, response) => {
    connections.answering(response);
    answer(response, connections);
  });
  const connections = followConnections(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { connections, port: (server.address() as AddressInfo).port };
}

it('sends what was answered to the end, to a reader that is slow', async () => {
  const body = Buffer.alloc(32 << 20);
  const { connections, port } = await serve((response) => response.end(body));
  const [response] = (await once(get({ port, host: '127.0.0.1' }), 'response')) as [IncomingMessage];
  const closed = connections.close();
  let bytes = 0;
  for await (const piece of response as AsyncIterable<Buffer>) bytes += piece.length;
  expect(bytes).toBe(body.length);
  await closed;
});

it('is not held up by a connection over which nothing was asked', async () => {
  const { connections, port } = await serve((response) => response.end());
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const ended = once(socket.resume(), 'end');
  await connections.close();
  await expect(ended).resolves.toBeDefined();
});

it('answers what comes over an idle connection as it closes', async () => {
  const { connections, port } = await serve((response) => response.end('here'));
  connections.retire();
  const socket = connect(port, '127.0.0.1').setEncoding('utf8');
  await once(socket, 'connect');
  const closed = connections.close();
  socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  let text = '';
  for await (const piece of socket as AsyncIterable<string>) text += piece;
  expect(text).toMatch(/^HTTP\/1.1 200 OK\r\n[^]*Connection: close\r\n[^]*here$/);
  await closed;
});

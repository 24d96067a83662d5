import { once } from 'node:events';
import { createServer, connect, type AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { TooLateError, within } from './patience.ts';

it('gives what comes in time', async () => {
  expect(await within(1_000, Promise.resolve('answer'))).toBe('answer');
  const refusal = new Error('refused');
  await expect(within(1_000, Promise.reject(refusal))).rejects.toBe(refusal);
});

it('does not wait for what does not come, nor mind how that ends', async () => {
  let refuse!: (why: Error) => void;
  const late = new Promise((_, reject) => (refuse = reject));
  await expect(within(20, late)).rejects.toBeInstanceOf(TooLateError);
  // A rejection that nobody handled would end this test.
  refuse(new Error('late'));
  await setImmediate();
});

it('reads what has arrived while the process was late itself', async () => {
  const server = createServer((socket) => socket.end('here'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await once(socket, 'connect');
  const answer = within(50, once(socket, 'data'));
  const end = performance.now() + 150;
  while (performance.now() < end);
  expect(String(await answer)).toBe('here');
  socket.destroy();
  server.close();
});

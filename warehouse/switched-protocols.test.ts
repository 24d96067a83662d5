import { once } from 'node:events';
import { request } from 'node:http';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createWarehouse } from './warehouse.ts';
import { refuseUpgrades } from '../config/http/refuse-upgrades.ts';

let server: Server;
let url: string;
beforeAll(async () => {
  server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () =>
      socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());

it('ends a request that is answered by another protocol', async () => {
  refuseUpgrades();
  refuseUpgrades();
  const [error] = (await once(request(url).end(), 'error')) as unknown[];
  expect(error).toMatchObject({ message: expect.stringContaining('101 Switching Protocols') as string });
});

it('leaves a request to whoever listens for it', async () => {
  refuseUpgrades();
  const [response] = (await once(request(url).end(), 'upgrade')) as { statusCode: number }[];
  expect(response?.statusCode).toBe(101);
});

it('ends each statement to a warehouse that is none, also without a deadline', async () => {
  const warehouse = createWarehouse({ url, by: 'gateway' });
  await expect(warehouse.command('SELECT 1')).rejects.toThrow(/101 Switching Protocols/);
  await expect(warehouse.stream('SELECT 1 FORMAT RowBinary', { deadlineMs: 60_000 })).rejects.toThrow(/101/);
  expect(await warehouse.ping()).toBe(false);
  await warehouse.close();
});

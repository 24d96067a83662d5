import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { createWarehouse } from './warehouse.ts';

it('keeps secrets out of addresses', async () => {
  const seen: { url: string; body: string }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (piece) => (body += String(piece)));
    request.on('end', () => {
      seen.push({ url: request.url ?? '', body });
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const warehouse = createWarehouse({ url: `http://127.0.0.1:${port}`, by: 'load' });
  onTestFinished(async () => {
    await warehouse.close();
    server.close();
  });
  const params = { secret_key: 'hush', month: '2024-01' };
  await warehouse.command('INSERT INTO t SELECT {secret_key:String}', { params });
  await warehouse.rows('SELECT {secret_key:String}', { params });
  await warehouse.command('SELECT {month:String}', { params: { month: '2024-01' } });
  expect(seen.map(({ url, body }) => [url.includes('hush'), body.includes('hush')])).toEqual([
    [false, true],
    [false, true],
    [false, false],
  ]);
});

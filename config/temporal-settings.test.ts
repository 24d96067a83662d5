import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readEnvironment } from './environment.ts';
import { temporalConnection } from './temporal-settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'tripline-temporal-'));
const pem = join(folder, 'a.pem');
writeFileSync(pem, 'PEM');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ADDRESS = { TEMPORAL_ADDRESS: 'ns.a1b2c.tmprl.cloud:7233' };
const connection = (env: Record<string, string>) => temporalConnection(readEnvironment(env).temporal);

it('is plain unless something says TLS', () => {
  expect(connection({})).toEqual({ address: '127.0.0.1:7233' });
  expect(connection(ADDRESS)).toEqual({ address: 'ns.a1b2c.tmprl.cloud:7233' });
  expect(connection({ ...ADDRESS, TEMPORAL_TLS: '0', TEMPORAL_API_KEY: 'k' })).not.toHaveProperty('tls');
});

it('takes a key, certificates and a name', () => {
  expect(connection({ ...ADDRESS, TEMPORAL_API_KEY: 'k', TEMPORAL_NAMESPACE: 'ns.a1b2c' })).toEqual({
    address: 'ns.a1b2c.tmprl.cloud:7233',
    tls: {},
    apiKey: 'k',
    metadata: { 'temporal-namespace': 'ns.a1b2c' },
  });
  const PEM = Buffer.from('PEM');
  expect(
    connection({
      ...ADDRESS,
      TEMPORAL_TLS_SERVER_CA_CERT_PATH: pem,
      TEMPORAL_TLS_CLIENT_CERT_PATH: pem,
      TEMPORAL_TLS_CLIENT_KEY_PATH: pem,
      TEMPORAL_TLS_SERVER_NAME: 'temporal.example',
    }),
  ).toMatchObject({
    tls: {
      serverNameOverride: 'temporal.example',
      serverRootCACertificate: PEM,
      clientCertPair: { crt: PEM, key: PEM },
    },
  });
});

it('tells every mistake, and no key', () => {
  const mistakes = (env: Record<string, string>) => {
    try {
      readEnvironment(env);
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  };
  expect(mistakes({ TEMPORAL_API_KEY: 'secret-key' })).toMatch(/^TEMPORAL_ADDRESS is needed/);
  expect(mistakes({ ...ADDRESS, TEMPORAL_TLS_CLIENT_CERT_PATH: pem })).toMatch(/belong together/);
  expect(mistakes({ ...ADDRESS, TEMPORAL_TLS_SERVER_CA_CERT_PATH: `${pem}.no` })).toMatch(/PEM file.*ENOENT/);
  expect(mistakes({ ...ADDRESS, TEMPORAL_TLS: 'yes' })).toMatch(/TEMPORAL_TLS must be/);
  const told = mistakes({ ...ADDRESS, TEMPORAL_API_KEY: 'zebra\nzebra' });
  expect(told).toMatch(/TEMPORAL_API_KEY must be/);
  expect(told).not.toContain('zebra');
});

/** Temporal behind TLS, a client's certificate and a key, as Temporal Cloud is. */
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readEnvironment } from '../../config/environment.ts';
import { connectIngestion } from '../../gateway/ingestion.ts';
import { startTemporalServer, type TemporalServer } from '../support/temporal-server.ts';
import { startTlsTemporal, type TlsTemporal } from '../support/tls-temporal.ts';
import { startTripline } from '../support/tripline.ts';
import { writeTrips } from '../support/write-trips.ts';

const folder = mkdtempSync(join(tmpdir(), 'tripline-tls-'));
const source = join(folder, 'source');
const API_KEY = 'a-key-of-temporal-cloud';
let behind: TemporalServer;
let temporal: TlsTemporal;

const canMakeCertificates = ((): boolean => {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

beforeAll(async () => {
  if (!canMakeCertificates) return;
  mkdirSync(source);
  await writeTrips({
    path: join(source, 'yellow_tripdata_2022-03.parquet'),
    month: '2022-03',
    rows: 1_000,
    seed: 1,
  });
  behind = await startTemporalServer();
  temporal = await startTlsTemporal({ behind: behind.address, apiKey: API_KEY, folder });
});
afterAll(async () => {
  await temporal?.stop();
  await behind?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const settings = (apiKey = API_KEY): Record<string, string> => ({
  TEMPORAL_ADDRESS: temporal.address,
  TEMPORAL_API_KEY: apiKey,
  TEMPORAL_TLS_SERVER_CA_CERT_PATH: temporal.certificate,
  TEMPORAL_TLS_CLIENT_CERT_PATH: temporal.certificate,
  TEMPORAL_TLS_CLIENT_KEY_PATH: temporal.key,
  TEMPORAL_TLS_SERVER_NAME: 'temporal.test',
});

it.runIf(canMakeCertificates)('a whole Tripline works there', { timeout: 90_000 }, async () => {
  const refusedBefore = temporal.refused();
  const tripline = await startTripline({ sourceUrl: `file://${source}`, env: settings() });
  try {
    expect(await tripline.settled(1)).toMatchObject([{ stage: 'PUBLISHED', rows: 1_000 }]);
    const { data } = await tripline.graphql<{ source: unknown }>('{ source { paused problem } }');
    expect(data?.source).toEqual({ paused: false, problem: null });
    expect(temporal.refused()).toBe(refusedBefore);
    expect(tripline.log()).not.toContain(API_KEY);
  } finally {
    await tripline.stop();
  }
});

it.runIf(canMakeCertificates)('so does its command line, by the same settings', async () => {
  const list = ['run', '--silent', 'temporal', '--', 'operator', 'namespace', 'describe'];
  const { stdout } = await promisify(execFile)('npm', list, { env: { ...process.env, ...settings() } });
  expect(stdout).toMatch(/NamespaceInfo.Name +default/);
  expect(temporal.refused()).toBe(0);
});

it.runIf(canMakeCertificates)('another key is refused, and that is told', async () => {
  const ingestion = connectIngestion({
    temporal: readEnvironment(settings('another-key')).temporal,
    onNews: () => undefined,
    logger: pino({ level: 'silent' }),
  });
  expect(await ingestion.watcher('yellow')).toMatchObject({
    status: null,
    problem: expect.any(String) as string,
  });
  await ingestion.close();
  expect(temporal.refused()).toBeGreaterThan(0);
});

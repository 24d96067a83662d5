import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { EnvironmentError } from '../config/environment.ts';
import { temporalVariables } from './temporal-command.ts';

function dataDir(runFile?: object): string {
  const folder = mkdtempSync(join(tmpdir(), 'tripline-temporal-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'run'));
  if (runFile !== undefined)
    writeFileSync(join(folder, 'run', 'temporal.json'), JSON.stringify({ pid: 1, ...runFile }));
  return folder;
}

test('the Temporal that runs here is asked at the port that it has, in its namespace', () => {
  const DATA_DIR = dataDir({ url: 'http://127.0.0.1:24711', namespace: 'taxis' });
  const TEMPORAL_ADDRESS = '127.0.0.1:24711';
  expect(temporalVariables({ DATA_DIR })).toEqual({ TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE: 'taxis' });
  expect(temporalVariables({ DATA_DIR, TEMPORAL_NAMESPACE: 'other' })).toEqual({
    TEMPORAL_ADDRESS,
    TEMPORAL_NAMESPACE: 'other',
  });
  const before = dataDir({ url: 'http://127.0.0.1:24711' });
  expect(temporalVariables({ DATA_DIR: before })).toMatchObject({ TEMPORAL_NAMESPACE: 'default' });
});

test('a server of one’s own is asked as it is configured, whatever else is wrong', () => {
  const cloud = { TEMPORAL_ADDRESS: 'x.tmprl.cloud:7233', TEMPORAL_NAMESPACE: 'x', PORT: 'none' };
  expect(temporalVariables({ ...cloud, TEMPORAL_API_KEY: 'a-key' })).toEqual({
    TEMPORAL_ADDRESS: 'x.tmprl.cloud:7233',
    TEMPORAL_NAMESPACE: 'x',
    TEMPORAL_TLS: 'true',
  });
  expect(temporalVariables(cloud)).toMatchObject({ TEMPORAL_TLS: 'false' });
  expect(() => temporalVariables({ ...cloud, TEMPORAL_TLS_CLIENT_CERT_PATH: '/none' })).toThrow(
    EnvironmentError,
  );
});

test('where none runs, it is said what to do', () => {
  expect(() => temporalVariables({ DATA_DIR: dataDir() })).toThrow(/npm start, .* or TEMPORAL_ADDRESS/);
});

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { describeSource, readEnvironment } from '../config/environment.ts';
import { checkHeldSource, keepHeldSource } from './held-source.ts';

test('a folder keeps to its first source', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'tripline-source-'));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  const demo = { dataDir, source: 'demo:' };
  checkHeldSource(demo);
  keepHeldSource(demo);
  checkHeldSource(demo);
  expect(() => checkHeldSource({ dataDir, source: 'file:///trips' })).toThrow(
    `${dataDir} holds the data of demo:, not of file:///trips: set DATA_DIR to another folder, or SOURCE_URL back`,
  );
  writeFileSync(join(dataDir, 'source.json'), '{}');
  expect(() => checkHeldSource(demo)).toThrow('does not say which source');
});

test('a source stays the same when its secrets change, also for a folder that knows them', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'tripline-source-'));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  const source = (url: string) =>
    describeSource(readEnvironment({ SOURCE_URL: url, SOURCE_FROM: '2024-01' }).source);
  const template = 'trips.example.org/x_{month}.parquet';
  const signed = { dataDir, source: source(`https://me:a@b@${template}?sig=new`) };
  for (const held of [`https://${template}`, `https://b@${template}`, `https://${template}?sig=old`]) {
    keepHeldSource({ dataDir, source: held });
    checkHeldSource(signed);
  }
  expect(() => checkHeldSource({ dataDir, source: source('https://other.example.org/') })).toThrow(
    `holds the data of https://${template}, not of https://other.example.org/: `,
  );
  keepHeldSource(signed);
  expect(readFileSync(join(dataDir, 'source.json'), 'utf8')).toBe(`{"source":"https://${template}"}\n`);
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
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

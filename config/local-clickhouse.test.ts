import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { localClickhouse } from './local-clickhouse.ts';

it('is where the launcher says, with the user’s own credentials', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'tripline-run-'));
  onTestFinished(() => rmSync(dataDir, { recursive: true }));
  expect(localClickhouse(dataDir, { as: 'reader' })).toBe('http://127.0.0.1:8123');
  mkdirSync(join(dataDir, 'run'));
  writeFileSync(join(dataDir, 'run', 'clickhouse.json'), '{"pid":1,"url":"http://127.0.0.1:9"}');
  expect(localClickhouse(dataDir, { as: 'reader' })).toBe('http://127.0.0.1:9');
  for (const [name, user] of [
    ['clickhouse', 'reader'],
    ['clickhouse-loader', 'loader'],
  ] as const) {
    const headers = { 'X-ClickHouse-User': user, 'X-ClickHouse-Key': `key-of-${user}` };
    const content = JSON.stringify({ pid: 1, url: 'http://127.0.0.1:9', headers });
    writeFileSync(join(dataDir, 'run', `${name}.json`), content);
  }
  for (const as of ['reader', 'loader'] as const)
    expect(localClickhouse(dataDir, { as })).toBe(`http://${as}:key-of-${as}@127.0.0.1:9`);
});

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { codeDigest } from './code-digest.ts';

it('is another one when anything of the code is, and no other for a test', () => {
  const root = mkdtempSync(join(tmpdir(), 'tripline-code-'));
  const write = (path: string, text: string): void => {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  write('schema.graphql', 'type Query { a: Int }');
  write('gateway/ladder/rank.ts', 'one');
  write('warehouse/sql/read.sql', 'SELECT 1');
  const first = codeDigest(root);
  write('gateway/ladder/rank.test.ts', 'test');
  write('docs/rank.md', 'text');
  write('gateway/rank.ts~', 'text');
  write('gateway/README', 'text');
  expect(codeDigest(root)).toBe(first);
  const changed = [
    'gateway/ladder/rank.ts',
    'warehouse/sql/read.sql',
    'schema.graphql',
    'gateway/new.graphql',
  ].map((path) => {
    write(path, 'two');
    return codeDigest(root);
  });
  expect(new Set([first, ...changed]).size).toBe(5);
  rmSync(root, { recursive: true });
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { requireLakeFolder } from './lake-folder.ts';

test('a lake may be a folder, one that is made later or a bucket, and no file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tripline-lake-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'file');
  writeFileSync(file, '');
  const lake = (path: string) => () => requireLakeFolder({ kind: 'folder', path });
  for (const path of [folder, join(folder, 'made', 'later')]) expect(lake(path)).not.toThrow();
  expect(() => requireLakeFolder({ kind: 's3', bucket: 'b', prefix: '' })).not.toThrow();
  expect(lake(file)).toThrow(`LAKE_URL names file://${file}, which is a file: name a folder, which is made`);
  expect(lake(join(file, 'in', 'it'))).toThrow(/which cannot be a folder, as a part of its path is a file/);
});

import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { keepTsxCachePrivate } from './private-tsx-cache.mjs';

let base: string;
beforeEach(() => void (base = mkdtempSync(join(tmpdir(), 'tripline-tsx-'))));
afterEach(() => rmSync(base, { recursive: true, force: true }));

const keep = (folder: string): Record<string, string> => {
  const env = {};
  keepTsxCachePrivate({ env, folder });
  return env;
};

it('makes a folder for this user alone, and keeps to it', () => {
  const folder = join(base, 'tsx');
  expect(keep(folder)).toEqual({});
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(keep(folder)).toEqual({});
});

it('reads nothing that somebody else may have written', () => {
  const open = join(base, 'open');
  mkdirSync(open);
  chmodSync(open, 0o777);
  expect(keep(open)).toEqual({ TSX_DISABLE_CACHE: '1' });
  symlinkSync(open, join(base, 'link'));
  expect(keep(join(base, 'link'))).toEqual({ TSX_DISABLE_CACHE: '1' });
  writeFileSync(join(base, 'file'), '');
  expect(keep(join(base, 'file'))).toEqual({ TSX_DISABLE_CACHE: '1' });
});

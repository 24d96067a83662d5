import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { makeDataDirPrivate } from './private-data-dir.ts';

/** A folder as an earlier version left it, with what else is given. */
function folderOfBefore(...more: string[]): string {
  const parent = mkdtempSync(join(tmpdir(), 'tripline-private-'));
  onTestFinished(() => rmSync(parent, { recursive: true }));
  const folder = join(parent, 'data');
  mkdirSync(folder);
  for (const name of ['run', 'lake', 'clickhouse', 'demo']) {
    mkdirSync(join(folder, name));
    chmodSync(join(folder, name), 0o755);
  }
  for (const name of ['temporal.db', 'temporal.db-wal', 'launcher.lock', 'source.json', ...more]) {
    writeFileSync(join(folder, name), '');
    chmodSync(join(folder, name), 0o644);
  }
  chmodSync(folder, 0o755);
  return folder;
}
const mode = (...path: string[]): string => (statSync(join(...path)).mode & 0o7777).toString(8);

describe.skipIf(process.platform === 'win32')('a DATA_DIR of before', () => {
  it('is closed to others', () => {
    const folder = folderOfBefore();
    makeDataDirPrivate(folder);
    expect(mode(folder)).toBe('700');
    for (const name of ['run', 'lake', 'clickhouse', 'demo']) expect(mode(folder, name)).toBe('700');
    for (const name of ['temporal.db', 'temporal.db-wal', 'launcher.lock', 'source.json'])
      expect(mode(folder, name)).toBe('600');
  });

  it('stays open itself where it holds what is not ours, which stays too', () => {
    const folder = folderOfBefore('notes.txt');
    makeDataDirPrivate(folder);
    expect(mode(folder)).toBe('755');
    expect(mode(folder, 'notes.txt')).toBe('644');
    expect(mode(folder, 'temporal.db')).toBe('600');
    expect(mode(folder, 'lake')).toBe('700');
  });

  it('stays everybody’s where it is by intent, and links are not followed', () => {
    const folder = folderOfBefore();
    const elsewhere = join(folder, '..', 'elsewhere');
    mkdirSync(elsewhere);
    chmodSync(elsewhere, 0o755);
    rmSync(join(folder, 'lake'), { recursive: true });
    symlinkSync(elsewhere, join(folder, 'lake'));
    chmodSync(folder, 0o1777);
    makeDataDirPrivate(folder);
    expect(mode(folder)).toBe('1777');
    expect(mode(elsewhere)).toBe('755');
  });
});

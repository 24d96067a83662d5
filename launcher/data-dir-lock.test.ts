import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { lockDataDir } from './data-dir-lock.ts';
import { identify, isRunning } from './process-identity.ts';
import { Refusal } from './refusal.ts';

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'tripline-lock-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function keepLock(dataDir: string, launcher: unknown, parts: unknown[] = []): void {
  writeFileSync(join(dataDir, 'launcher.lock'), JSON.stringify({ launcher, parts }));
}

describe('the lock on DATA_DIR', () => {
  test('is refused while its holder runs, and free again after', () => {
    const dataDir = folder();
    const lock = lockDataDir(dataDir);
    expect(() => lockDataDir(dataDir)).toThrow(`already running on ${dataDir} (pid ${process.pid})`);
    lock.release();
    lockDataDir(dataDir).release();
    expect(readdirSync(dataDir)).toEqual([]);
  });
  test('of a process whose pid another one has by now is taken over', () => {
    const dataDir = folder();
    keepLock(dataDir, { pid: process.pid, started: 'in another life' });
    expect(lockDataDir(dataDir).leftOver).toEqual([]);
    expect(readdirSync(dataDir)).toEqual(['launcher.lock']);
  });
  test('names the parts that outlived a killed launcher, but no later process of the same pid', () => {
    const dataDir = folder();
    const self = identify(process.pid);
    keepLock(dataDir, { pid: process.pid, started: 'before' }, [
      self,
      { pid: process.ppid, started: 'before' },
    ]);
    expect(lockDataDir(dataDir).leftOver).toEqual([self]);
  });
  test('that is no lock at all is taken over', () => {
    const dataDir = folder();
    writeFileSync(join(dataDir, 'launcher.lock'), '{"half');
    const lock = lockDataDir(dataDir);
    lock.remember([]);
    expect(() => lockDataDir(dataDir)).toThrow(Refusal);
  });
  test('makes the folder, and says so in one line where it cannot', () => {
    const dataDir = folder();
    lockDataDir(join(dataDir, 'new', 'er'));
    expect(existsSync(join(dataDir, 'new', 'er', 'launcher.lock'))).toBe(true);
    writeFileSync(join(dataDir, 'file'), '');
    expect(() => lockDataDir(join(dataDir, 'file'))).toThrow(
      /^DATA_DIR .*file is a file, not a folder: set DATA_DIR to a folder/,
    );
    expect(() => lockDataDir(join(dataDir, 'file', 'in', 'it'))).toThrow(
      /^DATA_DIR .*it cannot be a folder, as a part of its path is a file: /,
    );
    symlinkSync(join(dataDir, 'nowhere', 'at', 'all'), join(dataDir, 'link'));
    expect(() => lockDataDir(join(dataDir, 'link'))).toThrow(/^DATA_DIR .*link cannot be made, as /);
  });
});

describe('the identity of a process', () => {
  test('is its own, and ends with it', async () => {
    const child = spawn('sleep', ['60']);
    await once(child, 'spawn');
    const identity = identify(child.pid ?? 0);
    expect(identity).toBeDefined();
    if (identity === undefined) return;
    expect(isRunning(identity)).toBe(true);
    expect(isRunning({ ...identity, started: 'before' })).toBe(false);
    child.kill();
    await once(child, 'exit');
    expect(isRunning(identity)).toBe(false);
  });
});

import {
  constants,
  copyFileSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { identify, isRunning, type ProcessIdentity } from './process-identity.ts';
import { Refusal } from './refusal.ts';

const identity = z.object({ pid: z.number().int(), started: z.string() });
const content = z.object({ launcher: identity, parts: z.array(identity) });

export interface DataDirLock {
  /** Parts of a launcher that was killed and that may still run. Empty after an orderly stop. */
  leftOver: readonly ProcessIdentity[];
  /** Keeps the processes that the next launcher would have to end, should this one be killed. */
  remember(parts: readonly ProcessIdentity[]): void;
  release(): void;
}

/**
 * Makes this process the only launcher of a folder. A lock whose holder no longer runs is taken over.
 * @throws Refusal when another launcher runs on the folder, or when the folder can't be written
 */
export function lockDataDir(dataDir: string): DataDirLock {
  const path = join(dataDir, 'launcher.lock');
  const own = `${path}.${process.pid}`;
  const self = identify(process.pid) ?? { pid: process.pid, started: '' };
  const write = (parts: readonly ProcessIdentity[]) =>
    writeFileSync(own, `${JSON.stringify({ launcher: self, parts })}\n`);
  try {
    mkdirSync(dataDir, { recursive: true });
    write([]);
  } catch (error) {
    throw new Refusal(whyNotWritten(dataDir, error as NodeJS.ErrnoException));
  }
  const leftOver: ProcessIdentity[] = [];
  try {
    // A link appears with its whole content at once, and only where there was none.
    while (!linked(own, path)) {
      const text = readIfThere(path);
      if (text === undefined) continue;
      const holder = parse(text);
      if (holder !== undefined && isRunning(holder.launcher)) {
        const { pid } = holder.launcher;
        throw new Refusal(
          `already running on ${dataDir} (pid ${pid}): stop it with kill ${pid}, or set DATA_DIR to another folder`,
        );
      }
      moveAway({ path, text, to: `${own}.stale` });
      leftOver.push(...(holder?.parts ?? []).filter(isRunning));
    }
  } finally {
    rmSync(own, { force: true });
  }
  return {
    leftOver,
    remember(parts) {
      write(parts);
      renameSync(own, path);
    },
    release: () => rmSync(path, { force: true }),
  };
}

const OTHER_FOLDER = 'set DATA_DIR to a folder, or to one that can be made';
const WHY_NOT_WRITTEN: Readonly<Record<string, string>> = {
  EEXIST: `is a file, not a folder: ${OTHER_FOLDER}`,
  ENOTDIR: `cannot be a folder, as a part of its path is a file: ${OTHER_FOLDER}`,
  ENOENT: `cannot be made, as its path leads through a link to nowhere: ${OTHER_FOLDER}`,
  EACCES: 'may not be written by this user: give it the permission, or set DATA_DIR to a folder of its own',
  EPERM: 'may not be written by this user: give it the permission, or set DATA_DIR to a folder of its own',
  EROFS: 'is on a disk that can only be read: set DATA_DIR to a folder that can be written',
  ENOSPC:
    'cannot be written, as its disk is full: make room there, or set DATA_DIR to a folder on another disk',
};

function whyNotWritten(dataDir: string, { code = 'unknown error' }: NodeJS.ErrnoException): string {
  const why = WHY_NOT_WRITTEN[code];
  return `DATA_DIR ${dataDir} ${why ?? `cannot be written (${code}): set it to a folder that can`}`;
}

/** @returns false when there is a lock already */
function linked(from: string, to: string): boolean {
  for (const place of [linkSync, copyExclusively]) {
    try {
      place(from, to);
      return true;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST') return false;
      // Some mounted file systems have no hard links.
      if (place === copyExclusively || !['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP'].includes(code ?? ''))
        throw error;
    }
  }
  return false;
}

function copyExclusively(from: string, to: string): void {
  copyFileSync(from, to, constants.COPYFILE_EXCL);
}

/** Takes a stale lock away; one that a quicker launcher has put in its place meanwhile is given back. */
function moveAway({ path, text, to }: { path: string; text: string; to: string }): void {
  try {
    renameSync(path, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if (readFileSync(to, 'utf8') !== text) linked(to, path);
  rmSync(to);
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function parse(text: string): z.infer<typeof content> | undefined {
  try {
    return content.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

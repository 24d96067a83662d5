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
    throw new Refusal(
      `DATA_DIR ${dataDir} cannot be written (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})`,
    );
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

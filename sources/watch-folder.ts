/** Hears of changes in a local folder from the system, instead of looking again and again. */
import { watch as watchBySystem, type FSWatcher } from 'node:fs';
import { stat, statfs } from 'node:fs/promises';
import { basename } from 'node:path';
import type { SourceWatch, WatchListener } from './source.ts';

/** How often it is looked whether the path still leads to the folder that is watched. */
const CHECK_EVERY_MS = 2_000;

/**
 * File systems of this machine alone, by the number that statfs(2) gives. Of all others, and of those that are not known here, other machines may
 * change the files, and nobody tells us.
 */
const LOCAL_FILE_SYSTEMS: ReadonlySet<number> = new Set([
  0xef53, // ext2, ext3, ext4
  0x58465342, // xfs
  0x9123683e, // btrfs
  0xf2f52010, // f2fs
  0x2fc12fc1, // zfs
  0xca451a4e, // bcachefs
  0x01021994, // tmpfs
  0x794c7630, // overlayfs: containers
]);

/** What the system is asked for; tests put something else in its place. */
export interface System {
  watch: (
    path: string,
    options: { persistent: false },
    listener: (event: string, filename: string | null) => void,
  ) => Pick<FSWatcher, 'on' | 'close'>;
  /** The number of the file system. */
  fileSystemOf: (path: string) => Promise<number>;
}

const SYSTEM: System = {
  watch: watchBySystem,
  fileSystemOf: async (path) => (await statfs(path)).type,
};

/**
 * The listener hears of changes, of the beginning of a watch, and of its end: after each of them, what is in the folder may not be what was seen before.
 * A folder that is removed, replaced or not there yet is watched as soon as it is there (again).
 * @param isNews of a file of that name
 */
export function watchFolder({
  path,
  isNews,
  listener: { onChange, onTrouble },
  checkEveryMs = CHECK_EVERY_MS,
  system = SYSTEM,
}: {
  path: string;
  isNews: (filename: string) => boolean;
  listener: WatchListener;
  checkEveryMs?: number;
  system?: System;
}): SourceWatch {
  const ownName = basename(path);
  let watcher: Pick<FSWatcher, 'close'> | undefined;
  /** The folder that is watched. */
  let identity: string | undefined;
  /** Why it is not watched; null while it is, undefined before the first look. */
  let trouble: string | null | undefined;
  let checking = false;
  let closed = false;

  function isWatched(): void {
    if (closed) return;
    if (typeof trouble === 'string') onTrouble(null);
    trouble = null;
    onChange();
  }
  function isNotWatched(why: string): void {
    if (why === trouble || closed) return;
    trouble = why;
    onTrouble(why);
    onChange();
  }

  function end(): void {
    watcher?.close();
    watcher = undefined;
    identity = undefined;
  }

  async function begin(found: string): Promise<void> {
    if (process.platform !== 'linux') return isNotWatched('folders are watched on Linux only');
    const type = await system.fileSystemOf(path);
    if (!LOCAL_FILE_SYSTEMS.has(type))
      return isNotWatched(`it is on a file system (0x${type.toString(16)}) that other machines may write to`);
    const begun = system.watch(path, { persistent: false }, (event, filename) => {
      if (begun !== watcher) return;
      if (filename === null || isNews(filename)) onChange();
      // A folder that is removed or moved tells of that by its own name, and of nothing more.
      if (event === 'rename' && (filename === null || filename === ownName)) void lookAgain();
    });
    begun.on('error', () => {
      if (begun === watcher) void lookAgain();
    });
    watcher = begun;
    // Where it was replaced meanwhile, the next check finds it.
    if ((await identityOf(path)) === found) isWatched();
    else end();
  }

  function lookAgain(): Promise<void> {
    end();
    return check();
  }

  async function check(): Promise<void> {
    if (checking || closed) return;
    checking = true;
    try {
      const found = await identityOf(path);
      if (watcher !== undefined && found === identity) return;
      end();
      identity = found;
      if (found === undefined) isNotWatched('it is not there');
      else await begin(found);
    } catch (error) {
      end();
      isNotWatched(whyNot(error));
    } finally {
      checking = false;
      if (closed) end();
    }
  }

  void check();
  const timer = setInterval(() => void check(), checkEveryMs);
  timer.unref();
  return {
    isReliable: () => watcher !== undefined && trouble === null,
    close() {
      closed = true;
      clearInterval(timer);
      end();
    },
  };
}

/** A folder that is made again may get the number of the one that was removed. */
async function identityOf(path: string): Promise<string | undefined> {
  const stats = await stat(path, { bigint: true }).catch(() => undefined);
  return stats?.isDirectory() === true ? `${stats.dev}-${stats.ino}-${stats.birthtimeNs}` : undefined;
}

function whyNot(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EMFILE')
    return 'the system watches no more files for this user (fs.inotify.max_user_watches, fs.inotify.max_user_instances)';
  return code ?? message;
}

import { chmodSync, lstatSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * tsx keeps the code that it has transformed in `tsx-<uid>` below the system's temporary folder, and runs what it finds there, whoever put it there. So the folder
 * is made for this user alone, and tsx keeps nothing where another user was first.
 * @param env gets TSX_DISABLE_CACHE=1 then, for this process and for all that it starts
 */
export function keepTsxCachePrivate({ env, folder = join(tmpdir(), `tsx-${process.geteuid?.() ?? ''}`) }) {
  if (process.geteuid === undefined) return;
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (error.code !== 'EEXIST') return;
  }
  const stats = lstatSync(folder);
  const isOurs = stats.isDirectory() && stats.uid === process.geteuid();
  const wasPrivate = isOurs && (stats.mode & 0o022) === 0;
  if (isOurs) chmodSync(folder, 0o700);
  if (!wasPrivate) env.TSX_DISABLE_CACHE = '1';
}

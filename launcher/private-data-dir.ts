import { chmodSync, lstatSync, readdirSync, statSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { SOURCE_FOLDER } from '../config/data-folders.ts';

/** What the launcher and its parts keep in `DATA_DIR`, and earlier versions of them. */
const OURS =
  /^(launcher\.lock(\..*)?|source\.json(\.new)?|operator-token|run|lake|clickhouse|demo|temporal\.db(-\w+)?|dump\.rdb|temp-\d+\.rdb)$/;
const OTHERS = 0o077;
const STICKY = 0o1000;

/**
 * Takes from other users of the machine what an earlier version left open to them in `DATA_DIR`: the folder itself, and in it each file and folder of ours. What lies deeper is then out of their reach.
 *
 * These stay as they are: what another user owns, where a link leads to, and the folder itself where it holds something else than ours (a home, a project), or is
 * everybody's by intent (`/tmp`).
 */
export function makeDataDirPrivate(dataDir: string): void {
  const names = readdirSync(dataDir);
  if (names.every((name) => OURS.test(name) || SOURCE_FOLDER.test(name)))
    closeToOthers(dataDir, statSync(dataDir));
  for (const name of names) {
    if (!OURS.test(name)) continue;
    const path = join(dataDir, name);
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats !== undefined && !stats.isSymbolicLink()) closeToOthers(path, stats);
  }
}

function closeToOthers(path: string, { mode, uid }: Stats): void {
  if (uid !== process.getuid?.() || (mode & STICKY) !== 0 || (mode & OTHERS) === 0) return;
  try {
    chmodSync(path, mode & 0o7700);
  } catch {
    // Some mounted file systems have no modes of their own.
  }
}

import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * The executable `<cache>/<key>/<name>`; when it isn't there, `fill` puts it into a fresh folder which then takes its place by
 * one rename. Of two that fill at once the second throws its copy away: nobody ever sees half a file.
 * @param fill gets an empty folder, gives the path of the executable in it, or undefined when it can't be had
 */
export async function cachedFile({ env, key, name }, fill) {
  const cache = writableCache(env);
  const path = join(cache, key, name);
  if (existsSync(path)) return path;
  const work = mkdtempSync(join(cache, `.${key}-`));
  const discard = () => rmSync(work, { recursive: true, force: true });
  process.once('exit', discard);
  try {
    const found = await fill(work);
    if (found === undefined) return undefined;
    const ready = join(work, 'ready');
    mkdirSync(ready);
    chmodSync(found, 0o755);
    renameSync(found, join(ready, name));
    try {
      renameSync(ready, join(cache, key));
    } catch (error) {
      if (!existsSync(path)) throw error;
    }
    return path;
  } finally {
    process.off('exit', discard);
    discard();
  }
}

/**
 * Where there is no home to write to (some containers) a folder of this user under the system's temporary one does. What is in it is run: so a folder does only if
 * nobody else may write to it, and no link that somebody else may have put there.
 */
function writableCache(env) {
  const home = env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  const uid = process.getuid?.() ?? 0;
  for (const [folder, look] of [
    [join(home, 'tripline'), statSync],
    [join(tmpdir(), `tripline-cache-${uid}`), lstatSync],
  ]) {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      accessSync(folder, constants.W_OK);
      const stats = look(folder);
      if (stats.isDirectory() && stats.uid === uid && (stats.mode & 0o022) === 0) return folder;
    } catch {
      // The next one.
    }
  }
  throw new Error(
    `no cache folder can be had: one in ${home} or ${tmpdir()} must be this user's to write to, and nobody else's`,
  );
}

/** A local folder as a source: the `.parquet` files directly inside it. */
import type { BigIntStats } from 'node:fs';
import { open, readdir, stat as statPath } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { requireRange } from './byte-range.ts';
import { isParquetFilename, requireParquetFilename } from './filename.ts';
import { IgnoredTally, type IgnoredFiles } from './ignored-files.ts';
import { createSettling } from './settling.ts';
import type { ByteRange, FileVersion, ListedFile, Source } from './source.ts';
import { SourceError } from './source-error.ts';
import { watchFolder } from './watch-folder.ts';

/** Bytes per piece of `read`. */
const PIECE_BYTES = 1 << 20;
/** Files looked at side by side in a listing; leaves most of libuv's threads to others. */
const LOOKS_AT_ONCE = 16;
/** While files grow, listings come more often than this; where they don't come, changes are told of again. */
const LISTED_LATELY_MS = 3_000;

/**
 * The source for a folder. Symbolic links are followed, subfolders and hidden files ignored. A file that is still being
 * written is not listed until it has settled (`createSettling`); `stat` and `read` take it as it is, for whoever was told
 * of its arrival.
 */
export function createFolderSource({ path }: { path: string }): Source {
  const settling = createSettling();
  let ignored: IgnoredFiles[] = [];
  /** Of the last listing: did it lead to files elsewhere, and was one left out as it was still being written? */
  let seen = { hasLinks: false, isGrowing: false, atMs: -Infinity };
  return {
    async list({ signal }) {
      const tally = new IgnoredTally();
      const { names, hasLinks } = await namesIn(path, tally);
      ignored = tally.all();
      const listed: ListedFile[] = [];
      let isGrowing = false;
      for (let i = 0; i < names.length; i += LOOKS_AT_ONCE) {
        signal.throwIfAborted();
        const looks = names
          .slice(i, i + LOOKS_AT_ONCE)
          .map(async (filename): Promise<ListedFile | undefined> => {
            const file = join(path, filename);
            const stats = await statPath(file, { bigint: true }).catch(() => undefined);
            if (stats === undefined || !stats.isFile()) return undefined;
            const version = versionOf(stats);
            const settled = await settling.isSettled({
              file,
              version,
              mtimeMs: Number(stats.mtimeMs),
              sizeBytes: Number(stats.size),
            });
            isGrowing ||= !settled;
            return settled ? { filename, version, hint: undefined } : undefined;
          });
        listed.push(...(await Promise.all(looks)).filter((file) => file !== undefined));
      }
      settling.forgetAllBut(new Set(names.map((name) => join(path, name))));
      seen = { hasLinks, isGrowing, atMs: performance.now() };
      return listed;
    },

    watch({ onChange, onTrouble }) {
      const watch = watchFolder({
        path,
        isNews: isParquetFilename,
        listener: {
          onTrouble,
          onChange() {
            const isLookedAt = seen.isGrowing && performance.now() - seen.atMs < LISTED_LATELY_MS;
            if (!isLookedAt) onChange();
          },
        },
      });
      return {
        // Nobody tells that a file which a link leads to has changed, or that one has stopped growing.
        isReliable: () => watch.isReliable() && !seen.hasLinks && !seen.isGrowing,
        close: watch.close,
      };
    },

    ignored: () => ignored,

    async gone({ filenames, signal }) {
      const gone: string[] = [];
      for (const filename of filenames) {
        signal.throwIfAborted();
        // One that is still being written is not listed, and there.
        const code = await statPath(join(path, filename)).then(
          () => undefined,
          (error: NodeJS.ErrnoException) => error.code,
        );
        if (code === 'ENOENT') gone.push(filename);
      }
      return gone;
    },

    async stat({ filename, signal }) {
      signal.throwIfAborted();
      requireParquetFilename(filename);
      const file = join(path, filename);
      const stats = await statOrThrow(file);
      return {
        filename,
        version: versionOf(stats),
        sizeBytes: Number(stats.size),
        ranged: true,
        url: pathToFileURL(file).href,
      };
    },

    read({ file, range, signal }) {
      requireParquetFilename(file.filename);
      requireRange(file, range);
      return readFolderFile({ path: join(path, file.filename), file, range, signal });
    },
  };
}

function versionOf({ size, mtimeNs, ino }: BigIntStats): string {
  return `${size}-${mtimeNs}-${ino}`;
}

async function namesIn(path: string, tally: IgnoredTally): Promise<{ names: string[]; hasLinks: boolean }> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    // Symbolic links are what they lead to.
    for (const entry of entries) tally.see(entry.name, { isFolder: entry.isDirectory() });
    const files = entries.filter((entry) => !entry.isDirectory() && isParquetFilename(entry.name));
    return {
      names: files.map(({ name }) => name).sort(),
      hasLinks: files.some((entry) => entry.isSymbolicLink()),
    };
  } catch (cause) {
    throw new SourceError('unavailable', `The folder ${path} cannot be read: ${reasonOf(cause)}`, { cause });
  }
}

async function statOrThrow(path: string): Promise<BigIntStats> {
  let stats;
  try {
    stats = await statPath(path, { bigint: true });
  } catch (cause) {
    throw fileError(path, cause);
  }
  if (!stats.isFile()) throw new SourceError('absent', `${path} is not a file`);
  return stats;
}

function fileError(path: string, cause: unknown): SourceError {
  const gone = ['ENOENT', 'ENOTDIR'].includes((cause as NodeJS.ErrnoException).code ?? '');
  return new SourceError(gone ? 'absent' : 'unavailable', `${path} cannot be read: ${reasonOf(cause)}`, {
    cause,
  });
}

function reasonOf(cause: unknown): string {
  const { code } = cause as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
      return 'it does not exist';
    case 'ENOTDIR':
      return 'it is not a folder';
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    default:
      return code ?? String(cause);
  }
}

/** The version is compared before the first byte and after the last one, on the open file and on its name. */
async function* readFolderFile(options: {
  path: string;
  file: FileVersion;
  range: ByteRange;
  signal: AbortSignal;
}): AsyncGenerator<Uint8Array> {
  const { path, file, range, signal } = options;
  signal.throwIfAborted();
  const requireSame = (stats: BigIntStats) => {
    if (versionOf(stats) !== file.version)
      throw new SourceError('changed', `${path} is no longer version ${file.version}`);
  };
  const handle = await open(path).catch((cause: unknown) => {
    throw fileError(path, cause);
  });
  try {
    requireSame(await handle.stat({ bigint: true }));
    let position = range.start;
    while (position < range.end) {
      signal.throwIfAborted();
      const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, range.end - position));
      const { bytesRead } = await handle.read(piece, 0, piece.length, position).catch((cause: unknown) => {
        throw fileError(path, cause);
      });
      if (bytesRead === 0)
        throw new SourceError('changed', `${path} ends at byte ${position} of ${file.sizeBytes}`);
      position += bytesRead;
      yield piece.subarray(0, bytesRead);
    }
    requireSame(await handle.stat({ bigint: true }));
    requireSame(await statOrThrow(path));
  } finally {
    await handle.close();
  }
}

/** Raw files on a local disk: chunks are written at their offsets into a sparse `.partial`, renamed when whole. */
import { constants } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LakeLostError, type Lake, type PartialFile } from './lake.ts';
import { lakeKey } from './lake-key.ts';

const WHOLE = '.parquet';
const PARTIAL = '.partial';

export function createFolderLake({ path: root }: { path: string }): Lake {
  const final = (key: string) => join(root, `${key}${WHOLE}`);
  const partial = (key: string) => join(root, `${key}${PARTIAL}`);
  /** None while there is no such folder. */
  const names = () =>
    readdir(root).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
  return {
    largestChunkBytes: Infinity,
    key: lakeKey,
    begin: () => Promise.resolve(undefined),

    async sizeOf(key) {
      try {
        return (await stat(final(key))).size;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    },

    async writeChunk({ key, start, bytes, onBytes }) {
      await mkdir(root, { recursive: true, mode: 0o700 });
      const { mode } = await stat(root);
      // Not truncated: other chunks of the same file are written at the same time.
      const file = await open(partial(key), constants.O_CREAT | constants.O_WRONLY, 0o600);
      let written = 0;
      try {
        // For whom the folder is: somebody may share one of their own (LAKE_URL). Some mounted file systems have no modes.
        await file.chmod(mode & 0o666).catch(() => undefined);
        for await (const piece of bytes) {
          for (let offset = 0; offset < piece.length;) {
            const { bytesWritten } = await file.write(
              piece,
              offset,
              piece.length - offset,
              start + written + offset,
            );
            offset += bytesWritten;
          }
          written += piece.length;
          onBytes?.(written);
        }
        await file.datasync();
      } finally {
        await file.close();
      }
      return written;
    },

    async assemble({ key, sizeBytes }) {
      let current: number;
      try {
        current = (await stat(partial(key))).size;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        // An earlier attempt may have renamed it already.
        if ((await this.sizeOf(key)) === sizeBytes) return;
        throw new LakeLostError(`the lake holds no part of ${key}`, { cause: error });
      }
      if (current !== sizeBytes)
        throw new LakeLostError(`the lake holds ${current} of ${sizeBytes} bytes of ${key}`);
      await rename(partial(key), final(key));
    },

    async read({ key, range }) {
      const path = (await this.sizeOf(key)) === undefined ? partial(key) : final(key);
      const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
        throw new LakeLostError(`the lake holds no part of ${key}`, { cause: error });
      });
      try {
        const buffer = Buffer.alloc(range.end - range.start);
        const { bytesRead } = await file.read(buffer, 0, buffer.length, range.start);
        return new Uint8Array(buffer.buffer, buffer.byteOffset, bytesRead);
      } finally {
        await file.close();
      }
    },

    tableFunction: (key) =>
      Promise.resolve({
        sql: `file({lake_path:String}, 'Parquet')`,
        params: { lake_path: final(key) },
      }),

    async remove(key) {
      await rm(final(key), { force: true });
    },

    async keys() {
      return (await names())
        .filter((name) => name.endsWith(WHOLE))
        .map((name) => name.slice(0, -WHOLE.length));
    },

    async partials() {
      const found: PartialFile[] = [];
      for (const name of await names()) {
        if (!name.endsWith(PARTIAL)) continue;
        const path = join(root, name);
        const stats = await stat(path).catch(() => undefined);
        if (stats === undefined) continue;
        found.push({ key: name.slice(0, -PARTIAL.length), touchedAtMs: stats.mtimeMs, handle: path });
      }
      return found;
    },

    async discard({ key }) {
      await rm(partial(key), { force: true });
    },
  };
}

import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** A folder for bodies on their way in and documents on their way out. It is emptied when the engine starts. */
export interface Spool {
  /** A path for one request; nothing is there yet. Remove it with `remove`, whatever came of the request. */
  newPath(): string;
  /**
   * Writes the rows that came with an INSERT: whatever their number, the engine reads them from a file, in parallel.
   * @throws when the client goes before `rest` has ended
   */
  write(path: string, first: Buffer, rest: AsyncIterator<Buffer> | undefined): Promise<void>;
  /** Removes a spooled file; one that was never written is fine. */
  remove(path: string): Promise<void>;
}

/** @throws when the folder cannot be emptied or made (code EACCES, EROFS, …) */
export function openSpool(folder: string): Spool {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return {
    newPath: () => join(folder, randomUUID()),
    write: async (path, first, rest) => {
      const file = await open(path, 'wx', 0o600);
      try {
        await file.appendFile(first);
        for (
          let next = await rest?.next();
          next !== undefined && next.done !== true;
          next = await rest?.next()
        ) {
          await file.appendFile(next.value);
        }
      } finally {
        await file.close();
      }
    },
    remove: (path) => rm(path, { force: true }),
  };
}

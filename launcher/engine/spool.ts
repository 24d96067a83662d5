import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

/** A folder for bodies on their way in and documents on their way out. It is emptied when the engine starts. */
export interface Spool {
  /** A path for one request; nothing is there yet. Remove it with `remove`, whatever came of the request. */
  newPath(): string;
  /** Removes a spooled file; one that was never written is fine. */
  remove(path: string): Promise<void>;
}

/** @throws when the folder cannot be emptied or made (code EACCES, EROFS, …) */
export function openSpool(folder: string): Spool {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return {
    newPath: () => join(folder, randomUUID()),
    remove: (path) => rm(path, { force: true }),
  };
}

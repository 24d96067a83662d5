import { statSync } from 'node:fs';
import type { LakeLocation } from '../config/environment.ts';
import { Refusal } from './refusal.ts';

/**
 * A lake that is a folder is made where there is none; a file in its place would let every load fail, one after the other.
 * @throws Refusal
 */
export function requireLakeFolder(lake: LakeLocation): void {
  if (lake.kind !== 'folder') return;
  const mistake = mistakeIn(lake.path);
  if (mistake === undefined) return;
  throw new Refusal(
    `LAKE_URL names file://${lake.path}, ${mistake}: name a folder, which is made where there is none`,
  );
}

function mistakeIn(path: string): string | undefined {
  try {
    return statSync(path).isDirectory() ? undefined : 'which is a file';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOTDIR'
      ? 'which cannot be a folder, as a part of its path is a file'
      : undefined;
  }
}

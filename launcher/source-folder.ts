import { accessSync, constants, statSync } from 'node:fs';
import { describeSource, type SourceLocation } from '../config/environment.ts';
import { Refusal } from './refusal.ts';

/**
 * A source that is a folder must be there: one that is mistyped would be watched for ever, in vain.
 * @throws Refusal
 */
export function requireSourceFolder(source: SourceLocation): void {
  if (source.kind !== 'folder') return;
  const mistake = mistakeIn(source.path);
  if (mistake === undefined) return;
  throw new Refusal(
    `SOURCE_URL names ${describeSource(source)}, ${mistake}: name a folder that is there, with the files in it, or make this one first`,
  );
}

function mistakeIn(path: string): string | undefined {
  try {
    if (!statSync(path).isDirectory()) return 'which is not a folder';
    accessSync(path, constants.R_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return 'which does not exist';
    if (code === 'ENOTDIR') return 'which does not exist, as a part of its path is a file';
    return `which cannot be read (${code ?? 'unknown error'})`;
  }
}

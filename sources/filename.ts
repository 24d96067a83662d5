import { SourceError } from './source-error.ts';

/**
 * Does a source list this name? A visible `.parquet` file's base name, in any case. Names that could leave their folder
 * (slashes), hidden ones (temporary files of rsync and macOS) and control characters are none.
 */
export function isParquetFilename(name: string): boolean {
  return (
    /\.parquet$/i.test(name) && !name.startsWith('.') && !/[/\\\p{Cc}]/u.test(name) && name.length <= 255
  );
}

/** Names also arrive by signal: one that no listing would show is not there. */
export function requireParquetFilename(filename: string): void {
  if (isParquetFilename(filename)) return;
  throw new SourceError('absent', `${JSON.stringify(filename)} is not the base name of a .parquet file`);
}

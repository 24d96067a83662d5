/** A source that is what the test says, without a file system in between. */
import { readFileSync } from 'node:fs';
import type { Source } from '../../sources/source.ts';
import { SourceError } from '../../sources/source-error.ts';

export interface ShownFile {
  version: string;
  /** Where its bytes are. */
  path: string;
}

/** @param files by name; looked at whenever something is asked */
export function createMemorySource(files: ReadonlyMap<string, ShownFile>): Source {
  const shown = (filename: string): ShownFile => {
    const file = files.get(filename);
    if (file === undefined) throw new SourceError('absent', `there is no ${filename}`);
    return file;
  };
  return {
    list: () =>
      Promise.resolve(
        [...files]
          .map(([filename, { version }]) => ({ filename, version, hint: undefined }))
          .toSorted((one, other) => (one.filename < other.filename ? -1 : 1)),
      ),
    gone: ({ filenames }) => Promise.resolve(filenames.filter((filename) => !files.has(filename))),
    stat: ({ filename }) =>
      Promise.resolve().then(() => {
        const { version, path } = shown(filename);
        return {
          filename,
          version,
          sizeBytes: readFileSync(path).length,
          ranged: true,
          url: `memory:${filename}`,
        };
      }),
    async *read({ file, range }) {
      const { version, path } = shown(file.filename);
      if (version !== file.version) throw new SourceError('changed', `${file.filename} is another version`);
      yield new Uint8Array(readFileSync(path).subarray(range.start, range.end));
    },
  };
}

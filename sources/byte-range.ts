import type { ByteRange, FileVersion } from './source.ts';
import { SourceError } from './source-error.ts';

/** @throws SourceError `broken` for a range that the file does not have, or a start the file cannot be read from */
export function requireRange(file: FileVersion, { start, end }: ByteRange): void {
  if (
    !Number.isSafeInteger(start) ||
    !Number.isSafeInteger(end) ||
    start < 0 ||
    end < start ||
    end > file.sizeBytes
  ) {
    throw new SourceError(
      'broken',
      `${file.filename} has ${file.sizeBytes} bytes; [${start}, ${end}) is no range of it`,
    );
  }
  if (!file.ranged && start !== 0) {
    throw new SourceError(
      'broken',
      `${file.filename} can only be read from its start, not from byte ${start}`,
    );
  }
}

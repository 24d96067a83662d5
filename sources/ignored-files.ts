/** What lies at a source beside the files that it lists: told once for each kind, as whoever put it there may think that it is counted. */
import { visibleText } from '../config/visible-text.ts';
import { isParquetFilename } from './filename.ts';

const REASONS = {
  COMPRESSED: 'compressed as a whole: decompress it, Parquet compresses its own pages',
  OTHER_FORMAT: 'not Parquet: write it as Parquet',
  FOLDER:
    'in a folder of its own: only the files directly at the source are taken, so name that folder as a source, or move its files',
  UNUSABLE_NAME:
    'a name that is hidden, has control characters, slashes or more than 255 characters: rename it',
} as const;

export type IgnoredKind = keyof typeof REASONS;

export interface IgnoredFiles {
  kind: IgnoredKind;
  /** What is wrong, and what to do. */
  reason: string;
  files: number;
  /** The first one's name, as people may see it. */
  example: string;
}

/** @returns undefined for what is listed, and for what nobody takes for data */
export function ignoredKind(name: string, { isFolder = false } = {}): IgnoredKind | undefined {
  if (isFolder) return name.startsWith('.') || name.startsWith('_') ? undefined : 'FOLDER';
  if (isParquetFilename(name)) return undefined;
  if (/\.parquet$/i.test(name)) return 'UNUSABLE_NAME';
  if (/\.parquet\.\w{1,6}$|\.pq\.\w{1,6}$/i.test(name)) return 'COMPRESSED';
  return /\.(csv|tsv|jsonl?|ndjson|orc|avro|arrow|feather|xlsx?|zip|7z|tar|tgz|gz|bz2|zst|xz)$/i.test(name)
    ? 'OTHER_FORMAT'
    : undefined;
}

/** Counts what one listing leaves out. */
export class IgnoredTally {
  readonly #kinds = new Map<IgnoredKind, IgnoredFiles>();

  see(name: string, { isFolder = false } = {}): void {
    const kind = ignoredKind(name, { isFolder });
    if (kind === undefined) return;
    const before = this.#kinds.get(kind);
    if (before !== undefined) before.files += 1;
    else
      this.#kinds.set(kind, {
        kind,
        reason: REASONS[kind],
        files: 1,
        example: visibleText(name).slice(0, 200),
      });
  }

  all(): IgnoredFiles[] {
    return [...this.#kinds.values()];
  }
}

/** Where files appear. Three implementations (folder, HTTP index, HTTP template) behind this one small interface. */

import type { IgnoredFiles } from './ignored-files.ts';

/** One file as a listing shows it, before anything of it is read. */
export interface ListedFile {
  /** Base name, without a folder: `yellow_tripdata_2024-01.parquet`. */
  filename: string;
  /**
   * Identity of the content where the listing tells it (a folder: size, mtime and inode), else undefined: ask `stat`.
   * Equal versions are equal bytes.
   */
  version: string | undefined;
  /**
   * Anything that changes when the file does (the date and size that an index page prints); lets a poll skip `stat`.
   * Undefined when the listing says nothing but the name.
   */
  hint: string | undefined;
}

/** A file with one ETag: what `read` reads or refuses. */
export interface FileVersion {
  filename: string;
  /** ETag as sent, or `modified:<Last-Modified>:<size>` where there is no strong ETag, or `<size>-<mtimeNs>-<inode>`. */
  version: string;
  sizeBytes: number;
  /** Can byte ranges be asked for? If not, the file is read in one stream from its start. */
  ranged: boolean;
  /** The file's address for people and the UI, without credentials. */
  url: string;
}

export interface ByteRange {
  /** First byte. */
  start: number;
  /** One past the last byte. */
  end: number;
}

/** A source throws nothing but SourceError (and AbortError when its signal fires). */
export interface Source {
  /** Every file that is there now and whose name ends in `.parquet`, in ascending order of name. */
  list(options: { signal: AbortSignal }): Promise<ListedFile[]>;
  /**
   * Which of these names, that a listing did not show, are certainly not there. Absent where that cannot be told: of months that are probed, any may be
   * withheld.
   */
  gone?(options: { filenames: readonly string[]; signal: AbortSignal }): Promise<string[]>;
  /** Absent where nobody tells of changes, and only looking helps. Called once. */
  watch?(listener: WatchListener): SourceWatch;
  /** What the last listing left out. Absent where there is no listing. */
  ignored?(): IgnoredFiles[];
  /** What the last listing saw instead of files, for people; undefined where it listed some. */
  sawInstead?(): string | undefined;
  /** @throws SourceError `absent` when it isn't there (or not yet) */
  stat(options: {
    filename: string;
    signal: AbortSignal;
    /** The version that we hold, for servers that tell one in two ways. */
    known?: string | undefined;
    /** It is to be read next. */
    toRead?: boolean | undefined;
  }): Promise<FileVersion>;
  /**
   * Exactly the bytes [start, end) of exactly that version, in pieces of any size. Ends early only by throwing.
   * A source that is not `ranged` refuses any start other than 0.
   * @throws SourceError `changed` when the file is no longer that version
   */
  read(options: { file: FileVersion; range: ByteRange; signal: AbortSignal }): AsyncIterable<Uint8Array>;
}

/** Hears of changes at a source as they happen. */
export interface WatchListener {
  /** Something may be other than the last listing showed. */
  onChange(): void;
  /** The source cannot be watched, and why: only looking helps. Null: it is watched again. `onChange` is called, too. */
  onTrouble(why: string | null): void;
}

export interface SourceWatch {
  /** Will the listener hear of whatever differs from the last listing? */
  isReliable(): boolean;
  close(): void;
}

import type { ListedFile } from './source.ts';

/**
 * Why a source did not give what was asked:
 * - `absent`: it isn't there (404, 410; a 403 on a file never seen, alone, is *not published*)
 * - `throttled`: slow down (403 on a known file, 429, 503); `retryAfterMs` when it said how long
 * - `refused`: this file is refused (403) while the source answers otherwise: the file's own trouble
 * - `changed`: the file is another version than the one asked for: ask `stat` again
 * - `unranged`: the whole file was sent instead of a range: read it in one stream
 * - `unavailable`: reset, timeout, 5xx, truncated body: try again
 * - `broken`: an answer that breaks HTTP or our assumptions in a way that a retry will not mend
 */
export type SourceErrorKind =
  'absent' | 'throttled' | 'refused' | 'changed' | 'unranged' | 'unavailable' | 'broken';

export class SourceError extends Error {
  override name = 'SourceError';
  readonly kind: SourceErrorKind;
  /** Milliseconds from now, from `Retry-After`. */
  readonly retryAfterMs: number | undefined;
  /** The HTTP status behind it, where there was one. */
  readonly status: number | undefined;
  /** What a listing had found when it was stopped; undefined when it was no listing. */
  readonly listed: readonly ListedFile[] | undefined;
  constructor(
    kind: SourceErrorKind,
    message: string,
    options: {
      retryAfterMs?: number | undefined;
      status?: number | undefined;
      listed?: readonly ListedFile[] | undefined;
      cause?: unknown;
    } = {},
  ) {
    super(message, { cause: options.cause });
    this.kind = kind;
    this.retryAfterMs = options.retryAfterMs;
    this.status = options.status;
    this.listed = options.listed;
  }
}

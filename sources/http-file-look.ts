/** Which version a file on an HTTP server is, found out without reading it. */
import { LRUCache } from 'lru-cache';
import type { Exchange } from './http-exchange.ts';
import { statusError } from './http-status.ts';
import type { AskAboutFile } from './lone-refusals.ts';
import { SourceError } from './source-error.ts';

export interface Look {
  etag: string | null;
  lastModified: string | null;
  sizeBytes: number;
  ranged: boolean;
  /** GET said so, which is what counts: HEAD may be answered by another part of the server. */
  byGet: boolean;
}

export interface LookOptions {
  url: string;
  signal: AbortSignal;
  /** Never seen before: what refuses it may mean that it is not published. */
  unseen: boolean | undefined;
}

/** What HEAD said; GET is asked for that version. */
type Said = Pick<Look, 'etag' | 'sizeBytes'>;

export interface FileLook {
  look(options: LookOptions & { toRead?: boolean | undefined }): Promise<Look>;
  lookByGet(options: LookOptions, said?: Said): Promise<Look>;
  /** From now on GET is asked about this file, and not HEAD. */
  preferGet(url: string): void;
}

/** Statuses by which a server speaks of itself, not of what it thinks of HEAD. */
const ABOUT_THE_SERVER: readonly number[] = [408, 421, 425, 502, 504];
const MOST_REMEMBERED = 10_000;
/** Encodings that change the bytes; others (`aws-chunked`, `utf-8`, none at all) are written beside bodies that are plain. */
const COMPRESSED = /\b(x-)?(gzip|compress|deflate|br|zstd|dcb|dcz|bzip2|xz)\b/i;

export const isStrong = (version: string): boolean => version.startsWith('"');

export function versionOf({
  etag,
  lastModified,
  sizeBytes,
}: Pick<Look, 'etag' | 'lastModified' | 'sizeBytes'>) {
  if (etag !== null && isStrong(etag)) return etag;
  return `modified:${lastModified ?? etag ?? ''}:${sizeBytes}`;
}

export function wholeNumber(text: string | null): number | undefined {
  if (text === null || !/^\d+$/.test(text)) return undefined;
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : undefined;
}

/** @throws SourceError `broken` for a body that is compressed */
export function requirePlainBody({ headers, shown }: Exchange): void {
  const encoding = headers.get('content-encoding');
  if (encoding === null || !COMPRESSED.test(encoding)) return;
  throw new SourceError('broken', `${shown}: sent as ${encoding} although only identity was asked for`);
}

export function createFileLook(ask: AskAboutFile): FileLook {
  /** Files of which HEAD tells nothing, or something else than GET. */
  const byGet = new LRUCache<string, true>({ max: MOST_REMEMBERED });
  /** Statuses that GET gave too where HEAD had given them: a file never seen need not be asked for twice. */
  const confirmed = new Set<number>();

  async function look(options: Parameters<FileLook['look']>[0]): Promise<Look> {
    const { url, unseen, toRead } = options;
    if (byGet.has(url)) return lookByGet(options);
    const head = await ask({ ...options, method: 'HEAD' });
    await head.discard();
    const { status, headers } = head;
    if (status !== 200) {
      const isMeant =
        ABOUT_THE_SERVER.includes(status) || head.throttled || (unseen && confirmed.has(status));
      if (isMeant) throw statusError(head);
      return withoutHead(options, status);
    }
    requirePlainBody(head);
    const sizeBytes = wholeNumber(headers.get('content-length'));
    const accepts = headers.get('accept-ranges');
    const said = { etag: headers.get('etag'), lastModified: headers.get('last-modified') };
    // Whether ranges work matters only to a file with a strong ETag.
    const isTied = said.etag !== null && isStrong(said.etag);
    if (sizeBytes === undefined || (accepts === null && isTied)) return lookByGet(options);
    const ranged = accepts?.trim().toLowerCase() === 'bytes';
    const seen = { ...said, sizeBytes, ranged, byGet: false };
    if (toRead !== true || !isTied || !ranged || sizeBytes === 0) return seen;
    const got = await lookByGet(options, seen);
    if (versionOf(got) !== versionOf(seen)) preferGet(url);
    return got;
  }

  /** GET decides where HEAD is refused: an address may be signed for GET alone. */
  async function withoutHead(options: LookOptions, status: number): Promise<Look> {
    try {
      const got = await lookByGet(options);
      preferGet(options.url);
      return got;
    } catch (error) {
      if (error instanceof SourceError && error.status === status) confirmed.add(status);
      throw error;
    }
  }

  async function lookByGet(options: LookOptions, said?: Said): Promise<Look> {
    const range = { range: 'bytes=0-0' };
    const tied = said?.etag ? { ...range, 'if-match': said.etag } : range;
    let answer = await ask({ ...options, method: 'GET', headers: tied });
    await answer.discard();
    if (answer.status === 412 && tied !== range) {
      answer = await ask({ ...options, method: 'GET', headers: range });
      await answer.discard();
    }
    const contentRange = answer.headers.get('content-range') ?? '';
    if (answer.status === 416 && /^bytes \*\/0$/.test(contentRange))
      return { ...identity(answer), sizeBytes: 0, ranged: true, byGet: true };
    if (answer.status === 200) return ofWhole(answer);
    if (answer.status !== 206) throw statusError(answer);
    const [, size = null] = /^bytes 0-0\/(\d+|\*)$/.exec(contentRange) ?? [];
    if (size === null && said !== undefined)
      throw new SourceError(
        'broken',
        `${answer.shown}: asked for bytes 0-0/${said.sizeBytes}, sent ${contentRange || 'no Content-Range'}`,
      );
    const { etag } = identity(answer);
    // Who leaves the size open is believed about it by HEAD, of the same version.
    const sizeBytes = size === '*' && said?.etag === etag ? said?.sizeBytes : wholeNumber(size);
    if (etag === null || sizeBytes === undefined) return lookByWhole(options);
    return { ...identity(answer), sizeBytes, ranged: true, byGet: true };
  }

  /** The headers of the whole file, for a server whose ranges cannot be tied to a version. */
  async function lookByWhole(options: LookOptions): Promise<Look> {
    const answer = await ask({ ...options, method: 'GET' });
    await answer.discard();
    if (answer.status !== 200) throw statusError(answer);
    return ofWhole(answer);
  }

  function preferGet(url: string): void {
    byGet.set(url, true);
  }

  return { look, lookByGet, preferGet };
}

/** @throws SourceError `broken` where the server does not say how large the file is */
function ofWhole(answer: Exchange): Look {
  requirePlainBody(answer);
  const sizeBytes = wholeNumber(answer.headers.get('content-length'));
  if (sizeBytes !== undefined) return { ...identity(answer), sizeBytes, ranged: false, byGet: true };
  throw new SourceError('broken', `${answer.shown}: the server does not say how large the file is`);
}

function identity({ headers }: Exchange): Pick<Look, 'etag' | 'lastModified'> {
  return { etag: headers.get('etag'), lastModified: headers.get('last-modified') };
}

/** One file on an HTTP server: which version it is, and its bytes, checked against that version. */
import { LRUCache } from 'lru-cache';
import { requireRange } from './byte-range.ts';
import { shownUrl, type Exchange } from './http-exchange.ts';
import { createFileLook, isStrong, requirePlainBody, versionOf, wholeNumber } from './http-file-look.ts';
import { statusError } from './http-status.ts';
import { createLoneRefusals, type AskingOptions } from './lone-refusals.ts';
import type { ByteRange, FileVersion } from './source.ts';
import { SourceError } from './source-error.ts';

export interface HttpFiles {
  /**
   * HEAD, or one byte by GET where HEAD is refused, says too little, or says something else than GET.
   * @throws SourceError; a 403 is `refused` where the server answers otherwise, and `throttled` where it does not
   */
  stat(options: {
    url: string;
    filename: string;
    signal: AbortSignal;
    /** Never seen before: a 403 may mean that it is not published. */
    unseen?: boolean;
    /** The version that we hold: where HEAD tells another one, GET decides. */
    known?: string | undefined;
    /** It is to be read next: GET has the last word. */
    toRead?: boolean | undefined;
  }): Promise<FileVersion>;
  read(options: {
    url: string;
    file: FileVersion;
    range: ByteRange;
    signal: AbortSignal;
  }): AsyncGenerator<Uint8Array>;
}

/** Of files whose server has a habit that is remembered. */
const MOST_REMEMBERED = 10_000;

/**
 * Ranges are asked for only where they can be trusted: the server takes them and has a strong ETag, so that `If-Match`
 * and the answer's ETag tie every range to one version. Everything else is read in one stream.
 */
export function createHttpFiles(asking: AskingOptions): HttpFiles {
  /** Versions (`url version`) for which the server took a range request and sent the whole file: not ranged after all. */
  const rangeIgnored = remembering();
  /** Files that the server refuses under `If-Match`, although they are that version. */
  const withoutIfMatch = remembering();
  const ask = createLoneRefusals(asking);
  const { look, lookByGet, preferGet } = createFileLook(ask);

  /** The answer to a range or to the whole file; what `If-Match` was refused for is asked without, and compared by us. */
  async function fetchVersion(url: string, file: FileVersion, range: ByteRange, signal: AbortSignal) {
    const headers: Record<string, string> = {};
    if (file.ranged) headers['range'] = `bytes=${range.start}-${range.end - 1}`;
    if (!isStrong(file.version) || withoutIfMatch.has(url))
      return ask({ url, method: 'GET', headers, signal });
    const conditional = { ...headers, 'if-match': file.version };
    const answer = await ask({ url, method: 'GET', headers: conditional, signal });
    if (answer.status !== 412) return answer;
    await answer.discard();
    const plain = await ask({ url, method: 'GET', headers, signal });
    if (plain.headers.get('etag') === file.version) withoutIfMatch.set(url, true);
    return plain;
  }

  return {
    async stat({ url, filename, signal, unseen, known, toRead }) {
      const options = { url, signal, unseen };
      let seen = await look({ ...options, toRead });
      if (known !== undefined && versionOf(seen) !== known && !seen.byGet) {
        const got = await lookByGet(options, seen);
        if (versionOf(got) === known) {
          preferGet(url);
          seen = got;
        }
      }
      const version = versionOf(seen);
      const ranged = seen.ranged && isStrong(version) && !rangeIgnored.has(`${url} ${version}`);
      return { filename, version, sizeBytes: seen.sizeBytes, ranged, url: shownUrl(url) };
    },
    async *read({ url, file, range, signal }) {
      requireRange(file, range);
      if (range.start === range.end) return;
      const answer = await fetchVersion(url, file, range, signal);
      try {
        requireAnswer({ answer, file, range });
      } catch (error) {
        if (file.ranged && answer.status === 200) rangeIgnored.set(`${url} ${file.version}`, true);
        // It is another version, or HEAD tells another one than GET.
        if (error instanceof SourceError && error.kind === 'changed') preferGet(url);
        await answer.discard();
        throw error;
      }
      yield* exactly(answer, range.end - range.start, answer.status === 206 || range.end === file.sizeBytes);
    },
  };
}

const remembering = () => new LRUCache<string, true>({ max: MOST_REMEMBERED });

/** Is this the version and the range that were asked for? */
function requireAnswer(options: { answer: Exchange; file: FileVersion; range: ByteRange }): void {
  const { answer, file, range } = options;
  const { status, headers, shown } = answer;
  if (status !== 200 && status !== 206) throw statusError(answer);
  requirePlainBody(answer);
  const changed = (now: string) =>
    new SourceError('changed', `${shown} is no longer version ${file.version} but ${now}`, { status });
  const etag = headers.get('etag');
  if (status === 206) {
    if (!file.ranged)
      throw new SourceError('broken', `${shown}: a part was sent, the whole was asked for`, { status });
    if (etag !== null && etag !== file.version) throw changed(etag);
    if (etag === null) throw new SourceError('broken', `${shown}: a range without its ETag`, { status });
    const asked = `bytes ${range.start}-${range.end - 1}/${file.sizeBytes}`;
    const sent = headers.get('content-range');
    // A server may leave the size open; the ETag says that it is the version whose size is known.
    if (sent !== asked && sent !== asked.replace(/\d+$/, '*'))
      throw new SourceError('broken', `${shown}: asked for ${asked}, sent ${sent}`, { status });
    return;
  }
  const sizeBytes = wholeNumber(headers.get('content-length')) ?? file.sizeBytes;
  const version = versionOf({ etag, lastModified: headers.get('last-modified'), sizeBytes });
  if (version !== file.version) throw changed(version);
  if (sizeBytes !== file.sizeBytes) throw changed(`${version} of ${sizeBytes} bytes`);
  if (range.start > 0) {
    throw new SourceError('unranged', `${shown}: the whole file was sent instead of a range`, { status });
  }
}

/** `lengthBytes` bytes of the body. Where the body `ends` there, one byte more is a broken answer. */
async function* exactly(answer: Exchange, lengthBytes: number, ends: boolean): AsyncGenerator<Uint8Array> {
  let left = lengthBytes;
  for await (const piece of answer.body()) {
    if (piece.byteLength > left && ends) {
      throw new SourceError(
        'broken',
        `${answer.shown}: more than the ${lengthBytes} bytes asked for were sent`,
      );
    }
    const wanted = piece.subarray(0, left);
    left -= wanted.byteLength;
    if (wanted.byteLength > 0) yield wanted;
    if (left === 0 && !ends) return;
  }
  if (left > 0) {
    const got = lengthBytes - left;
    throw new SourceError(
      'unavailable',
      `${answer.shown}: the body ended after ${got} of ${lengthBytes} bytes`,
    );
  }
}

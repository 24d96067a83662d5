/** One file on an HTTP server: which version it is, and its bytes, checked against that version. */
import { requireRange } from './byte-range.ts';
import { exchange, shownUrl, type Exchange, type Patience } from './http-exchange.ts';
import type { RequestGate } from './request-gate.ts';
import { statusError } from './http-status.ts';
import type { ByteRange, FileVersion } from './source.ts';
import { SourceError } from './source-error.ts';

export interface HttpFiles {
  /**
   * HEAD, or one byte by GET where HEAD is refused or says too little.
   * @throws SourceError; a 403 is `throttled` here, whether the file is known or not
   */
  stat(options: {
    url: string;
    filename: string;
    signal: AbortSignal;
    /** Never seen before: a 403 may mean that it is not published. */
    unseen?: boolean;
  }): Promise<FileVersion>;
  read(options: {
    url: string;
    file: FileVersion;
    range: ByteRange;
    signal: AbortSignal;
  }): AsyncGenerator<Uint8Array>;
}

/**
 * Ranges are asked for only where they can be trusted: the server takes them and has a strong ETag, so that `If-Match`
 * and the answer's ETag tie every range to one version. Everything else is read in one stream.
 */
export function createHttpFiles({
  patience,
  gate,
}: {
  patience: Patience;
  gate: RequestGate | undefined;
}): HttpFiles {
  /** Versions (`url version`) for which the server took a range request and sent the whole file: not ranged after all. */
  const rangeIgnored = new Set<string>();
  return {
    async stat({ url, filename, signal, unseen }) {
      const seen = await look({ url, signal, patience, gate, unseen });
      const version = versionOf(seen);
      const ranged = seen.ranged && isStrong(version) && !rangeIgnored.has(`${url} ${version}`);
      return { filename, version, sizeBytes: seen.sizeBytes, ranged, url: shownUrl(url) };
    },
    async *read({ url, file, range, signal }) {
      requireRange(file, range);
      if (range.start === range.end) return;
      const headers: Record<string, string> = {};
      if (isStrong(file.version)) headers['if-match'] = file.version;
      if (file.ranged) headers['range'] = `bytes=${range.start}-${range.end - 1}`;
      const answer = await exchange({ url, method: 'GET', headers, signal, patience, gate });
      try {
        requireAnswer({ answer, file, range });
      } catch (error) {
        if (file.ranged && answer.status === 200) rangeIgnored.add(`${url} ${file.version}`);
        await answer.discard();
        throw error;
      }
      yield* exactly(answer, range.end - range.start, answer.status === 206 || range.end === file.sizeBytes);
    },
  };
}

interface Look {
  etag: string | null;
  lastModified: string | null;
  sizeBytes: number;
  ranged: boolean;
}

const isStrong = (version: string) => version.startsWith('"');

function versionOf({ etag, lastModified, sizeBytes }: Look): string {
  if (etag !== null && isStrong(etag)) return etag;
  return `modified:${lastModified ?? etag ?? ''}:${sizeBytes}`;
}

/** What HEAD says, completed by a GET of one byte where it does not say the size or whether ranges are taken. */
interface LookOptions {
  url: string;
  signal: AbortSignal;
  patience: Patience;
  gate: RequestGate | undefined;
  unseen: boolean | undefined;
}

async function look(options: LookOptions): Promise<Look> {
  const head = await exchange({ ...options, method: 'HEAD' });
  await head.discard();
  if (head.status === 200) {
    requireIdentity(head);
    const sizeBytes = wholeNumber(head.headers.get('content-length'));
    const accepts = head.headers.get('accept-ranges');
    const etag = head.headers.get('etag');
    // Whether ranges work matters only to a file with a strong ETag.
    const known = accepts !== null || etag === null || !isStrong(etag);
    if (sizeBytes !== undefined && known) {
      return { ...identity(head), sizeBytes, ranged: accepts?.trim().toLowerCase() === 'bytes' };
    }
  } else if (![405, 501].includes(head.status)) {
    throw statusError(head);
  }
  return lookByGet(options);
}

async function lookByGet(options: LookOptions): Promise<Look> {
  const answer = await exchange({ ...options, method: 'GET', headers: { range: 'bytes=0-0' } });
  await answer.discard();
  const contentRange = answer.headers.get('content-range') ?? '';
  if (answer.status === 206) {
    const sizeBytes = wholeNumber(/^bytes 0-0\/(\d+)$/.exec(contentRange)?.[1] ?? null);
    if (sizeBytes !== undefined) return { ...identity(answer), sizeBytes, ranged: true };
  } else if (answer.status === 416 && /^bytes \*\/0$/.test(contentRange)) {
    return { ...identity(answer), sizeBytes: 0, ranged: true };
  } else if (answer.status === 200) {
    requireIdentity(answer);
    const sizeBytes = wholeNumber(answer.headers.get('content-length'));
    if (sizeBytes !== undefined) return { ...identity(answer), sizeBytes, ranged: false };
  } else {
    throw statusError(answer);
  }
  throw new SourceError('broken', `${answer.shown}: the server does not say how large the file is`);
}

function identity({ headers }: Exchange): Pick<Look, 'etag' | 'lastModified'> {
  return { etag: headers.get('etag'), lastModified: headers.get('last-modified') };
}

function wholeNumber(text: string | null): number | undefined {
  if (text === null || !/^\d+$/.test(text)) return undefined;
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : undefined;
}

function requireIdentity({ headers, shown }: Exchange): void {
  const encoding = headers.get('content-encoding');
  if (encoding === null || encoding.toLowerCase() === 'identity') return;
  throw new SourceError('broken', `${shown}: sent as ${encoding} although only identity was asked for`);
}

/** Is this the version and the range that were asked for? */
function requireAnswer(options: { answer: Exchange; file: FileVersion; range: ByteRange }): void {
  const { answer, file, range } = options;
  const { status, headers, shown } = answer;
  if (status !== 200 && status !== 206) throw statusError(answer);
  requireIdentity(answer);
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
    if (sent !== asked)
      throw new SourceError('broken', `${shown}: asked for ${asked}, sent ${sent}`, { status });
    return;
  }
  const sizeBytes = wholeNumber(headers.get('content-length')) ?? file.sizeBytes;
  const version = versionOf({ ...identity(answer), sizeBytes, ranged: false });
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

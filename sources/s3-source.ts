/** A bucket, or a prefix in one, as a source: the `.parquet` objects directly under it. */
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type GetObjectCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { addAbortSignal, Readable } from 'node:stream';
import { requireRange } from './byte-range.ts';
import { isParquetFilename, requireParquetFilename } from './filename.ts';
import { IgnoredTally, type IgnoredFiles } from './ignored-files.ts';
import { OPEN_GATE, type RequestGate, type RequestOutcome } from './request-gate.ts';
import { s3Outcome, s3SourceError } from './s3-source-error.ts';
import type { ByteRange, FileVersion, ListedFile, Source } from './source.ts';
import { SourceError } from './source-error.ts';

/** TLC has published some two hundred; a listing of more than this is none. */
const MOST_FILES = 1_000_000;

export interface S3SourceOptions {
  client: S3Client;
  bucket: string;
  /** '' or ends with a slash. */
  prefix: string;
  gate?: RequestGate | undefined;
}

/**
 * The ETag is the version: S3's are strong, also those of multipart uploads, and the listing tells them. Whatever lies in
 * deeper "folders" is not listed.
 */
export function createS3Source({
  client,
  bucket,
  prefix: written,
  gate = OPEN_GATE,
}: S3SourceOptions): Source {
  const shownAt = (key: string) => `s3://${bucket}/${key}`;
  /** The prefix, once it is known to be meant as it is written or as an address escapes it. */
  let settled = decoded(written) === written ? written : undefined;
  let sawInstead: string | undefined;

  /** One request whose answer has no body, through the gate. */
  async function ask<Answer>(
    shown: string,
    signal: AbortSignal,
    request: () => Promise<Answer>,
    { ofObject = false } = {},
  ): Promise<Answer> {
    const pass = await gate.enter(signal);
    try {
      const answer = await request();
      pass.leave({ kind: 'good' });
      return answer;
    } catch (cause) {
      const error = s3SourceError({ cause, shown, signal });
      pass.leave(s3Outcome(error, signal, { ofObject }));
      throw error;
    }
  }

  let ignored: IgnoredFiles[] = [];
  async function isEmpty(prefix: string, signal: AbortSignal): Promise<boolean> {
    const command = new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, MaxKeys: 1 });
    const request = () => client.send(command, { abortSignal: signal });
    const { Contents } = await ask(shownAt(prefix), signal, request).catch(requireListing);
    return (Contents ?? []).length === 0;
  }

  /** People copy `s3://b/trip%20data` from browsers: where nothing lies under that, and something under `trip data`, that is meant. */
  async function prefixMeant(signal: AbortSignal): Promise<string> {
    if (settled !== undefined) return settled;
    const other = decoded(written);
    if (!(await isEmpty(written, signal))) settled = written;
    else if (!(await isEmpty(other, signal))) settled = other;
    return settled ?? written;
  }

  /** S3 says 403 about an object, never to slow down: the bucket tells whether it is the object alone or whoever asks. */
  async function whoseRefusal(error: unknown, signal: AbortSignal): Promise<unknown> {
    if (!(error instanceof SourceError) || error.status !== 403) return error;
    await isEmpty(settled ?? written, signal);
    const message = `${error.message}, while the bucket answers otherwise`;
    return new SourceError('refused', message, { status: 403, cause: error });
  }

  return {
    sawInstead: () => sawInstead,
    async list({ signal }) {
      const prefix = await prefixMeant(signal);
      const others: string[] = [];
      const listed: ListedFile[] = [];
      const tally = new IgnoredTally();
      let from: string | undefined;
      do {
        const command = new ListObjectsV2Command({
          Bucket: bucket,
          Prefix: prefix,
          Delimiter: '/',
          ...(from === undefined ? {} : { ContinuationToken: from }),
        });
        const page = await ask(shownAt(prefix), signal, () =>
          client.send(command, { abortSignal: signal }),
        ).catch(requireListing);
        for (const { Key: key = '', ETag: etag } of page.Contents ?? []) {
          const filename = key.slice(prefix.length);
          if (!key.startsWith(prefix)) continue;
          tally.see(filename);
          if (!isParquetFilename(filename)) {
            if (others.length < MOST_SHOWN && filename !== '') others.push(filename);
            continue;
          }
          listed.push({ filename, version: etag && quoted(etag), hint: undefined });
        }
        for (const { Prefix: folder = '' } of page.CommonPrefixes ?? []) {
          const name = folder.slice(prefix.length);
          tally.see(name.replace(/\/$/, ''), { isFolder: true });
          if (others.length < MOST_SHOWN) others.push(name);
        }
        const next = page.IsTruncated === true ? page.NextContinuationToken : undefined;
        if ((next !== undefined && next === from) || listed.length > MOST_FILES)
          throw new SourceError('broken', `${shownAt(prefix)}: a listing without an end`);
        from = next;
      } while (from !== undefined);
      ignored = tally.all();
      sawInstead = listed.length > 0 ? undefined : nothingListed(shownAt(prefix), others);
      // S3 sorts by UTF-8 bytes.
      return listed.sort((a, b) => (a.filename < b.filename ? -1 : 1));
    },

    ignored: () => ignored,

    // The listing is all that there is.
    gone: ({ filenames }) => Promise.resolve([...filenames]),

    async stat({ filename, signal }) {
      requireParquetFilename(filename);
      const key = (await prefixMeant(signal)) + filename;
      const url = shownAt(key);
      const command = new HeadObjectCommand({ Bucket: bucket, Key: key });
      const request = () => client.send(command, { abortSignal: signal });
      const head = await ask(url, signal, request, { ofObject: true }).catch(async (error: unknown) => {
        throw await whoseRefusal(error, signal);
      });
      if (head.ETag === undefined || !isSize(head.ContentLength))
        throw new SourceError('broken', `${url}: an answer without ETag or size`);
      const version = quoted(head.ETag);
      return { filename, version, sizeBytes: head.ContentLength, ranged: true, url };
    },

    async *read({ file, range, signal }) {
      requireParquetFilename(file.filename);
      requireRange(file, range);
      if (range.start === range.end) return;
      const key = (await prefixMeant(signal)) + file.filename;
      const shown = shownAt(key);
      const pass = await gate.enter(signal);
      let outcome: RequestOutcome = { kind: 'good' };
      let refusal: unknown;
      let body: Readable | undefined;
      try {
        const command = new GetObjectCommand({
          Bucket: bucket,
          Key: key,
          Range: `bytes=${range.start}-${range.end - 1}`,
          IfMatch: file.version,
        });
        const answer = await client.send(command, { abortSignal: signal });
        if (!(answer.Body instanceof Readable))
          throw new SourceError('broken', `${shown}: an answer without a body`);
        body = addAbortSignal(signal, answer.Body);
        requireAnswer({ answer, file, range, shown });
        yield* exactly(body, range.end - range.start, shown);
      } catch (cause) {
        const error = s3SourceError({ cause, shown, signal });
        outcome = s3Outcome(error, signal, { ofObject: true });
        if (!(error instanceof SourceError) || error.status !== 403) throw error;
        refusal = error;
      } finally {
        body?.destroy();
        pass.leave(outcome);
      }
      if (refusal !== undefined) throw await whoseRefusal(refusal, signal);
    },
  };
}

const isSize = (bytes: number | undefined): bytes is number =>
  Number.isSafeInteger(bytes) && (bytes ?? -1) >= 0;

const MOST_SHOWN = 3;

/** As an address of the web escapes it; as it is where it is not escaped. */
function decoded(prefix: string): string {
  try {
    return decodeURIComponent(prefix);
  } catch {
    return prefix;
  }
}

function nothingListed(shown: string, others: readonly string[]): string {
  if (others.length === 0) return `${shown}: nothing lies under it`;
  const such = others.map((name) => JSON.stringify(name.slice(0, 100))).join(', ');
  const isSpark = others.some((name) => /\.parquet\/$/i.test(name));
  const advice = isSpark
    ? '. A folder that ends in .parquet (Spark writes such) is no file: name the folder in SOURCE_URL, or put its parts beside each other'
    : '';
  return `${shown}: no .parquet file lies directly under it, only others, such as ${such}${advice}`;
}

/** A listing that is refused is never an empty folder. */
function requireListing(error: unknown): never {
  if (!(error instanceof SourceError) || error.kind !== 'absent') throw error;
  throw new SourceError('unavailable', error.message, { status: error.status, cause: error });
}

/** Some servers leave the quotes out. */
function quoted(etag: string): string {
  return etag.startsWith('"') || etag.startsWith('W/') ? etag : `"${etag}"`;
}

/** Is this the version and the range that were asked for? */
function requireAnswer(options: {
  answer: GetObjectCommandOutput;
  file: FileVersion;
  range: ByteRange;
  shown: string;
}): void {
  const { answer, file, range, shown } = options;
  const etag = quoted(answer.ETag ?? '');
  if (etag !== file.version)
    throw new SourceError('changed', `${shown} is no longer version ${file.version} but ${etag}`);
  const asked = `bytes ${range.start}-${range.end - 1}/${file.sizeBytes}`;
  if (answer.ContentRange !== asked)
    throw new SourceError('broken', `${shown}: asked for ${asked}, sent ${answer.ContentRange}`);
}

async function* exactly(body: Readable, lengthBytes: number, shown: string): AsyncGenerator<Uint8Array> {
  let left = lengthBytes;
  for await (const piece of body as AsyncIterable<Uint8Array>) {
    left -= piece.byteLength;
    if (left < 0)
      throw new SourceError('broken', `${shown}: more than the ${lengthBytes} bytes asked for were sent`);
    yield piece;
  }
  if (left === 0) return;
  const got = lengthBytes - left;
  throw new SourceError('unavailable', `${shown}: the body ended after ${got} of ${lengthBytes} bytes`);
}

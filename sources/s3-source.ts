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
export function createS3Source({ client, bucket, prefix, gate = OPEN_GATE }: S3SourceOptions): Source {
  const shownAt = (key: string) => `s3://${bucket}/${key}`;

  /** One request whose answer has no body, through the gate. */
  async function ask<Answer>(
    shown: string,
    signal: AbortSignal,
    request: () => Promise<Answer>,
  ): Promise<Answer> {
    const pass = await gate.enter(signal);
    try {
      const answer = await request();
      pass.leave({ kind: 'good' });
      return answer;
    } catch (cause) {
      const error = s3SourceError({ cause, shown, signal });
      pass.leave(s3Outcome(error, signal));
      throw error;
    }
  }

  let ignored: IgnoredFiles[] = [];
  return {
    async list({ signal }) {
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
          if (!isParquetFilename(filename)) continue;
          listed.push({ filename, version: etag && quoted(etag), hint: undefined });
        }
        for (const { Prefix: key = '' } of page.CommonPrefixes ?? [])
          tally.see(key.slice(prefix.length).replace(/\/$/, ''), { isFolder: true });
        const next = page.IsTruncated === true ? page.NextContinuationToken : undefined;
        if ((next !== undefined && next === from) || listed.length > MOST_FILES)
          throw new SourceError('broken', `${shownAt(prefix)}: a listing without an end`);
        from = next;
      } while (from !== undefined);
      ignored = tally.all();
      // S3 sorts by UTF-8 bytes.
      return listed.sort((a, b) => (a.filename < b.filename ? -1 : 1));
    },

    ignored: () => ignored,

    // The listing is all that there is.
    gone: ({ filenames }) => Promise.resolve([...filenames]),

    async stat({ filename, signal }) {
      requireParquetFilename(filename);
      const key = prefix + filename;
      const url = shownAt(key);
      const command = new HeadObjectCommand({ Bucket: bucket, Key: key });
      const head = await ask(url, signal, () => client.send(command, { abortSignal: signal }));
      if (head.ETag === undefined || !isSize(head.ContentLength))
        throw new SourceError('broken', `${url}: an answer without ETag or size`);
      const version = quoted(head.ETag);
      return { filename, version, sizeBytes: head.ContentLength, ranged: true, url };
    },

    async *read({ file, range, signal }) {
      requireParquetFilename(file.filename);
      requireRange(file, range);
      if (range.start === range.end) return;
      const key = prefix + file.filename;
      const shown = shownAt(key);
      const pass = await gate.enter(signal);
      let outcome: RequestOutcome = { kind: 'good' };
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
        outcome = s3Outcome(error, signal);
        throw error;
      } finally {
        body?.destroy();
        pass.leave(outcome);
      }
    },
  };
}

const isSize = (bytes: number | undefined): bytes is number =>
  Number.isSafeInteger(bytes) && (bytes ?? -1) >= 0;

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

/**
 * Raw files in a bucket. A file of several chunks is a multipart upload with one part per chunk (part number = chunk + 1), a file
 * of one chunk is simply put. Parts cannot be read before the upload is complete, so chunks that must be (those with the
 * footer) are kept beside it until then: `<key>.tail-<start>`.
 */
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  type S3Client,
  AbortMultipartUploadCommand,
} from '@aws-sdk/client-s3';
import { Readable } from 'node:stream';
import { LONG_ANSWER, momentOf, s3Refusal } from '../config/s3-client.ts';
import { LakeLostError, type ChunkToWrite, type Lake, type PartialFile } from './lake.ts';
import { lakeKey } from './lake-key.ts';
import { listObjects, listParts, listUploads } from './s3-listings.ts';
import { uploadStream } from './s3-upload.ts';

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const LARGEST_PART_BYTES = 5 * 2 ** 30;
const WHOLE = '.parquet';
const TAIL = /^(?<key>[0-9a-f]+)\.tail-(?<start>\d+)$/;

export function createS3Lake({
  client,
  bucket,
  prefix,
  tableUrl,
}: {
  client: S3Client;
  bucket: string;
  /** '' or ends with a slash; it is ours alone. */
  prefix: string;
  /** The address of an object as the engine's `s3()` takes it. */
  tableUrl: (objectKey: string) => string;
}): Lake {
  const whole = (key: string) => ({ Bucket: bucket, Key: `${prefix}${key}${WHOLE}` });
  const tail = (key: string, start: number) => ({ Bucket: bucket, Key: `${prefix}${key}.tail-${start}` });

  /** Undefined when there is no such object. */
  async function unlessMissing<Answer>(answer: Promise<Answer>): Promise<Answer | undefined> {
    try {
      return await answer;
    } catch (error) {
      if (s3Refusal(error)?.status === 404) return undefined;
      throw error;
    }
  }

  async function sizeOf(key: string): Promise<number | undefined> {
    return (await unlessMissing(client.send(new HeadObjectCommand(whole(key)))))?.ContentLength;
  }

  async function* bytesOf(object: { Bucket: string; Key: string }): AsyncGenerator<Uint8Array> {
    const { Body: body } = await client.send(new GetObjectCommand(object));
    if (body instanceof Readable) yield* body as AsyncIterable<Uint8Array>;
  }

  async function rangeOf(object: { Bucket: string; Key: string }, start: number, end: number) {
    const command = new GetObjectCommand({ ...object, Range: `bytes=${start}-${end - 1}` });
    const answer = await unlessMissing(client.send(command));
    return answer?.Body?.transformToByteArray();
  }

  async function tailsOf(key: string): Promise<{ start: number; sizeBytes: number }[]> {
    const tails: { start: number; sizeBytes: number }[] = [];
    for await (const object of listObjects({ client, bucket, prefix: `${prefix}${key}.tail-` })) {
      const start = TAIL.exec(object.key.slice(prefix.length))?.groups?.['start'];
      if (start !== undefined) tails.push({ start: Number(start), sizeBytes: object.sizeBytes });
    }
    return tails.sort((a, b) => a.start - b.start);
  }

  async function complete(key: string, uploadId: string, sizeBytes: number): Promise<void> {
    const object = { ...whole(key), UploadId: uploadId };
    const parts = await unlessMissing(listParts({ client, ...object }));
    if (parts === undefined) {
      // An earlier attempt may have completed it already.
      if ((await sizeOf(key)) === sizeBytes) return;
      throw new LakeLostError(`the upload of ${key} is gone`);
    }
    const held = parts.reduce((sum, part) => sum + part.sizeBytes, 0);
    const inOrder = parts.every(({ partNumber }, index) => partNumber === index + 1);
    if (!inOrder || held !== sizeBytes)
      throw new LakeLostError(
        `the lake holds ${held} of ${sizeBytes} bytes of ${key}, in ${parts.length} parts`,
      );
    const MultipartUpload = { Parts: parts.map(({ part }) => part) };
    await unlessMissing(
      client.send(new CompleteMultipartUploadCommand({ ...object, MultipartUpload }), LONG_ANSWER),
    );
    const assembled = await sizeOf(key);
    if (assembled !== sizeBytes)
      throw new LakeLostError(`${key} has ${assembled ?? 'no'} bytes in the lake, not ${sizeBytes}`);
  }

  async function writePart(chunk: ChunkToWrite & { uploadId: string }): Promise<number> {
    const { key, uploadId, chunkId, start, sizeBytes, readable, onBytes } = chunk;
    const part = { kind: 'part', ...whole(key), UploadId: uploadId, PartNumber: chunkId + 1 } as const;
    let { bytes } = chunk;
    if (readable) {
      const kept = tail(key, start);
      await uploadStream({ client, to: { kind: 'object', ...kept }, bytes, sizeBytes, onBytes });
      bytes = bytesOf(kept);
    }
    try {
      return await uploadStream({ client, to: part, bytes, sizeBytes, onBytes });
    } catch (error) {
      if (s3Refusal(error)?.code !== 'NoSuchUpload') throw error;
      throw new LakeLostError(`the upload of ${key} is gone`, { cause: error });
    }
  }

  return {
    largestChunkBytes: LARGEST_PART_BYTES,
    key: lakeKey,
    sizeOf,

    async begin({ key, chunks }) {
      if (chunks === 1) return undefined;
      const { UploadId } = await client.send(new CreateMultipartUploadCommand(whole(key)));
      return UploadId;
    },

    async writeChunk(chunk) {
      const { key, uploadId, sizeBytes, fileBytes, bytes, onBytes } = chunk;
      if (uploadId !== undefined) return writePart({ ...chunk, uploadId });
      // Begun when the lake was another one.
      if (sizeBytes !== fileBytes) throw new LakeLostError(`there is no upload of ${key}`);
      return uploadStream({ client, to: { kind: 'object', ...whole(key) }, bytes, sizeBytes, onBytes });
    },

    async assemble({ key, uploadId, sizeBytes }) {
      if (uploadId !== undefined) await complete(key, uploadId, sizeBytes);
      else if ((await sizeOf(key)) !== sizeBytes)
        throw new LakeLostError(`the lake does not hold ${key} whole`);
      for (const { start } of await tailsOf(key))
        await client.send(new DeleteObjectCommand(tail(key, start)));
    },

    async read({ key, range: { start, end } }) {
      if (start >= end) return new Uint8Array();
      const found = await rangeOf(whole(key), start, end);
      if (found !== undefined) return found;
      const pieces: Uint8Array[] = [];
      let position = start;
      for (const kept of await tailsOf(key)) {
        const keptEnd = kept.start + kept.sizeBytes;
        if (position < kept.start || position >= Math.min(keptEnd, end)) continue;
        const upTo = Math.min(keptEnd, end);
        const piece = await rangeOf(tail(key, kept.start), position - kept.start, upTo - kept.start);
        if (piece === undefined) break;
        pieces.push(piece);
        position = upTo;
      }
      if (position < end) throw new LakeLostError(`bytes ${position} to ${end} of ${key} cannot be read`);
      return new Uint8Array(Buffer.concat(pieces));
    },

    async tableFunction(key) {
      const { accessKeyId, secretAccessKey, sessionToken } = await client.config.credentials();
      // Bound by names that begin with `secret_`: they are neither in a statement's text nor in an address, and the engine
      // hides them in its own messages.
      const given = {
        lake_url: tableUrl(whole(key).Key),
        lake_key_id: accessKeyId,
        secret_lake_key: secretAccessKey,
        ...(sessionToken === undefined ? {} : { secret_lake_token: sessionToken }),
      };
      const names = Object.keys(given).map((name) => `{${name}:String}`);
      return { sql: `s3(${names.join(', ')}, 'Parquet')`, params: given };
    },

    async remove(key) {
      await unlessMissing(client.send(new DeleteObjectCommand(whole(key))));
    },

    async keys() {
      const keys: string[] = [];
      for await (const { key } of listObjects({ client, bucket, prefix }))
        if (key.endsWith(WHOLE)) keys.push(key.slice(prefix.length, -WHOLE.length));
      return keys;
    },

    async partials() {
      const partials: PartialFile[] = [];
      for await (const { key, uploadId, startedAt } of listUploads({ client, bucket, prefix })) {
        const name = key.slice(prefix.length);
        if (!name.endsWith(WHOLE)) continue;
        const ours = name.slice(0, -WHOLE.length);
        partials.push({ key: ours, touchedAtMs: momentOf(startedAt), handle: `upload ${uploadId}` });
      }
      for await (const { key, modifiedAt } of listObjects({ client, bucket, prefix })) {
        const kept = TAIL.exec(key.slice(prefix.length))?.groups;
        if (kept === undefined) continue;
        const touchedAtMs = momentOf(modifiedAt);
        partials.push({ key: kept['key'] ?? '', touchedAtMs, handle: `tail ${kept['start']}` });
      }
      return partials;
    },

    async discard({ key, handle }) {
      const [kind, name = ''] = handle.split(' ');
      const gone =
        kind === 'upload'
          ? client.send(new AbortMultipartUploadCommand({ ...whole(key), UploadId: name }))
          : client.send(new DeleteObjectCommand(tail(key, Number(name))));
      await unlessMissing<unknown>(gone);
    },
  };
}

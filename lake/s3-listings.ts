/** What S3 tells in pages. */
import {
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  type CompletedPart,
  type S3Client,
} from '@aws-sdk/client-s3';

interface Listing {
  client: S3Client;
  bucket: string;
  prefix: string;
}

export async function* listObjects({
  client,
  bucket,
  prefix,
}: Listing): AsyncGenerator<{ key: string; sizeBytes: number; modifiedAt: Date | undefined }> {
  let from: string | undefined;
  do {
    const page = await client.send(
      new ListObjectsV2Command({
        Bucket: bucket,
        Prefix: prefix,
        ...(from === undefined ? {} : { ContinuationToken: from }),
      }),
    );
    for (const { Key: key, Size: sizeBytes = 0, LastModified: modifiedAt } of page.Contents ?? [])
      if (key !== undefined) yield { key, sizeBytes, modifiedAt };
    from = nextPage(from, page.IsTruncated === true ? page.NextContinuationToken : undefined);
  } while (from !== undefined);
}

/** @throws Error for a page that is its own next one: such a listing has no end */
export function nextPage(current: string | undefined, next: string | undefined): string | undefined {
  if (next !== undefined && next === current)
    throw new Error('S3 gives the same page of a listing again and again');
  return next;
}

/** Multipart uploads that were neither completed nor aborted. */
export async function* listUploads({
  client,
  bucket,
  prefix,
}: Listing): AsyncGenerator<{ key: string; uploadId: string; startedAt: Date | undefined }> {
  let from: { KeyMarker: string; UploadIdMarker?: string } | undefined;
  do {
    const page = await client.send(
      new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix, ...from }),
    );
    for (const { Key: key, UploadId: uploadId, Initiated: startedAt } of page.Uploads ?? [])
      if (key !== undefined && uploadId !== undefined) yield { key, uploadId, startedAt };
    const { IsTruncated, NextKeyMarker, NextUploadIdMarker } = page;
    if (IsTruncated === true && NextKeyMarker !== undefined)
      nextPage(
        from && JSON.stringify([from.KeyMarker, from.UploadIdMarker]),
        JSON.stringify([NextKeyMarker, NextUploadIdMarker]),
      );
    from =
      IsTruncated === true && NextKeyMarker !== undefined
        ? {
            KeyMarker: NextKeyMarker,
            ...(NextUploadIdMarker === undefined ? {} : { UploadIdMarker: NextUploadIdMarker }),
          }
        : undefined;
  } while (from !== undefined);
}

export interface HeldPart {
  partNumber: number;
  sizeBytes: number;
  /** As completing the upload wants it. */
  part: CompletedPart;
}

/** Parts in ascending order, each once: some servers also list those that were uploaded again. */
export async function listParts({
  client,
  Bucket,
  Key,
  UploadId,
}: {
  client: S3Client;
  Bucket: string;
  Key: string;
  UploadId: string;
}): Promise<HeldPart[]> {
  const held = new Map<number, HeldPart & { atMs: number }>();
  let from: string | undefined;
  do {
    const page = await client.send(
      new ListPartsCommand({
        Bucket,
        Key,
        UploadId,
        ...(from === undefined ? {} : { PartNumberMarker: from }),
      }),
    );
    for (const { PartNumber, ETag, Size = 0, LastModified, ChecksumCRC32 } of page.Parts ?? []) {
      if (PartNumber === undefined) continue;
      const atMs = LastModified?.getTime() ?? 0;
      if ((held.get(PartNumber)?.atMs ?? -1) > atMs) continue;
      const checksum = ChecksumCRC32 === undefined ? {} : { ChecksumCRC32 };
      const part = { PartNumber, ...(ETag === undefined ? {} : { ETag }), ...checksum };
      held.set(PartNumber, { partNumber: PartNumber, sizeBytes: Size, part, atMs });
    }
    from = nextPage(from, page.IsTruncated === true ? page.NextPartNumberMarker : undefined);
  } while (from !== undefined);
  return [...held.values()].sort((a, b) => a.partNumber - b.partNumber);
}

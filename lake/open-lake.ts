import type { LakeLocation } from '../config/environment.ts';
import { createS3Client, type S3Settings } from '../config/s3-client.ts';
import { createFolderLake } from './folder-lake.ts';
import type { Lake } from './lake.ts';
import { createS3Lake } from './s3-lake.ts';

/** The lake that `LAKE_URL` names. */
export function openLake({ location, s3 }: { location: LakeLocation; s3: S3Settings }): Lake {
  if (location.kind === 'folder') return createFolderLake({ path: location.path });
  const { bucket, prefix } = location;
  const endpoint = s3.endpoint?.replace(/\/+$/, '') ?? `https://s3.${s3.region}.amazonaws.com`;
  return createS3Lake({
    client: createS3Client(s3),
    bucket,
    prefix,
    tableUrl: (objectKey) => `${endpoint}/${bucket}/${objectKey}`,
  });
}

/** What the sweep forgets of a lake, and what it leaves alone. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSweepLakeActivities } from '../../activities/sweep-lake-activities.ts';
import { createFolderLake } from '../../lake/folder-lake.ts';
import type { Lake } from '../../lake/lake.ts';
import { openLake } from '../../lake/open-lake.ts';
import { startS3Server, type S3Server } from '../support/s3-server.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const PART_BYTES = 5 * 2 ** 20;
const folder = mkdtempSync(join(tmpdir(), 'tripline-lake-sweep-'));
let server: S3Server;

beforeAll(async () => {
  server = await startS3Server();
});
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const known = ['ingesting', 'ended'].map((filename) => ({ source: 'yellow', filename, version: '"1"' }));
const keyOf = (lake: Lake, filename: string) => lake.key({ source: 'yellow', filename, version: '"1"' });

async function* zeros(sizeBytes: number): AsyncGenerator<Uint8Array> {
  yield Buffer.alloc(sizeBytes);
}

/** A file of two chunks of which the last one is there. */
async function begin(lake: Lake, filename: string) {
  const key = keyOf(lake, filename);
  const uploadId = await lake.begin({ key, chunks: 2 });
  const fileBytes = PART_BYTES + 1_000;
  const chunk = (chunkId: number) => {
    const sizeBytes = chunkId === 0 ? PART_BYTES : 1_000;
    const readable = chunkId === 1;
    const start = chunkId * PART_BYTES;
    return { key, uploadId, chunkId, start, sizeBytes, fileBytes, readable, bytes: zeros(sizeBytes) };
  };
  await lake.writeChunk(chunk(1));
  return {
    finish: () =>
      lake.writeChunk(chunk(0)).then(() => lake.assemble({ key, uploadId, sizeBytes: fileBytes })),
  };
}

async function sweep(lake: Lake, afterMs: number): Promise<string[]> {
  const { sweepLake } = createSweepLakeActivities({
    lake,
    knownFiles: () => Promise.resolve(known),
    isIngesting: (filename) => Promise.resolve(filename === 'ingesting'),
    now: () => Date.now() + afterMs,
  });
  return new MockActivityEnvironment().run(sweepLake);
}

describe.each([
  [
    'S3',
    () =>
      openLake({
        location: { kind: 's3', bucket: server.bucket, prefix: 'lake/' },
        s3: { endpoint: server.endpoint, region: 'us-east-1' },
      }),
  ],
  ['a folder', () => createFolderLake({ path: join(folder, 'lake') })],
])('a lake on %s', (_, open) => {
  it('is swept of what nobody will make whole', { timeout: 60_000 }, async () => {
    const lake = open();
    expect(await sweep(lake, 30 * DAY_MS)).toEqual([]);
    const whole = await begin(lake, 'whole');
    await whole.finish();
    const ingesting = await begin(lake, 'ingesting');
    await begin(lake, 'ended');
    await begin(lake, 'unknown');

    expect(await lake.keys()).toEqual([keyOf(lake, 'whole')]);
    expect(await sweep(lake, 0)).toEqual([]);
    expect(await sweep(lake, 11 * MINUTE_MS)).toEqual([keyOf(lake, 'ended')]);
    expect(await sweep(lake, 23 * 60 * MINUTE_MS)).toEqual([]);
    expect(await sweep(lake, 30 * DAY_MS)).toEqual([keyOf(lake, 'unknown')]);
    expect(new Set((await lake.partials()).map(({ key }) => key))).toEqual(
      new Set([keyOf(lake, 'ingesting')]),
    );

    await ingesting.finish();
    expect(await lake.sizeOf(keyOf(lake, 'ingesting'))).toBe(PART_BYTES + 1_000);
    expect(await lake.sizeOf(keyOf(lake, 'whole'))).toBe(PART_BYTES + 1_000);
    expect(await lake.partials()).toEqual([]);
  });
});

import type { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { expect, it } from 'vitest';
import { createDiskRoom } from '../config/disk-room.ts';
import { ClickHouseError } from '../warehouse/warehouse.ts';
import { DISK_FULL, roomInterceptor } from './wait-for-room.ts';

const GB = 1e9;
const disk = { freeBytes: 0, totalBytes: 10 * GB };
const told: string[] = [];
const interceptor = roomInterceptor({
  room: createDiskRoom(
    () => ['/data'],
    () => disk,
  ),
  tellWatcher: (filename) => {
    told.push(filename);
    return Promise.resolve();
  },
});

/** What an activity comes to, as Temporal sees it, with so much free. */
async function run(
  activityType: string,
  {
    freeBytes,
    error,
    input = { filename: 'x.parquet' },
  }: { freeBytes: number; error?: Error; input?: object },
): Promise<string> {
  disk.freeBytes = freeBytes;
  const { inbound } = interceptor({ info: { activityType } } as Context);
  const next = () => (error === undefined ? Promise.resolve('done') : Promise.reject(error));
  try {
    return String(await inbound.execute?.({ args: [input], headers: {} }, next));
  } catch (failure) {
    if (!(failure instanceof ApplicationFailure)) return (failure as Error).message;
    expect(failure).toMatchObject({ type: DISK_FULL, nonRetryable: false });
    expect(failure.nextRetryDelay).toBe(5_000);
    return failure.message;
  }
}

it('what loads waits while a disk is nearly full, and the watcher is told when that changes', async () => {
  const file = { filename: 'x.parquet', sizeBytes: 2 * GB };
  expect(await run('prepareFile', { freeBytes: 9 * GB })).toBe('done');
  expect(await run('loadIntoWarehouse', { freeBytes: 4 * GB, input: file })).toMatch(
    /^The disk of \/data is nearly full: 4,000 MB .* until 4,500 MB/,
  );
  expect(await run('fetchChunk', { freeBytes: 0.1 * GB, input: { file, chunk: { chunkSize: 8 } } })).toMatch(
    /full/,
  );
  // What is loaded already is published, and written down.
  for (const activity of ['publishAs', 'recordStage', 'listChanges'])
    expect(await run(activity, { freeBytes: 0 })).toBe('done');
  expect(told).toEqual(['x.parquet']);
  expect(await run('loadIntoWarehouse', { freeBytes: 5 * GB, input: file })).toBe('done');
  expect(told).toEqual(['x.parquet', 'x.parquet']);
});

it('a write that finds no room is tried again, whoever says so, and other failures are what they are', async () => {
  const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  const wrapped = new Error('the lake cannot be written', { cause: full });
  const clickhouse = new ClickHouseError({
    message: 'Cannot reserve 1 MiB',
    code: '243',
    type: 'NOT_ENOUGH_SPACE',
  });
  for (const error of [full, wrapped, clickhouse])
    expect(await run('loadIntoWarehouse', { freeBytes: 9 * GB, error })).toMatch(/full/);
  expect(await run('loadIntoWarehouse', { freeBytes: 9 * GB, error: new Error('other') })).toBe('other');
});

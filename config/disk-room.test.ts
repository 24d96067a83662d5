import { expect, it } from 'vitest';
import { createDiskRoom } from './disk-room.ts';

const MB = 1e6;
const GB = 1e9;

it('keeps a twentieth of the disk free, at least 64 MiB and at most 1 GiB, and room for what comes', () => {
  const disk = { freeBytes: 0, totalBytes: 0 };
  const room = createDiskRoom(
    () => ['/data'],
    () => disk,
  );
  const has = (freeBytes: number, totalBytes: number, bytes = 0) => {
    Object.assign(disk, { freeBytes, totalBytes });
    return room.has(bytes);
  };
  expect([has(66 * MB, 400 * MB), has(68 * MB, 400 * MB)]).toEqual([false, true]);
  expect([has(499 * MB, 10 * GB), has(501 * MB, 10 * GB)]).toEqual([false, true]);
  expect([has(1 * GB, 900 * GB), has(1.1 * GB, 900 * GB)]).toEqual([false, true]);
  expect([has(1.1 * GB, 900 * GB, 100 * MB), has(1.2 * GB, 900 * GB, 100 * MB)]).toEqual([false, true]);
  // A file system that does not say how large it is stops nothing.
  expect(has(0, 0, GB)).toBe(true);
});

it('tells of the disk that is short, in bytes, until there is room for what was asked', () => {
  const free = new Map([
    ['/lake', 50 * GB],
    ['/data', 700 * MB],
  ]);
  const room = createDiskRoom(
    () => [...free.keys()],
    (folder) => ({ freeBytes: free.get(folder) ?? 0, totalBytes: 10 * GB }),
  );
  expect(room.trouble()).toBeUndefined();
  expect(room.has(400 * MB)).toBe(false);
  expect(room.trouble()).toBe(
    'The disk of /data is nearly full: 700 MB (700,000,000 bytes) are free, and loading waits until 900 MB (900,000,000 bytes) are. Make room there, or move DATA_DIR (or LAKE_URL) to a larger disk; loading goes on by itself.',
  );
  free.set('/data', 800 * MB);
  expect(room.trouble()).toContain('800 MB');
  free.set('/data', 2 * GB);
  expect(room.trouble()).toBeUndefined();
  free.set('/data', 700 * MB);
  expect(room.trouble()).toBeUndefined();
});

it('measures real disks, also for a folder that is not there yet', () => {
  const room = createDiskRoom(() => ['/', '/no/such/folder']);
  expect(room.has(2 ** 52)).toBe(false);
  expect(room.trouble()).toMatch(/^The disk of \/ is nearly full: [\d,]+ MB/);
  expect(createDiskRoom(() => ['/no/such/folder']).has(2 ** 52)).toBe(false);
});

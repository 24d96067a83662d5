/** Is there room on the disks that files are loaded onto? Full ones break whatever writes there, databases first: so loading stops before. */
import { existsSync, statfsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Bytes that stay free for databases, logs and merges: a share of the disk, within bounds. */
const RESERVE = { share: 0.05, least: 64 * 2 ** 20, most: 2 ** 30 };

/** Sizes in bytes; the disk's whole size is 0 where the system does not tell. */
type Measure = (folder: string) => { freeBytes: number; totalBytes: number };

interface Shortage {
  folder: string;
  freeBytes: number;
  wantedBytes: number;
}

export interface DiskRoom {
  /** Is there room for so many bytes, beside the reserve? Where there is not, it stays `trouble` until there is. */
  has(bytes: number): boolean;
  /** A write failed for lack of room, whatever the system says of free space (a quota may be all that is left). */
  wasRefused(bytes: number): void;
  /** What a person should know and do; undefined while there is room for all that was asked for. */
  trouble(): string | undefined;
}

/** Milliseconds. Who waits for room asks again every few seconds; who does not any more has been taken out. */
const FORGOTTEN_MS = 60_000;

/** @param folders on the disks that are written to, asked each time; those that are not there yet lie where their parents do */
export function createDiskRoom(folders: () => readonly string[], measure: Measure = measureDisk): DiskRoom {
  let needed = 0;
  let askedAt = 0;
  const remember = (bytes: number): void => {
    needed = Math.max(needed, bytes);
    askedAt = performance.now();
  };
  function shortage(bytes: number): Shortage | undefined {
    for (const folder of folders()) {
      const { freeBytes, totalBytes } = measure(folder);
      if (totalBytes === 0) continue;
      const reserve = Math.min(RESERVE.most, Math.max(RESERVE.least, totalBytes * RESERVE.share));
      const wantedBytes = Math.ceil(reserve) + bytes;
      if (freeBytes < wantedBytes) return { folder, freeBytes, wantedBytes };
    }
    return undefined;
  }
  return {
    has(bytes) {
      if (shortage(bytes) === undefined) return true;
      remember(bytes);
      return false;
    },
    wasRefused: remember,
    trouble() {
      if (performance.now() - askedAt > FORGOTTEN_MS) needed = 0;
      const found = shortage(needed);
      if (found !== undefined) return told(found);
      needed = 0;
      return undefined;
    },
  };
}

/** Folders on disks of this machine that a worker's loads are written to: its lake, and what the servers of `npm start` keep in the same `DATA_DIR`. */
export function writtenFolders({
  dataDir,
  lake,
}: {
  dataDir: string;
  lake: { kind: 'folder'; path: string } | { kind: 's3' };
}): string[] {
  return [
    ...(existsSync(join(dataDir, 'run')) ? [dataDir] : []),
    ...(lake.kind === 'folder' ? [lake.path] : []),
  ];
}

function told({ folder, freeBytes, wantedBytes }: Shortage): string {
  return `The disk of ${folder} is nearly full: ${inBytes(freeBytes)} are free, and loading waits until ${inBytes(wantedBytes)} are. Make room there, or move DATA_DIR (or LAKE_URL) to a larger disk; loading goes on by itself.`;
}

/** `312 MB (312,000,000 bytes)` */
function inBytes(bytes: number): string {
  const megabytes = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 }).format(bytes / 1e6);
  return `${megabytes} MB (${new Intl.NumberFormat('en-US').format(bytes)} bytes)`;
}

const UNKNOWN = { freeBytes: 0, totalBytes: 0 };

function measureDisk(folder: string): { freeBytes: number; totalBytes: number } {
  try {
    // What this user may use: some of it can be kept for root.
    const { bavail, blocks, bsize } = statfsSync(folder);
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  } catch (error) {
    const parent = dirname(folder);
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT' && parent !== folder;
    return isMissing ? measureDisk(parent) : UNKNOWN;
  }
}

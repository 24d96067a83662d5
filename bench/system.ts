/** Tripline as it is measured: everything up, its source an origin of ours, nothing listed yet. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { startTripline, type Tripline } from '../test/support/tripline.ts';
import { until } from '../test/support/until.ts';
import { createWarehouse, type Warehouse } from '../warehouse/warehouse.ts';
import { startOrigin, type Origin } from './origin.ts';

export interface System {
  tripline: Tripline;
  origin: Origin;
  warehouse: Warehouse;
  client: Client;
  sourceName: string;
  /** Waits until so many loads are published. @returns `performance.now()` then */
  published(count: number): Promise<number>;
  /** Processor time that each part has used so far, in seconds. */
  cpuSeconds(): Record<string, number>;
  /** Highest resident memory so far, in MB, of a part. */
  peakMegabytes(part: string): number;
  stop(): Promise<void>;
}

const PARTS = ['clickhouse', 'worker', 'temporal', 'gateway', 'redis'];
/** Linux counts in hundredths of a second. */
const TICKS_PER_SECOND = 100;

/** User and system time of a process, all of its threads. */
export function processorSeconds(pid: number): number {
  const [utime = 0, stime = 0] = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
    .slice(11, 13)
    .map(Number);
  return (utime + stime) / TICKS_PER_SECOND;
}

/** Highest resident memory of a process so far, in MB. */
export const peakMegabytes = (pid: number): number => megabytes(pid, 'VmHWM');
/** What it is now. */
export const residentMegabytes = (pid: number): number => megabytes(pid, 'VmRSS');

function megabytes(pid: number, name: string): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024);
}

export async function startSystem({
  folder,
  latencyMs = 0,
  bytesPerSecond = Infinity,
  env = {},
}: {
  folder: string;
  latencyMs?: number;
  bytesPerSecond?: number;
  env?: Record<string, string>;
}): Promise<System> {
  const origin = await startOrigin({ folder, latencyMs, bytesPerSecond });
  const dataDir = mkdtempSync(join(tmpdir(), 'tripline-bench-'));
  const tripline = await startTripline({
    sourceUrl: origin.url,
    dataDir,
    env: { POLL_SECONDS: '1', MAX_FILE_BYTES: String(2 ** 34), ...env },
  });
  const warehouse = createWarehouse({ url: tripline.clickhouse('loader'), by: 'gateway' });
  const connection = await Connection.connect({ address: new URL(tripline.part('temporal').url).host });
  await until('the source is polled', () => origin.listedAt() !== undefined);
  return {
    tripline,
    origin,
    warehouse,
    client: new Client({ connection }),
    sourceName: 'yellow',
    async published(count) {
      await until(
        `${count} loads are published`,
        async () => {
          const [row] = await warehouse.rows<{ n: string }>(
            `SELECT count() AS n FROM loads WHERE kind = 'published'`,
          );
          return Number(row?.n) >= count;
        },
        { deadlineMs: 1_800_000, everyMs: 20 },
      );
      return performance.now();
    },
    cpuSeconds: () =>
      Object.fromEntries(PARTS.map((part) => [part, processorSeconds(tripline.part(part).pid)])),
    peakMegabytes: (part) => peakMegabytes(tripline.part(part).pid),
    async stop() {
      await warehouse.close();
      await connection.close();
      await tripline.stop();
      await origin.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** What processes hold, by Linux's own books. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface Held {
  /** The process and those that it has started. */
  pids: number[];
  /** Resident memory of all of them, in MiB. */
  rssMb: number;
  sockets: number;
}

export function look(pid: number): Held {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .split(' ')
    .filter((child) => child !== '')
    .map(Number);
  const own: Held = { pids: [pid], rssMb: residentMb(pid), sockets: socketsOf(pid) };
  return children.map(look).reduce(
    (sum, held) => ({
      pids: [...sum.pids, ...held.pids],
      rssMb: sum.rssMb + held.rssMb,
      sockets: sum.sockets + held.sockets,
    }),
    own,
  );
}

function residentMb(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kilobytes ?? 0) / 1_024);
}

function socketsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).filter((name) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${name}`).startsWith('socket:');
    } catch {
      // Closed meanwhile.
      return false;
    }
  }).length;
}

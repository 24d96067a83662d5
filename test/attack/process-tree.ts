/** The processes below one, their memory, and the ports that they listen on, as Linux tells. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface TreeProcess {
  pid: number;
  /** A part's name, or the program's. */
  part: string;
}

/** @param root itself included, and whatever was started by any of them and not been adopted by another */
export function processesBelow(root: number): TreeProcess[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    // The program's name, in brackets, may hold anything.
    const parent = /\) \S (\d+) /.exec(contentOf(`/proc/${name}/stat`))?.[1];
    if (parent !== undefined) parents.set(Number(name), Number(parent));
  }
  const isBelow = (pid: number): boolean => {
    for (let at: number | undefined = pid; at !== undefined && at !== 0; at = parents.get(at))
      if (at === root) return true;
    return false;
  };
  return [...parents.keys()].filter(isBelow).map((pid) => ({ pid, part: partOf(pid) }));
}

const PARTS: readonly [RegExp, string][] = [
  [/launcher\/bootstrap/, 'launcher'],
  [/launcher\/reaper/, 'reaper'],
  [/launcher\/engine/, 'clickhouse'],
  [/worker\/main/, 'worker'],
  [/gateway\/main/, 'gateway'],
  [/sources\/demo/, 'demo'],
  [/lone-reader/, 'lone reader'],
  [/redis-server/, 'redis'],
  [/temporal/, 'temporal'],
  [/esbuild/, 'esbuild'],
];

function partOf(pid: number): string {
  const command = contentOf(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');
  return PARTS.find(([pattern]) => pattern.test(command))?.[1] ?? command.slice(0, 60);
}

/** Resident memory at its highest so far; undefined for a process that is gone. */
export function peakBytesOf(pid: number): number | undefined {
  const kilobytes = /VmHWM:\s+(\d+) kB/.exec(contentOf(`/proc/${pid}/status`))?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

export function residentBytesOf(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(contentOf(`/proc/${pid}/status`))?.[1] ?? 0) * 1024;
}

export interface ListeningPort {
  port: number;
  part: string;
}

/** Every TCP port that these processes listen on. */
export function listeningPorts(processes: readonly TreeProcess[]): ListeningPort[] {
  const portOf = new Map<string, number>();
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6'])
    for (const line of contentOf(table).split('\n').slice(1)) {
      // proc_net_tcp(5): sl local_address rem_address st … inode; 0A: it listens.
      const fields = line.trim().split(/\s+/);
      if (fields[3] === '0A')
        portOf.set(`socket:[${fields[9]}]`, Number.parseInt(fields[1]?.split(':')[1] ?? '', 16));
    }
  const found = new Map<number, string>();
  for (const { pid, part } of processes)
    for (const target of targetsOf(`/proc/${pid}/fd`)) {
      const port = portOf.get(target);
      if (port !== undefined) found.set(port, part);
    }
  return [...found].map(([port, part]) => ({ port, part })).toSorted((a, b) => a.port - b.port);
}

function targetsOf(folder: string): string[] {
  try {
    return readdirSync(folder).flatMap((fd) => {
      try {
        return [readlinkSync(`${folder}/${fd}`)];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}

export function contentOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

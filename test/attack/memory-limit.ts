/** What a process and all below it may take of the machine's memory, so that an attack that works harms nobody else. */
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { residentBytesOf, type TreeProcess } from './process-tree.ts';

export interface MemoryLimit {
  /** Puts a process, and what it starts from now on, under the limit. */
  hold: (pid: number) => void;
  release: () => void;
}

const CGROUP_V1 = '/sys/fs/cgroup/memory';

/** By a control group where this user may make one; without, `killBeyond` alone has to do. */
export function createMemoryLimit(bytes: number): MemoryLimit {
  const folder = `${CGROUP_V1}/tripline-attack-${process.pid}-${Math.floor(performance.now())}`;
  try {
    mkdirSync(folder);
    writeFileSync(`${folder}/memory.limit_in_bytes`, String(bytes));
  } catch {
    return { hold: () => undefined, release: () => undefined };
  }
  return {
    hold: (pid) => writeFileSync(`${folder}/cgroup.procs`, String(pid)),
    release() {
      try {
        rmdirSync(folder);
      } catch {
        // A process of it is still ending.
      }
    },
  };
}

/** Ends each process that takes more. @returns those that were ended */
export function killBeyond(
  processes: readonly TreeProcess[],
  mostBytes: number,
): { part: string; bytes: number }[] {
  const killed = [];
  for (const { pid, part } of processes) {
    const bytes = residentBytesOf(pid);
    if (bytes <= mostBytes) continue;
    process.kill(pid, 'SIGKILL');
    killed.push({ part, bytes });
  }
  return killed;
}

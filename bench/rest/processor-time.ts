/** Processor time of parts, by the whole tree of processes below each, as Linux counts it. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** Linux counts in hundredths of a second. */
const TICKS_PER_SECOND = 100;

interface Counted {
  parent: number;
  /** The process's own time, and that of its children that have ended, in ticks. */
  ticks: number;
}

function countAll(): Map<number, Counted> {
  const found = new Map<number, Counted>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      // proc_pid_stat(5), behind the program's name, which may hold anything: state, ppid, …, utime, stime, cutime, cstime.
      const fields = readFileSync(`/proc/${name}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ')
        .map(Number);
      const ticks = fields.slice(11, 15).reduce((sum, each) => sum + each, 0);
      found.set(Number(name), { parent: fields[1] ?? 0, ticks });
    } catch {
      // It has ended meanwhile.
    }
  }
  return found;
}

/** Ticks of a process and of all below it, without those that are below one of `others`. */
function ticksBelow(all: ReadonlyMap<number, Counted>, root: number, others: ReadonlySet<number>): number {
  const children = [...all].filter(([pid, { parent }]) => parent === root && !others.has(pid));
  return (all.get(root)?.ticks ?? 0) + children.reduce((sum, [pid]) => sum + ticksBelow(all, pid, others), 0);
}

/**
 * What each part takes of one core, in percent, over some seconds.
 * @param parts the process of each; one that runs below another counts for itself alone
 */
export async function shareOfCore(
  parts: Readonly<Record<string, number>>,
  seconds: number,
): Promise<Record<string, number>> {
  const pids = new Set(Object.values(parts));
  const look = () => {
    const all = countAll();
    return Object.entries(parts).map(([part, pid]) => [part, ticksBelow(all, pid, pids)] as const);
  };
  const began = performance.now();
  const before = new Map(look());
  await pause(seconds * 1000);
  const took = (performance.now() - began) / 1000;
  return Object.fromEntries(
    look().map(([part, ticks]) => [
      part,
      (100 * (ticks - (before.get(part) ?? 0))) / TICKS_PER_SECOND / took,
    ]),
  );
}

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { variablesFor } from '../config/part-environment.ts';
import { identify, type ProcessIdentity } from './process-identity.ts';

/** The process groups that must not outlive the launcher. */
export interface ProcessGroups {
  add(pid: number): void;
  /** Kills what is left of a group whose leader has ended, and forgets it. */
  remove(pid: number): void;
  /** Kills every group now. */
  killAll(): void;
  /** Ends the reaper. */
  close(): Promise<void>;
}

/**
 * @param onChange called with the leaders of all groups and with the reaper, whenever they change
 */
export function createProcessGroups(
  onChange: (processes: readonly ProcessIdentity[]) => void,
): ProcessGroups {
  const leaders = new Map<number, ProcessIdentity>();
  let closing = false;
  let reaper = startReaper();

  function startReaper(): ChildProcess {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'reaper.mjs')], {
      env: variablesFor('helper', process.env),
      detached: true,
      cwd: '/',
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    child.stdin?.on('error', () => {});
    for (const pid of leaders.keys()) child.stdin?.write(`+${pid}\n`);
    child.once('exit', () => {
      if (!closing) reaper = startReaper();
    });
    return child;
  }
  function changed(): void {
    const own = reaper.pid === undefined ? undefined : identify(reaper.pid);
    onChange([...leaders.values(), ...(own === undefined ? [] : [own])]);
  }

  return {
    add(pid) {
      reaper.stdin?.write(`+${pid}\n`);
      const leader = identify(pid);
      if (leader !== undefined) leaders.set(pid, leader);
      changed();
    },
    remove(pid) {
      signalGroup(pid, 'SIGKILL');
      reaper.stdin?.write(`-${pid}\n`);
      leaders.delete(pid);
      changed();
    },
    killAll() {
      for (const pid of leaders.keys()) signalGroup(pid, 'SIGKILL');
    },
    async close() {
      closing = true;
      if (reaper.exitCode !== null || reaper.signalCode !== null) return;
      const ended = once(reaper, 'exit');
      reaper.stdin?.end();
      await ended;
    },
  };
}

/** A group that has ended is no error. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

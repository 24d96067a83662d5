import { setTimeout as pause } from 'node:timers/promises';
import { signalGroup } from './process-groups.ts';
import { isRunning, type ProcessIdentity } from './process-identity.ts';

const LEFT_OVER_ENDS_WITHIN_MS = 5_000;

/** Parts of a launcher that was killed together with its reaper hold ports and files: they go before ours start. */
export async function endLeftOver(processes: readonly ProcessIdentity[]): Promise<void> {
  const deadline = performance.now() + LEFT_OVER_ENDS_WITHIN_MS;
  let left = processes.filter(isRunning);
  for (const { pid } of left) signalGroup(pid, 'SIGKILL');
  while (left.length > 0 && performance.now() < deadline) {
    await pause(20);
    left = left.filter(isRunning);
  }
}

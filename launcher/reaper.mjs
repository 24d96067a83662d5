/**
 * Outlives the launcher by moments: it reads `+<process group>` and `-<process group>` lines from its stdin, and kills the groups
 * that are left when the launcher's end of the pipe closes, however the launcher ended.
 */
import { createInterface } from 'node:readline';

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});

const groups = new Set();
createInterface({ input: process.stdin })
  .on('line', (line) => {
    const group = Number(line.slice(1));
    if (line.startsWith('+')) groups.add(group);
    else groups.delete(group);
  })
  .on('close', () => {
    for (const group of groups) {
      try {
        process.kill(-group, 'SIGKILL');
      } catch {
        // It is gone already.
      }
    }
  });

/** Several processes that are one gateway: they share its port, and a process that dies is started again. */
import cluster, { type Worker } from 'node:cluster';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from '../../config/logging.ts';
import { createAllMetrics } from './all-metrics.ts';
import { ALL, ALL_WANTED, type AllMetrics, type MetricsQuestion } from './metrics-messages.ts';
import { programArguments } from '../../config/program/program.ts';

/** One that dies sooner is started again after this time. */
const AGAIN_MS = 1_000;
/** For a process to say what it has measured; who asks for all waits a little longer. */
const METRICS_PATIENCE_MS = 4_000;

/** Returns at once; ends the process when all of the gateway has ended, or when it cannot begin. */
export function runProcesses({ count, logger }: { count: number; logger: Logger }): void {
  const folder = mkdtempSync(join(tmpdir(), 'tripline-gateway-'));
  const newestPath = join(folder, 'newest-sequence');
  writeFileSync(newestPath, '');
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const metrics = createAllMetrics({ patienceMs: METRICS_PATIENCE_MS });
  const [exec, ...args] = programArguments('gateway/main.ts');
  cluster.setupPrimary({ exec, args });
  const running = new Set<Worker>();
  let stopping = false;
  let hasListened = false;

  function start(slot: number): void {
    const began = performance.now();
    const worker = cluster.fork({ GATEWAY_SLOT: String(slot), GATEWAY_NEWEST: newestPath });
    running.add(worker);
    async function tellAll(id: number): Promise<void> {
      const text = await metrics.text();
      // One that has just ended needs no answer, and is no reason to end.
      worker.send({ type: ALL, id, text } satisfies AllMetrics, () => undefined);
    }
    worker.on('listening', () => {
      metrics.add(worker);
      if (hasListened) return;
      hasListened = true;
      for (let other = 1; other < count && !stopping; other += 1) start(other);
    });
    worker.on('message', (message: MetricsQuestion) => {
      if (message.type === ALL_WANTED) void tellAll(message.id);
    });
    worker.on('exit', (code, signal) => {
      running.delete(worker);
      if (stopping) {
        if (running.size === 0) process.exit(0);
        return;
      }
      // It has said why.
      if (!hasListened) process.exit(code === 0 ? 1 : code);
      logger.error(
        { pid: worker.process.pid, code, signal },
        'a process of the gateway ended: it is started again',
      );
      setTimeout(() => void (stopping || start(slot)), Math.max(0, AGAIN_MS - (performance.now() - began)));
    });
  }
  // The others when it listens, so that what keeps them all from it is told once.
  start(0);

  const stop = (): void => {
    stopping = true;
    for (const worker of running) worker.process.kill('SIGTERM');
    if (running.size === 0) process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, stop);
}

/** Reads a file in a process that does nothing else, to see whether the process lives through it. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { variablesFor } from '../config/part-environment.ts';
import { defaultEngineMemoryMb, loneReaderLimits, type MemoryLimits } from '../config/memory-limits.ts';
import { programArguments } from '../config/program/program.ts';

/** - `survived`: it was read, or the engine said why it cannot be
 *  - `outOfMemory`: it takes more memory than one statement of the engine may
 *  - `died`: the process ended, or was still at it at the deadline
 *  - `unavailable`: there is no embedded engine here to read with */
export type LoneReading = 'survived' | 'outOfMemory' | 'died' | 'unavailable';

export type ReadAlone = (reading: {
  /** A SELECT without a FORMAT; its rows are thrown away. */
  sql: string;
  /** Values for `{name:Type}`. */
  params: Readonly<Record<string, string>>;
  /** Milliseconds, from when it begins to read. */
  deadlineMs: number;
  signal: AbortSignal;
}) => Promise<LoneReading>;

/** What the process is told, as a line of JSON. */
export interface LoneReaderRequest {
  sql: string;
  params: Readonly<Record<string, string>>;
  /** For the engine's own files: empty, and removed afterwards. */
  folder: string;
  memory: MemoryLimits;
}

/** What the process says: an end after it begins, and before one of the others, is the file's doing. */
export const BEGINS = 'begins to read';
export const ANSWERED = 'the engine answered';
export const OUT_OF_MEMORY = 'more memory than it may take';

/**
 * One file at a time: they would take the memory of several.
 * @param memoryMb what the engine may take (`ENGINE_MEMORY_MB`): the reader gets what one statement of it gets
 */
export function createReadAlone({ memoryMb = defaultEngineMemoryMb() } = {}): ReadAlone {
  const memory = loneReaderLimits(memoryMb);
  let last: Promise<unknown> = Promise.resolve();
  return (reading) => {
    const next = last.then(() => readInProcess({ ...reading, memory }));
    last = next.catch(() => undefined);
    return next;
  };
}

/** @throws the signal's reason when it aborts */
async function readInProcess({
  sql,
  params,
  deadlineMs,
  signal,
  memory,
}: Parameters<ReadAlone>[0] & { memory: MemoryLimits }): Promise<LoneReading> {
  signal.throwIfAborted();
  const folder = await mkdtemp(join(tmpdir(), 'tripline-lone-reader-'));
  try {
    const child = spawn(process.execPath, programArguments('warehouse/lone-reader-process.ts'), {
      stdio: ['pipe', 'pipe', 'ignore'],
      // It reads a file that may be hostile, and needs none of the worker's secrets.
      env: variablesFor('helper', process.env),
    });
    const kill = () => void child.kill('SIGKILL');
    signal.addEventListener('abort', kill, { once: true });
    let outcome: LoneReading = 'unavailable';
    let timer: NodeJS.Timeout | undefined;
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line === BEGINS) {
        outcome = 'died';
        timer = setTimeout(kill, deadlineMs);
      } else if (line === ANSWERED || line === OUT_OF_MEMORY) {
        outcome = line === ANSWERED ? 'survived' : 'outOfMemory';
        // The engine's own end may take its time.
        kill();
      }
    });
    // It may end before it has read this.
    child.stdin.on('error', () => undefined);
    // Not ended: when it closes, this process is gone, and so must the reader be.
    child.stdin.write(`${JSON.stringify({ sql, params, folder, memory } satisfies LoneReaderRequest)}\n`);
    await new Promise<void>((resolve) => {
      child.once('error', () => resolve());
      child.once('close', () => resolve());
    });
    clearTimeout(timer);
    signal.removeEventListener('abort', kill);
    signal.throwIfAborted();
    return outcome;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Reads a file in a process that does nothing else, to see whether the process lives through it. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { variablesFor } from '../config/part-environment.ts';

/** - `survived`: it was read, or the engine said why it cannot be
 *  - `died`: the process ended, or was still at it at the deadline
 *  - `unavailable`: there is no embedded engine here to read with */
export type LoneReading = 'survived' | 'died' | 'unavailable';

export type ReadAlone = (reading: {
  /** A SELECT without a FORMAT; its rows are thrown away. */
  sql: string;
  /** Values for `{name:Type}`. */
  params: Readonly<Record<string, string>>;
  /** Milliseconds, from when it begins to read. */
  deadlineMs: number;
  signal: AbortSignal;
}) => Promise<LoneReading>;

/** What the process says: an end between the two is the file's doing. */
export const BEGINS = 'begins to read';
export const ANSWERED = 'the engine answered';

const PROGRAM = fileURLToPath(new URL('./lone-reader-process.ts', import.meta.url));

/** @throws the signal's reason when it aborts */
export const readAlone: ReadAlone = async ({ sql, params, deadlineMs, signal }) => {
  signal.throwIfAborted();
  const folder = await mkdtemp(join(tmpdir(), 'tripline-lone-reader-'));
  try {
    const child = spawn(process.execPath, ['--import', 'tsx', PROGRAM], {
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
      } else if (line === ANSWERED) {
        outcome = 'survived';
        // The engine's own end may take its time.
        kill();
      }
    });
    // It may end before it has read this.
    child.stdin.on('error', () => undefined);
    // Not ended: when it closes, this process is gone, and so must the reader be.
    child.stdin.write(`${JSON.stringify({ sql, params, folder })}\n`);
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
};

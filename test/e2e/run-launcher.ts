import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';

const root = resolve(import.meta.dirname, '../..');

/** A launcher under test: `npm start` in its own process group, as from a shell with job control. */
export interface LauncherUnderTest {
  npm: ChildProcess;
  /** What npm and everything below it printed so far, by line. */
  lines: readonly string[];
  /** Exit code of npm: null when a signal ended it. */
  ended: Promise<number | null>;
}

export function runLauncher(env: Readonly<Record<string, string>>): LauncherUnderTest {
  const inherited = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(npm_|VITEST|NODE_ENV|TEST$)/.test(name)),
  );
  const npm = spawn('npm', ['start'], {
    cwd: root,
    env: { ...inherited, ...env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  for (const stream of [npm.stdout, npm.stderr])
    createInterface({ input: stream }).on('line', (line) => lines.push(line));
  const ended = new Promise<number | null>((done) => npm.once('close', done));
  return { npm, lines, ended };
}

/** The lines that the launcher itself says to a person. */
export function said({ lines }: LauncherUnderTest): string[] {
  return lines.filter((line) => line.startsWith('tripline: '));
}

/**
 * Asks until there is an answer.
 * @throws when there is none in time, with what `tell` knows
 */
export async function until<T>(
  ask: () => T | undefined | Promise<T | undefined>,
  { withinMs, tell }: { withinMs: number; tell: () => string },
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${tell()}`);
    await pause(20);
  }
}

/** Every process that was started for a DATA_DIR, however deep: all of them inherit the variable. Linux only. */
export function processesOf(dataDir: string): { pid: number; command: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      // A zombie's environment is empty.
      const environment = contentOf(`/proc/${pid}/environ`).split('\0');
      if (!environment.includes(`DATA_DIR=${dataDir}`)) return [];
      return [{ pid: Number(pid), command: contentOf(`/proc/${pid}/cmdline`).replaceAll('\0', ' ') }];
    });
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

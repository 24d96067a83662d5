import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const running = new Set();

/** Variables of ours that hold secrets. What installs and tries programs needs none of them, but others that nobody can list. */
const OURS = /^(AWS_.*|OPERATOR_TOKEN|API_KEYS|SOURCE_URL|LAKE_URL|CLICKHOUSE_URL|REDIS_URL)$/;
const withoutOurs = () =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !OURS.test(name)));

/** Of what a command prints; its last lines say why it failed. */
const MOST_LINES = 200;

/**
 * Runs a command to its end.
 * @param {(line: string) => void} [onLine] is told what it prints
 * @returns {Promise<{ok: boolean, output: string}>} `ok` is false too when there is no such command; `output` is the end of what it printed
 */
export function runCommand(file, args, { cwd, timeoutMs = 0, onLine = () => {} } = {}) {
  return new Promise((resolve) => {
    const child = spawn(file, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd,
      env: withoutOurs(),
      timeout: timeoutMs,
      detached: true,
    });
    running.add(child);
    const lines = [];
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream }).on('line', (line) => {
        lines.push(line);
        if (lines.length > MOST_LINES) lines.shift();
        onLine(line);
      });
    const done = (ok) => {
      running.delete(child);
      resolve({ ok, output: lines.join('\n') });
    };
    child.on('error', (error) => {
      lines.push(error.message);
      done(false);
    });
    child.on('close', (code) => done(code === 0));
  });
}

/** Until the returned function is called, SIGINT, SIGTERM and SIGHUP end the running commands and then this process. */
export function endChildrenOnSignals() {
  const numbers = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 };
  const end = (signal) => {
    // Whole groups, and for good: npm goes on after SIGTERM. What it leaves half done is done again the next time.
    for (const child of running) kill(child.pid);
    process.exit(128 + numbers[signal]);
  };
  for (const signal of Object.keys(numbers)) process.on(signal, end);
  return () => {
    for (const signal of Object.keys(numbers)) process.off(signal, end);
  };
}

function kill(group) {
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // It has ended, or never began.
  }
}

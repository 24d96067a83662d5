import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { strangerListensOn } from './port-owner.ts';
import { signalGroup, type ProcessGroups } from './process-groups.ts';
import type { Probe } from './probes.ts';
import { afterEnd, FIRST_START, STARTS_IN_A_ROW } from './restart-policy.ts';
import type { RunFile, RunFiles } from './run-files.ts';

const PROBE_EVERY_MS = 40;
const PROBE_TIMEOUT_MS = 5_000;
/** A start that takes longer never becomes ready; the slowest measured one takes 5 s. */
const READY_WITHIN_MS = 120_000;
const LAST_LINES = 20;
const LAST_WORDS_MS = 300;

/** One program that the launcher runs: how it is started, when it is ready, and what it says that people want to see. */
export interface PartPlan {
  name: string;
  /** Asked before each start. */
  command(): { file: string; args: readonly string[]; env: Readonly<Record<string, string | undefined>> };
  /** The port that it serves on; asked again before each start. */
  port(): number;
  /**
   * Called before each start until one became ready: takes another port if a stranger has it, or throws why it can't. After that
   * others know the port, and it stays.
   */
  checkPort(): Promise<void>;
  probe: Probe;
  address(): Omit<RunFile, 'pid'>;
  /** Run files beside its own, by name: other ways to ask it. */
  otherAddresses?: () => Readonly<Record<string, Omit<RunFile, 'pid'>>>;
  /** Milliseconds from SIGTERM to SIGKILL. */
  graceMs: number;
  /** Lines that are not worth showing are only kept for the report of a failure. */
  shows(line: string): boolean;
}

export interface PartSurroundings {
  cwd: string;
  groups: ProcessGroups;
  runFiles: RunFiles;
  /** A line of the part. */
  print: (line: string) => void;
  /** A line about the part. */
  report: (line: string) => void;
}

/** A part failed for good. */
export class PartGivenUp extends Error {
  override name = 'PartGivenUp';
  readonly lastLines: readonly string[];
  constructor(name: string, lastLines: readonly string[]) {
    super(`${name} never became ready in ${STARTS_IN_A_ROW} starts in a row`);
    this.lastLines = lastLines;
  }
}

export interface Part {
  name: string;
  /** Resolves when it is ready for the first time. Rejects like `ended` when that comes first. */
  ready: Promise<void>;
  /** Resolves when it was stopped. Rejects with PartGivenUp. */
  ended: Promise<void>;
  /** SIGTERM, and after the grace SIGKILL. */
  stop(): Promise<void>;
}

/** Starts a part and starts it again whenever it dies, until it is stopped or given up. */
export function startPart(plan: PartPlan, surroundings: PartSurroundings): Part {
  const { groups, runFiles, print, report } = surroundings;
  const stopping = new AbortController();
  /** Of the present start. */
  const lastLines: string[] = [];
  let current: ChildProcess | undefined;
  let becameReady = () => {};
  const firstReady = new Promise<void>((resolve) => (becameReady = resolve));

  function hear(line: string): void {
    lastLines.push(line);
    if (lastLines.length > LAST_LINES) lastLines.shift();
    if (plan.shows(line)) print(line);
  }

  /** @returns how long it was ready, or undefined when it never was */
  async function runOnce(): Promise<number | undefined> {
    lastLines.length = 0;
    const { file, args, env } = plan.command();
    const child = spawn(file, args, {
      cwd: surroundings.cwd,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    current = child;
    const gone = new AbortController();
    const ended = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('exit', (code, signal) =>
        resolve(signal === null ? `exited with code ${code}` : `was ended by ${signal}`),
      );
    }).finally(() => gone.abort());
    const closed = once(child, 'close').catch(() => {});
    for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', hear);
    const { pid } = child;
    if (pid !== undefined) groups.add(pid);
    const isReady = pid !== undefined && (await untilReady({ plan, pid, gone: gone.signal }));
    const readyAt = performance.now();
    if (isReady) {
      for (const [name, address] of Object.entries(plan.otherAddresses?.() ?? {}))
        runFiles.write(name, { pid, ...address });
      runFiles.write(plan.name, { pid, ...plan.address() });
      becameReady();
    } else if (!gone.signal.aborted && pid !== undefined) {
      report(`is not ready after ${READY_WITHIN_MS / 1000} s`);
      signalGroup(pid, 'SIGKILL');
    }
    const how = await ended;
    if (pid !== undefined) groups.remove(pid);
    current = undefined;
    // Its last words may still be in the pipes.
    await Promise.race([closed, pause(LAST_WORDS_MS, undefined, { ref: false })]);
    if (!stopping.signal.aborted) report(how);
    return isReady ? performance.now() - readyAt : undefined;
  }

  async function keepRunning(): Promise<void> {
    let state = FIRST_START;
    let wasReady = false;
    while (!stopping.signal.aborted) {
      if (!wasReady) await plan.checkPort();
      if (stopping.signal.aborted) break;
      const readyForMs = await runOnce();
      wasReady ||= readyForMs !== undefined;
      if (stopping.signal.aborted) break;
      const next = afterEnd(state, { readyForMs });
      state = next.state;
      if (next.pauseMs === undefined) throw new PartGivenUp(plan.name, lastLines);
      await pause(next.pauseMs, undefined, { signal: stopping.signal }).catch(() => {});
      if (readyForMs !== undefined && !stopping.signal.aborted) report('is started again');
    }
  }

  const ended = keepRunning().finally(() => {
    for (const name of [plan.name, ...Object.keys(plan.otherAddresses?.() ?? {})]) runFiles.remove(name);
  });
  const ready = Promise.race([firstReady, ended]);
  // Both are looked at later, or never.
  ready.catch(() => {});
  ended.catch(() => {});

  return {
    name: plan.name,
    ready,
    ended,
    async stop() {
      stopping.abort();
      // To the serving process alone: its helpers must still be there while it ends.
      current?.kill('SIGTERM');
      const settled = ended.catch(() => {});
      const inTime = await Promise.race([
        settled.then(() => true),
        pause(plan.graceMs, false, { ref: false }),
      ]);
      if (inTime) return;
      if (current?.pid !== undefined) signalGroup(current.pid, 'SIGKILL');
      await settled;
    },
  };
}

async function untilReady({
  plan,
  pid,
  gone,
}: {
  plan: PartPlan;
  pid: number;
  gone: AbortSignal;
}): Promise<boolean> {
  const deadline = performance.now() + READY_WITHIN_MS;
  while (!gone.aborted && performance.now() < deadline) {
    const port = plan.port();
    const signal = AbortSignal.any([gone, AbortSignal.timeout(PROBE_TIMEOUT_MS)]);
    // Asked after the probe: by then the part listens, or somebody else has answered.
    if ((await plan.probe({ port, signal })) && !strangerListensOn({ pid, port }) && !gone.aborted)
      return true;
    await pause(PROBE_EVERY_MS, undefined, { signal: gone }).catch(() => {});
  }
  return false;
}

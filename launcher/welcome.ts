import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { operatorToken, type Environment } from '../config/environment.ts';
import { banner } from './banner.ts';
import { askForFirstFiles, describeProgress, drawBar, type FirstFiles } from './first-files.ts';
import { gatewayUrl, type Plan } from './parts.ts';
import { waysToGet } from './servers/find-server.mjs';
import type { Terminal } from './terminal.ts';

/** The banner waits this long for a first file that can be asked about. */
const FIRST_ANSWER_WITHIN_MS = 15_000;
/** … and this long for a first file to be seen at all. */
const FIRST_FILE_WITHIN_MS = 4_000;
const ASK_EVERY_MS = 300;
/** Where there is no terminal to draw a bar on, a line is printed this often at most, unless a file is done. */
const LINE_EVERY_MS = 3_000;

/** The banner as soon as its curl line has something to say, and progress until the first files are in. */
export async function welcome({
  environment,
  plan,
  terminal,
  signal,
}: {
  environment: Environment;
  plan: Plan;
  terminal: Terminal;
  signal: AbortSignal;
}): Promise<void> {
  const url = gatewayUrl(environment);
  const token = operatorToken(environment);
  const since = performance.now();
  let greeted = false;
  const lines = { last: '', done: -1, at: 0 };
  while (!signal.aborted) {
    const files = await askForFirstFiles({ url, token, signal });
    if (signal.aborted) return;
    const waitedMs = performance.now() - since;
    const withinMs = (files?.known ?? 0) === 0 ? FIRST_FILE_WITHIN_MS : FIRST_ANSWER_WITHIN_MS;
    if (!greeted && ((files?.published ?? 0) > 0 || waitedMs > withinMs)) {
      greeted = true;
      greet({ environment, plan, terminal, files });
    }
    if (files !== undefined) {
      showProgress({ files, lines, terminal });
      if (greeted && files.known > 0 && files.done === files.known) break;
    }
    await pause(ASK_EVERY_MS, undefined, { signal }).catch(() => {});
  }
  terminal.status(undefined);
}

function greet({
  environment,
  plan,
  terminal,
  files,
}: {
  environment: Environment;
  plan: Plan;
  terminal: Terminal;
  /** Undefined where the gateway did not say. */
  files: FirstFiles | undefined;
}): void {
  const hasRedis = environment.redisUrl !== undefined || plan.parts.some(({ name }) => name === 'redis');
  const lines = banner({
    environment,
    temporalUi: plan.temporalUi(),
    tokenFile:
      environment.operatorToken === undefined ? join(environment.dataDir, 'operator-token') : undefined,
    month: files?.newestMonth,
    notes: [
      ...(files === undefined ? [] : loadingNotes(files)),
      ...(hasRedis
        ? []
        : [`Without Redis the gateway caches in its own memory; ${waysToGet('redis-server')}.`]),
    ],
  });
  for (const line of lines) terminal.line(line);
}

/** Why the first answers are of no trips. */
export function loadingNotes({ published, known }: Pick<FirstFiles, 'published' | 'known'>): string[] {
  if (published > 0) return [];
  const why =
    known === 0
      ? 'The source has shown no Parquet file yet (yellow_tripdata_2024-01.parquet is such a name)'
      : 'No file is published yet';
  return [`${why}: answers say "loading": true until one is published.`];
}

function showProgress({
  files,
  lines,
  terminal,
}: {
  files: FirstFiles;
  /** The last line, the files done when it was printed, and when that was; updated. */
  lines: { last: string; done: number; at: number };
  terminal: Terminal;
}): void {
  if (files.known === 0) return;
  terminal.status(drawBar(files));
  const text = describeProgress(files);
  const due = files.done !== lines.done || performance.now() - lines.at > LINE_EVERY_MS;
  if (terminal.isTerminal || text === lines.last || !due) return;
  Object.assign(lines, { last: text, done: files.done, at: performance.now() });
  terminal.line(`tripline: ${text}`);
}

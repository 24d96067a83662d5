/** `npm start`: brings up what the environment doesn't configure, keeps it up, and takes it down again. */
import { resolve } from 'node:path';
import { environmentOrExit, operatorToken, type Environment } from '../config/environment.ts';
import { visibleText } from '../config/visible-text.ts';
import { lockDataDir, type DataDirLock } from './data-dir-lock.ts';
import { checkHeldSource, folderToRebind, keepHeldSource } from './held-source.ts';
import { requireLakeFolder } from './lake-folder.ts';
import { endLeftOver } from './left-over.ts';
import { findLocalServers, type FindServer } from './local-servers.ts';
import { PartGivenUp } from './part.ts';
import { startInOrder } from './parts-in-order.ts';
import { planParts, type Plan } from './parts.ts';
import { makeDataDirPrivate } from './private-data-dir.ts';
import { createProcessGroups } from './process-groups.ts';
import { Refusal } from './refusal.ts';
import { requireSourceFolder } from './source-folder.ts';
import { parseStartOptions } from './start-options.ts';
import { createRunFiles } from './run-files.ts';
import { onStopSignals } from './stop-signals.ts';
import { createTerminal, type Terminal } from './terminal.ts';
import { welcome } from './welcome.ts';

const root = resolve(import.meta.dirname, '..');

/**
 * Runs until it is told to stop, or until a part fails for good. Ends the process.
 * @param find where the local servers are
 * @param args after `npm start --`
 */
export async function main({ find, args }: { find: FindServer; args: readonly string[] }): Promise<never> {
  let environment = environmentOrExit();
  const terminal = createTerminal(process.stdout);
  process.stderr.on('error', () => {});
  let lock: DataDirLock | undefined;
  try {
    const { rebind } = parseStartOptions(args);
    // Before anything is made or claimed for it.
    requireSourceFolder(environment.source);
    if (rebind && !process.env['DATA_DIR']) environment = atFolderToRebind(environment);
    // Of all that is written, also by the parts: nothing for other users of the machine.
    process.umask(0o077);
    lock = lockDataDir(environment.dataDir);
    requireLakeFolder(environment.lake);
    makeDataDirPrivate(environment.dataDir);
    checkHeldSource({ ...environment, rebind });
    const servers = await findLocalServers({ environment, find });
    await endLeftOver(lock.leftOver);
    const variables = { ...process.env, LOG_FORMAT: process.env['LOG_FORMAT'] ?? 'pretty' };
    const plan = await planParts({ environment, servers, variables });
    keepHeldSource(environment);
    terminal.line(`tripline: starting ${listed(plan.parts.map(({ name }) => name))}`);
    const code = await run({ environment, plan, lock, terminal });
    lock.release();
    process.exit(code);
  } catch (error) {
    lock?.release();
    if (!(error instanceof Refusal)) throw error;
    process.stderr.write(`tripline: ${visibleText(error.message)}\n`);
    process.exit(1);
  }
}

/** `a, b and c` */
function listed(names: readonly string[]): string {
  return names.join(', ').replace(/, ([^,]*)$/, ' and $1');
}

/** @throws Refusal where several folders could be meant */
function atFolderToRebind(environment: Environment): Environment {
  const folder = folderToRebind(environment.source);
  return folder === undefined ? environment : environmentOrExit({ ...process.env, DATA_DIR: folder });
}

/** @returns the exit code */
async function run({
  environment,
  plan,
  lock,
  terminal,
}: {
  environment: Environment;
  plan: Plan;
  lock: DataDirLock;
  terminal: Terminal;
}): Promise<number> {
  const stopped = new AbortController();
  const groups = createProcessGroups((processes) => lock.remember(processes));
  onStopSignals({
    stop: (why) => {
      terminal.status(undefined);
      terminal.line(`tripline: stopping (${why})`);
      stopped.abort();
    },
    hasten: () => groups.killAll(),
  });
  // Before the parts start, so that they don't generate it at the same time.
  operatorToken(environment);
  const runFiles = createRunFiles(environment.dataDir);
  const parts = startInOrder(plan.parts, ({ name }) => ({
    cwd: root,
    groups,
    runFiles,
    print: terminal.part(name),
    report: (line) => terminal.line(`tripline: ${name} ${line}`),
  }));
  let code = 0;
  try {
    const stop = new Promise<void>((done) => stopped.signal.addEventListener('abort', () => done()));
    await Promise.race([parts.ready, parts.failed, stop]);
    if (!stopped.signal.aborted) {
      await Promise.race([welcome({ environment, plan, terminal, signal: stopped.signal }), parts.failed]);
      await Promise.race([stop, parts.failed]);
    }
  } catch (error) {
    code = 1;
    terminal.status(undefined);
    process.stderr.write(
      `tripline: ${visibleText(error instanceof Error ? error.message : String(error))}: everything is stopped\n`,
    );
    if (error instanceof PartGivenUp)
      for (const line of error.lastLines) process.stderr.write(`  ${visibleText(line)}\n`);
  }
  stopped.abort();
  await parts.stop();
  await groups.close();
  return code;
}

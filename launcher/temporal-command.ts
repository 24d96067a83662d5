/** `npm run temporal -- …`: Temporal's own command line, at the Temporal that Tripline uses. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { chosenDataDir, EnvironmentError, readEnvironment } from '../config/environment.ts';
import { visibleText } from '../config/visible-text.ts';
import type { FindServer } from './local-servers.ts';
import { Refusal } from './refusal.ts';
import { waysToGet } from './servers/find-server.mjs';

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Runs the command line to its end, and ends this process with its exit code.
 * @param args after `npm run temporal --`: as Temporal takes them
 */
export async function main({ find, args }: { find: FindServer; args: readonly string[] }): Promise<never> {
  try {
    const file = await find('temporal');
    if (file === undefined) throw new Refusal(waysToGet('temporal'));
    const child = spawn(file, args, {
      env: { ...process.env, ...temporalVariables(process.env) },
      stdio: 'inherit',
    });
    // A terminal's Ctrl-C reaches both; a signal to this process alone is passed on.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(signal, () => void child.kill(signal));
    process.exit(await exitCode(child));
  } catch (error) {
    const mistakes = error instanceof EnvironmentError ? error.mistakes : [];
    if (error instanceof Refusal) mistakesTold([error.message]);
    else if (mistakes.length > 0) mistakesTold(mistakes);
    else throw error;
    process.exit(error instanceof EnvironmentError ? 2 : 1);
  }
}

function mistakesTold(mistakes: readonly string[]): void {
  for (const mistake of mistakes) process.stderr.write(`tripline: ${visibleText(mistake)}\n`);
}

function exitCode(child: ReturnType<typeof spawn>): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    );
  });
}

const runFile = z.object({
  url: z.string(),
  /** An earlier launcher did not write it. */
  namespace: z.string().optional(),
});

/**
 * How Temporal's command line finds the server, by the variables that it reads itself. Options that a person gives win over them.
 * @throws Refusal where no Tripline says where its Temporal is
 * @throws EnvironmentError where the settings are wrong, or several Triplines run
 */
export function temporalVariables(env: Variables): Record<string, string> {
  if (env['TEMPORAL_ADDRESS']) {
    // Only what is of Temporal: another setting that is wrong is no matter here.
    const given = Object.entries(env).filter(([name]) => name.startsWith('TEMPORAL_'));
    const { address = '', namespace, tls } = readEnvironment(Object.fromEntries(given)).temporal;
    return {
      TEMPORAL_ADDRESS: address,
      TEMPORAL_NAMESPACE: namespace,
      TEMPORAL_TLS: String(tls !== undefined),
    };
  }
  const dataDir = chosenDataDir(env);
  const local = dataDir === undefined ? undefined : runningTemporal(dataDir);
  if (local === undefined)
    throw new Refusal(
      'no Temporal of a Tripline runs here: start it with npm start, or set DATA_DIR as it was set there, or TEMPORAL_ADDRESS for a server of your own',
    );
  return {
    TEMPORAL_ADDRESS: new URL(local.url).host,
    TEMPORAL_NAMESPACE: env['TEMPORAL_NAMESPACE'] || (local.namespace ?? 'default'),
  };
}

function runningTemporal(dataDir: string): z.infer<typeof runFile> | undefined {
  try {
    return runFile.parse(JSON.parse(readFileSync(join(dataDir, 'run', 'temporal.json'), 'utf8')));
  } catch {
    return undefined;
  }
}

/** FastAPI with redis-py, in an environment of its own that is made once and kept. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { startParty, type Party } from './party.ts';

const run = promisify(execFile);
const FOLDER = join(import.meta.dirname, 'fastapi');

/**
 * One process of uvicorn with uvloop, httptools and no access log.
 * @param cache where the environment is kept
 * @param answer what it says, by name of field
 * @returns undefined where Python, or its packages, cannot be had
 */
export async function startFastapi({
  cache,
  redisUrl,
  answer,
}: {
  cache: string;
  redisUrl: string;
  answer: unknown;
}): Promise<Party | undefined> {
  const python = await pythonWithPackages(cache).catch((error: unknown) => {
    console.info(`FastAPI is left out: ${String(error)}`);
    return undefined;
  });
  if (python === undefined) return undefined;
  const fast = ['--loop', 'uvloop', '--http', 'httptools', '--no-access-log', '--log-level', 'warning'];
  return startParty({
    command: python,
    args: ['-m', 'uvicorn', 'main:app', '--app-dir', FOLDER, '--workers', '1', ...fast],
    env: { REDIS_URL: redisUrl, ANSWER: JSON.stringify(answer), PYTHONDONTWRITEBYTECODE: '1' },
  });
}

async function pythonWithPackages(cache: string): Promise<string> {
  const requirements = join(FOLDER, 'requirements.txt');
  const key = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  const folder = resolve(cache, `fastapi-${key}`);
  const python = join(folder, 'bin', 'python');
  // Written last: without it the folder is half made.
  const whole = join(folder, 'whole');
  if (existsSync(whole)) return python;
  console.info('installing FastAPI and what it needs (once)');
  rmSync(folder, { recursive: true, force: true });
  await run('python3', ['-m', 'venv', folder]);
  await run(python, ['-m', 'pip', 'install', '--quiet', '--only-binary=:all:', '-r', requirements]);
  writeFileSync(whole, '');
  return python;
}

/** Makes the files of the corpus. What their writers need is in folders of their own in the cache, made once and kept. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const HERE = import.meta.dirname;
const CACHE = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'tripline');
const HYPARQUET_WRITER = 'hyparquet-writer@0.17.0';

/** Writes the files, and `manifest.json`, into a folder that is made. */
export async function writeCorpus(folder: string): Promise<void> {
  const [python, packages] = [await pythonWithPackages(), await hyparquetWriter()];
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' };
  const { stdout } = await run(python, [join(HERE, 'corpus.py'), folder], { env });
  console.info(stdout.trim());
  await run(process.execPath, [join(HERE, 'write-by-hyparquet.mjs'), folder, packages]);
}

async function pythonWithPackages(): Promise<string> {
  const requirements = join(HERE, 'requirements.txt');
  const folder = await madeOnce('corpus-python', readFileSync(requirements, 'utf8'), async (made) => {
    console.info('installing pyarrow, polars, DuckDB, fastparquet and pandas (once)');
    await run('python3', ['-m', 'venv', made]);
    const pip = ['-m', 'pip', 'install', '--quiet', '--only-binary=:all:', '-r', requirements];
    await run(join(made, 'bin', 'python'), pip);
  });
  return join(folder, 'bin', 'python');
}

/** @returns its `node_modules` */
async function hyparquetWriter(): Promise<string> {
  const folder = await madeOnce('corpus-node', HYPARQUET_WRITER, async (made) => {
    console.info('installing hyparquet-writer (once)');
    mkdirSync(made, { recursive: true });
    await run('npm', ['install', '--silent', '--no-save', '--prefix', made, HYPARQUET_WRITER]);
  });
  return join(folder, 'node_modules');
}

/** @param of what is in it: another text is another folder */
async function madeOnce(name: string, of: string, make: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(CACHE, `${name}-${createHash('sha256').update(of).digest('hex').slice(0, 12)}`);
  // Written last: without it the folder is half made.
  const whole = join(folder, 'whole');
  if (existsSync(whole)) return folder;
  rmSync(folder, { recursive: true, force: true });
  await make(folder);
  writeFileSync(whole, '');
  return folder;
}

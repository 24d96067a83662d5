/**
 * The workflows' code as Temporal's sandbox runs it. Bundling takes 2 to 3 s, more than all the rest of a worker's start, and gives the
 * same for the same sources: it is done once, and kept beside the packages that are in it.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { bundleWorkflowCode, type Logger } from '@temporalio/worker';

const ROOT = resolve(import.meta.dirname, '..');
const WORKFLOWS = join(ROOT, 'workflows');
/** All that workflow code may import at run time, besides itself. */
const PACKAGES = ['@temporalio/workflow', '@temporalio/common', '@temporalio/worker'];

export interface WorkflowBundle {
  code: string;
  /** Was it there already? */
  kept: boolean;
}

/** Where bundles are kept, unless told otherwise: `npm ci` empties it. */
export const BUNDLES = join(ROOT, 'node_modules', '.cache', 'tripline');

/**
 * The bundle of the sources as they are, built when there is none or a damaged one. Any number of processes may ask at the same time.
 * A folder that cannot be written costs the time of a build, nothing else.
 */
export async function workflowBundle({
  logger,
  folder = BUNDLES,
}: {
  logger: Logger;
  folder?: string;
}): Promise<WorkflowBundle> {
  const digest = sourcesDigest();
  const path = join(folder, `workflows-${digest}.js`);
  const kept = readKept(path);
  if (kept !== undefined) return { code: kept, kept: true };
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(WORKFLOWS, 'workflows.ts'),
    payloadConverterPath: join(WORKFLOWS, 'payload-converter.ts'),
    logger,
  });
  try {
    // Sources that were edited meanwhile are in the code, or not.
    if (sourcesDigest() === digest) keep({ code, path, folder });
  } catch (error) {
    logger.warn('the workflow bundle cannot be kept: the next start builds it again', { error });
  }
  return { code, kept: false };
}

/** Of everything that decides what is in the bundle. */
function sourcesDigest(): string {
  const require = createRequire(import.meta.url);
  const hash = createHash('sha256');
  for (const name of PACKAGES) {
    const { version } = require(`${name}/package.json`) as { version: string };
    hash.update(`${name}@${version}\n`);
  }
  const sources = readdirSync(WORKFLOWS).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'));
  for (const name of sources.toSorted()) hash.update(`${name}\n`).update(readFileSync(join(WORKFLOWS, name)));
  return hash.digest('hex').slice(0, 16);
}

/** The last line holds the digest of the code before it, so that a file that was cut short is seen. */
const sealed = (code: string): string => `${code}\n// ${createHash('sha256').update(code).digest('hex')}\n`;

function readKept(path: string): string | undefined {
  try {
    const text = readFileSync(path, 'utf8');
    const code = text.slice(0, text.lastIndexOf('\n// '));
    return sealed(code) === text ? code : undefined;
  } catch {
    return undefined;
  }
}

/** Appears at `path` all at once; bundles of other sources go. */
function keep({ code, path, folder }: { code: string; path: string; folder: string }): void {
  mkdirSync(folder, { recursive: true });
  const written = `${path}.${process.pid}`;
  writeFileSync(written, sealed(code));
  renameSync(written, path);
  for (const name of readdirSync(folder)) {
    const other = join(folder, name);
    if (/^workflows-[0-9a-f]+\.js$/.test(name) && other !== path) rmSync(other, { force: true });
  }
}

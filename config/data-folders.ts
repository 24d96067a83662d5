/** Where `DATA_DIR` is unset: a folder for each source in `.data`, and which of them a person means (docs/decisions/0029). */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { readHeldSource, type SourceIdentity } from './source-identity.ts';

export const DATA_ROOT = '.data';

/** Names of the folders in `.data`. None is a name that a `DATA_DIR` has within itself: earlier versions had one source, in `.data` itself. */
export const SOURCE_FOLDER = /^(demo-source|(file|s3|https?)-([a-z0-9._-]+-)?[0-9a-f]{8}(-\d+)?)$/;

/** What a `DATA_DIR` holds, also where nothing says of which source. */
const CONTENTS = ['clickhouse', 'lake', 'temporal.db', 'operator-token'];

const LONGEST_SLUG = 40;

/** A folder in `.data`, or `.data` itself as earlier versions used it. */
export interface DataFolder {
  path: string;
  /** Undefined where it does not say which source it holds. */
  held: SourceIdentity | undefined;
}

/** Every folder in `.data` that holds a source, `.data` itself first. */
export function dataFolders(root = resolve(DATA_ROOT)): DataFolder[] {
  const paths = [root, ...namesIn(root).map((name) => join(root, name))];
  return paths.filter(isDataDir).map((path) => ({ path, held: heldBy(path) }));
}

/**
 * The folder that holds a source, or that will. It is found by what it says of itself, so that one which was bound to another address keeps its name.
 * @returns an absolute path
 */
export function dataFolderOf(identity: SourceIdentity, root = resolve(DATA_ROOT)): string {
  const isIts = ({ held }: DataFolder) => held?.source === identity.source && held.query === identity.query;
  const folders = dataFolders(root);
  const holding = folders.find(isIts);
  if (holding !== undefined) return holding.path;
  // The parts alone (`npm run worker`) write no `source.json` there: the first source that starts may take the folder.
  if (folders.some(({ path, held }) => path === root && held === undefined)) return root;
  const name = folderName(identity);
  const taken = new Set(folders.filter(({ held }) => held !== undefined).map(({ path }) => path));
  for (let number = 1; ; number += 1) {
    const path = join(root, number === 1 ? name : `${name}-${number}`);
    if (!taken.has(path)) return path;
  }
}

/** Readable, of plain letters, and the same for the same source: `file-trips-1f8a03bc`. */
export function folderName({ source, query }: SourceIdentity): string {
  if (source === 'demo:') return 'demo-source';
  const [, scheme = '', rest = ''] = /^([a-z0-9]+):\/*(.*)$/s.exec(source) ?? [];
  // Of a folder, its own name; of others, all that tells them apart.
  const telling = scheme === 'file' ? (rest.split('/').findLast((part) => part !== '') ?? '') : rest;
  const slug = telling
    .toLowerCase()
    .replaceAll(/[^a-z0-9._]+/g, '-')
    .slice(0, LONGEST_SLUG)
    .replaceAll(/^[-._]+|[-._]+$/g, '');
  const digest = createHash('sha256').update(`${source}\n${query}`).digest('hex').slice(0, 8);
  return [scheme, slug, digest].filter((part) => part !== '').join('-');
}

export interface RunningFolder {
  path: string;
  source: string;
  /** Of its gateway. */
  url: string;
}

/**
 * Where a person says nothing: the folder of the Tripline that runs.
 * @param url of its gateway, where that is known: the folder of another one is not taken, unless it is the only one there is
 */
export function runningDataFolder({
  url,
  root = resolve(DATA_ROOT),
}: {
  url?: string | undefined;
  root?: string;
}): { path: string | undefined } | { several: RunningFolder[] } {
  const folders = dataFolders(root);
  const running = folders.flatMap(({ path, held }) => {
    const gateway = runningGateway(path);
    return gateway === undefined ? [] : [{ path, source: held?.source ?? path, url: gateway }];
  });
  if (url !== undefined) {
    const its = running.find((each) => each.url === url);
    return { path: its?.path ?? (folders.length === 1 ? folders[0]?.path : undefined) };
  }
  return running.length > 1 ? { several: running } : { path: running[0]?.path };
}

const runFile = z.object({ pid: z.int().positive(), url: z.string() });

/** @returns the address of the gateway that runs on a folder; undefined where none does, also where one was killed with its launcher */
function runningGateway(dataDir: string): string | undefined {
  try {
    const { pid, url } = runFile.parse(
      JSON.parse(readFileSync(join(dataDir, 'run', 'gateway.json'), 'utf8')),
    );
    return lives(pid) ? url : undefined;
  } catch {
    return undefined;
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function namesIn(root: string): string[] {
  try {
    return readdirSync(root)
      .filter((name) => SOURCE_FOLDER.test(name))
      .toSorted();
  } catch {
    return [];
  }
}

const isDataDir = (path: string): boolean =>
  ['source.json', ...CONTENTS].some((name) => existsSync(join(path, name)));

/** What cannot be read is told once the folder is used. */
function heldBy(path: string): SourceIdentity | undefined {
  try {
    return readHeldSource(path);
  } catch {
    return { source: path, query: '' };
  }
}

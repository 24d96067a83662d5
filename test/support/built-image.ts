/**
 * What the Dockerfile builds, without a container runtime: its stages as folders, COPY and RUN done as it says. Good for what runs as
 * any user and below WORKDIR; USER, EXPOSE and HEALTHCHECK change nothing here.
 */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

export interface BuiltImage {
  /** The folder that is WORKDIR. */
  workdir: string;
  env: Record<string, string>;
  /** The CMD of the image. */
  command: string[];
}

const ROOT = resolve(import.meta.dirname, '../..');

/** @param folder stages are built below it */
export async function buildImage({
  target,
  folder,
}: {
  target: string;
  folder: string;
}): Promise<BuiltImage> {
  const lines = readFileSync(join(ROOT, 'Dockerfile'), 'utf8')
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n');
  const stages = new Map<string, BuiltImage & { root: string }>();
  let stage: (BuiltImage & { root: string }) | undefined;
  const wanted = neededStages(lines, target);
  let building = false;
  for (const line of lines) {
    const [instruction = '', ...words] = line.trim().split(/\s+/);
    if (instruction === 'FROM') {
      const [from = '', , name = ''] = words;
      building = wanted.has(name);
      if (!building) continue;
      const base = stages.get(from);
      const root = base?.root ?? join(folder, name);
      stage = { root, workdir: base?.workdir ?? root, env: { ...base?.env }, command: base?.command ?? [] };
      mkdirSync(root, { recursive: true });
      stages.set(name, stage);
      continue;
    }
    if (!building || stage === undefined) continue;
    switch (instruction) {
      case 'WORKDIR':
        stage.workdir = join(stage.root, words[0] ?? '');
        mkdirSync(stage.workdir, { recursive: true });
        break;
      case 'ENV':
        for (const pair of words) stage.env[pair.split('=')[0] ?? ''] = pair.split('=').slice(1).join('=');
        break;
      case 'CMD':
        stage.command = JSON.parse(words.join(' ')) as string[];
        break;
      case 'COPY': {
        const from =
          words[0]?.startsWith('--from=') === true ? words.shift()?.slice('--from='.length) : undefined;
        const to = words.pop() ?? '';
        for (const path of words) {
          const source = from === undefined ? join(ROOT, path) : join(stages.get(from)?.root ?? '', path);
          const intoFolder = to.endsWith('/');
          const at = to.startsWith('/') ? join(stage.root, to) : join(stage.workdir, to);
          if (from !== undefined) {
            // The same bytes under another name: no instruction after it changes them.
            await promisify(execFile)('cp', ['--archive', '--link', '--no-target-directory', source, at]);
            continue;
          }
          const filter = (name: string): boolean => !name.endsWith('.test.ts');
          cpSync(source, intoFolder ? join(at, path) : at, {
            recursive: true,
            filter,
            verbatimSymlinks: true,
          });
        }
        break;
      }
      case 'RUN':
        await promisify(execFile)('sh', ['-ec', words.join(' ')], {
          cwd: stage.workdir,
          env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...stage.env },
          maxBuffer: 64 * 2 ** 20,
        });
        break;
      default:
    }
  }
  const built = stages.get(target);
  if (built === undefined) throw new Error(`the Dockerfile has no stage ${target}`);
  return built;
}

/** The stages that `target` is made of, by FROM and COPY --from. */
function neededStages(lines: readonly string[], target: string): Set<string> {
  const uses = new Map<string, string[]>();
  let name = '';
  for (const line of lines) {
    const from = /^FROM (\S+) AS (\S+)/.exec(line);
    if (from !== null) {
      name = from[2] ?? '';
      uses.set(name, [from[1] ?? '']);
    }
    const copied = /^COPY --from=(\S+)/.exec(line)?.[1];
    if (copied !== undefined) uses.get(name)?.push(copied);
  }
  const needed = new Set<string>();
  const add = (stage: string): void => {
    if (!uses.has(stage) || needed.has(stage)) return;
    needed.add(stage);
    for (const used of uses.get(stage) ?? []) add(used);
  };
  add(target);
  return needed;
}

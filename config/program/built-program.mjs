/**
 * A program of ours as one JavaScript file. Node starts it in a third of the processor time that its hundreds of TypeScript files take, and a part that ended is back so much
 * sooner. It holds our own code; packages stay where they are. esbuild takes a twentieth of a second to build it, whenever a source is not what it was.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
/** `npm ci` empties it. */
const FOLDER = join(ROOT, 'node_modules', '.cache', 'tripline');
/** Decide, with the sources, what is built. */
const ALSO_READ = ['config/program/built-program.mjs', 'package-lock.json'];

/**
 * Any number of processes may ask at the same time.
 * @param {string} entry a TypeScript file, by its path from the repository's root
 * @param {{ folder?: string }} options
 * @returns {Promise<string>} the path of the program, built from the sources as they are now
 * @throws {Error} when a source is missing or is no TypeScript, or when the folder cannot be written
 */
export async function builtProgram(entry, { folder = FOLDER } = {}) {
  const name = entry.replace(/\.ts$/, '').replaceAll(/[\\/]/g, '-');
  const listed = join(folder, `${name}.sources.json`);
  const kept = keptProgram({ name, listed, folder });
  if (kept !== undefined) return kept;
  const { code, map, sources } = await bundle(entry, { folder });
  const digest = digestOf(sources);
  mkdirSync(folder, { recursive: true });
  for (const file of readdirSync(folder)) {
    const isOlder =
      file.startsWith(`${name}-`) && /^-[0-9a-f]{16}\.mjs(\.map)?$/.test(file.slice(name.length));
    if (isOlder && !file.includes(digest)) rmSync(join(folder, file), { force: true });
  }
  const path = join(folder, `${name}-${digest}.mjs`);
  appear(`${path}.map`, map);
  appear(path, code + lastLine(path));
  appear(listed, JSON.stringify(sources));
  return path;
}

/** The program that was built from the same sources, if it is there. */
function keptProgram({ name, listed, folder }) {
  try {
    const path = join(folder, `${name}-${digestOf(JSON.parse(readFileSync(listed, 'utf8')))}.mjs`);
    // A machine that lost its power may have cut it short.
    return readFileSync(path, 'utf8').endsWith(lastLine(path)) ? path : undefined;
  } catch {
    return undefined;
  }
}

/** Compared by content, not by date: an image, or a checkout of another branch and back, needs no new one. */
function digestOf(sources) {
  const hash = createHash('sha256');
  for (const source of [...ALSO_READ, ...sources])
    hash
      .update(`${source}\n`)
      .update(readFileSync(join(ROOT, source)))
      .update('\n');
  return hash.digest('hex').slice(0, 16);
}

async function bundle(entry, { folder }) {
  const { build } = await import('esbuild');
  const { outputFiles, metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    outfile: join(folder, 'program.mjs'),
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    tsconfigRaw: { compilerOptions: { target: 'es2023', verbatimModuleSyntax: true } },
    // Errors and logs call classes and functions by the names that the sources give them.
    keepNames: true,
    sourcemap: 'external',
    sourcesContent: false,
    logLevel: 'silent',
    plugins: [
      { name: 'place-of-source', setup: ({ onLoad }) => onLoad({ filter: /\.(ts|mjs)$/ }, placed(folder)) },
    ],
  });
  const text = (ending) => outputFiles.find(({ path }) => path.endsWith(ending)).text;
  return { code: text('.mjs'), map: text('.map'), sources: Object.keys(metafile.inputs).toSorted() };
}

/** A source finds the files beside it wherever the program lies: its `import.meta` tells the place of the source. */
const placed =
  (folder) =>
  ({ path }) => {
    const url = `new URL(${JSON.stringify(relative(folder, path))}, import.meta.url)`;
    const places = {
      url: `${url}.href`,
      filename: `__fileURLToPath(${url})`,
      dirname: `__dirnameOf(__fileURLToPath(${url}))`,
    };
    const source = readFileSync(path, 'utf8');
    const contents = source.replaceAll(
      /\bimport\.meta\.(url|filename|dirname)\b/g,
      (_, property) => places[property],
    );
    // On the first line, so that all lines keep their numbers.
    const imports = `import { fileURLToPath as __fileURLToPath } from 'node:url'; import { dirname as __dirnameOf } from 'node:path'; `;
    return {
      loader: path.endsWith('.ts') ? 'ts' : 'js',
      contents: contents === source ? source : imports + contents,
    };
  };

const lastLine = (path) => `//# sourceMappingURL=${basename(path)}.map\n`;

function appear(path, text) {
  const written = `${path}.${process.pid}`;
  writeFileSync(written, text);
  renameSync(written, path);
}

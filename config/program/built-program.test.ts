import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { builtProgram } from './built-program.mjs';

const ROOT = resolve(import.meta.dirname, '../..');
let base: string;
let entry: string;
let folder: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'tripline-program-'));
  folder = join(base, 'built');
  mkdirSync(join(base, 'sources'));
  entry = relative(ROOT, join(base, 'sources', 'main.ts'));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const write = (name: string, text: string): void => writeFileSync(join(base, 'sources', name), text);
const output = (path: string): string =>
  execFileSync(process.execPath, ['--enable-source-maps', path], { encoding: 'utf8' });
const programs = (): string[] => readdirSync(folder).filter((name) => name.endsWith('.mjs'));

it('runs the sources as they are now, and is built again only when one has changed', async () => {
  write('main.ts', `import { word } from './word.ts';\nconsole.log(word);`);
  write('word.ts', `export const word: string = 'one';`);
  const first = await builtProgram(entry, { folder });
  expect(output(first)).toBe('one\n');
  expect(await builtProgram(entry, { folder })).toBe(first);
  write('word.ts', `export const word: string = 'two';`);
  const second = await builtProgram(entry, { folder });
  expect(output(second)).toBe('two\n');
  expect(programs()).toHaveLength(1);
});

it('lets a source find the files beside it', async () => {
  write(
    'main.ts',
    `import { readFileSync } from 'node:fs';
    console.log(readFileSync(new URL('./beside.txt', import.meta.url), 'utf8'), import.meta.dirname, import.meta.filename);`,
  );
  write('beside.txt', 'beside');
  const sources = join(base, 'sources');
  expect(output(await builtProgram(entry, { folder }))).toBe(
    `beside ${sources} ${join(sources, 'main.ts')}\n`,
  );
});

it('calls things by their names, and tells an error by the line of the source', async () => {
  write(
    'main.ts',
    `interface Any { long: 'type' }\nclass Refusal extends Error {}\n\nconst at = new Refusal('no').stack;\nconsole.log(Refusal.name, at);`,
  );
  expect(output(await builtProgram(entry, { folder }))).toMatch(/^Refusal [\s\S]*sources\/main\.ts:4:\d+/);
});

it('does not run a program that was cut short', async () => {
  write('main.ts', `console.log('whole');`);
  const path = await builtProgram(entry, { folder });
  truncateSync(path, 0);
  expect(output(await builtProgram(entry, { folder }))).toBe('whole\n');
});

it('says which source is missing', async () => {
  write('main.ts', `import './gone.ts';`);
  await expect(builtProgram(entry, { folder })).rejects.toThrow(/gone\.ts/);
});

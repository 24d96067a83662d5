import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { until } from '../test/support/until.ts';
import type { SourceWatch } from './source.ts';
import { watchFolder, type System } from './watch-folder.ts';

const EXT4 = 0xef53;
const NFS = 0x6969;

let parent: string;
let folder: string;
let watch: SourceWatch | undefined;
let changes = 0;
const troubles: (string | null)[] = [];

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'tripline-watch-'));
  folder = join(parent, 'source');
  mkdirSync(folder);
  changes = 0;
  troubles.length = 0;
});

afterEach(() => {
  watch?.close();
  rmSync(parent, { recursive: true, force: true });
});

function begin(system?: System): SourceWatch {
  watch = watchFolder({
    path: folder,
    isNews: (name) => name.endsWith('.parquet'),
    listener: { onChange: () => (changes += 1), onTrouble: (why) => troubles.push(why) },
    checkEveryMs: 20,
    ...(system === undefined ? {} : { system }),
  });
  return watch;
}

/** Waits until something has changed since, and nothing more comes of what happened before. */
async function changed(what: string, happen: () => void): Promise<void> {
  const before = changes;
  happen();
  await until(what, () => changes > before);
}

it('tells of files that come, change and go, and not of others', async () => {
  const { isReliable } = begin();
  await until('the folder is watched', isReliable);
  const file = join(folder, 'a.parquet');
  await changed('a file has come', () => writeFileSync(file, 'one'));
  await changed('a file has changed', () => writeFileSync(file, 'two'));
  await changed('a file has another name', () => renameSync(file, join(folder, 'b.parquet')));
  await changed('a file has gone', () => rmSync(join(folder, 'b.parquet')));
  writeFileSync(join(folder, 'notes.txt'), '');
  // Events come in their order: what the text file caused is there by then.
  const before = changes;
  await changed('the next file has come', () => renameSync(join(folder, 'notes.txt'), file));
  expect(changes - before).toBeLessThanOrEqual(2);
  expect(troubles).toEqual([]);
});

it('goes on with a folder that is removed, made again, and replaced', async () => {
  const { isReliable } = begin();
  await until('the folder is watched', isReliable);
  await changed('the folder has gone', () => rmSync(folder, { recursive: true }));
  await until('it is not watched', () => !isReliable());
  expect(troubles).toEqual(['it is not there']);
  await changed('there is a folder again', () => mkdirSync(folder));
  await until('it is watched again', isReliable);
  await changed('a file has come', () => writeFileSync(join(folder, 'a.parquet'), ''));
  const other = join(parent, 'other');
  mkdirSync(other);
  await changed('it is another folder', () => {
    renameSync(folder, join(parent, 'aside'));
    renameSync(other, folder);
  });
  await until('the other one is watched', isReliable);
  await changed('a file has come there', () => writeFileSync(join(folder, 'b.parquet'), ''));
});

it('watches a folder as soon as the system allows it', async () => {
  let isFull = true;
  const { isReliable } = begin({
    fileSystemOf: () => Promise.resolve(EXT4),
    watch() {
      if (isFull) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
      return { on: () => undefined, close: () => undefined } as never;
    },
  });
  await until('it is refused', () => troubles.length > 0);
  expect(troubles).toEqual([expect.stringMatching(/^the system watches no more files .*max_user_watches/)]);
  expect(isReliable()).toBe(false);
  const before = changes;
  isFull = false;
  await until('it is watched', isReliable);
  expect(changes).toBe(before + 1);
  expect(troubles.slice(1)).toEqual([null]);
});

it('does not rely on what it hears of a network file system', async () => {
  const { isReliable } = begin({
    fileSystemOf: () => Promise.resolve(NFS),
    watch: () => {
      throw new Error('nobody watches it');
    },
  });
  await until('it is looked at', () => troubles.length > 0);
  expect(troubles).toEqual(['it is on a file system (0x6969) that other machines may write to']);
  expect(isReliable()).toBe(false);
});

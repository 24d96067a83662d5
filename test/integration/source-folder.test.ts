import { appendFile, mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFolderSource } from '../../sources/folder-source.ts';
import type { FileVersion, Source } from '../../sources/source.ts';
import { until } from '../support/until.ts';

const signal = new AbortController().signal;
let folder: string;
let source: Source;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tripline-folder-'));
  source = createFolderSource({ path: folder });
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** A file whose last write is a minute ago. */
async function place(name: string, content: string | Uint8Array, ageMs = 60_000): Promise<void> {
  await writeFile(join(folder, name), content);
  const then = (Date.now() - ageMs) / 1000;
  await utimes(join(folder, name), then, then);
}

async function bytesOf(file: FileVersion, start: number, end: number): Promise<string> {
  const pieces = [];
  for await (const piece of source.read({ file, range: { start, end }, signal })) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

describe('a folder as a source', () => {
  it('lists the parquet files directly inside, in order, each with its version', async () => {
    await place('b 2024-02.parquet', 'b');
    await place('a.PARQUET', 'a');
    await place('notes.txt', 'x');
    await place('.hidden.parquet', 'x');
    await mkdir(join(folder, 'folder.parquet'));
    await symlink(join(folder, 'a.PARQUET'), join(folder, 'linked.parquet'));
    await symlink(join(folder, 'nowhere'), join(folder, 'dangling.parquet'));
    const listed = await source.list({ signal });
    expect(listed.map(({ filename }) => filename)).toEqual([
      'a.PARQUET',
      'b 2024-02.parquet',
      'linked.parquet',
    ]);
    for (const { filename, version } of listed)
      expect((await source.stat({ filename, signal })).version).toBe(version);
    expect(listed[0]?.version).toMatch(/^1-\d+-\d+$/);
  });

  it('relies on being told of changes, except of files that grow and of what links lead to', async () => {
    let changes = 0;
    const watch = source.watch?.({ onChange: () => (changes += 1), onTrouble: () => undefined });
    if (watch === undefined) throw new Error('a folder can be watched');
    try {
      const isReliable = async () => {
        await source.list({ signal });
        return watch.isReliable();
      };
      await place('a.parquet', 'whole');
      await until('it is watched', isReliable);
      const before = changes;
      await place('growing.parquet', 'half of it', 0);
      await until('it is told', () => changes > before);
      expect(await isReliable()).toBe(false);
      await place('growing.parquet', 'all of it');
      expect(await isReliable()).toBe(true);
      await symlink(join(folder, 'a.parquet'), join(folder, 'linked.parquet'));
      expect(await isReliable()).toBe(false);
    } finally {
      watch.close();
    }
  });

  it('tells what is gone, and not of what is only being written, and what it leaves out', async () => {
    await place('growing.parquet', 'PAR1 half of it', 0);
    await place('x.parquet.gz', 'x');
    await mkdir(join(folder, '2024'));
    const filenames = ['deleted.parquet', 'growing.parquet'];
    expect(await source.gone?.({ filenames, signal })).toEqual(['deleted.parquet']);
    await source.list({ signal });
    expect(
      source
        .ignored?.()
        .map(({ kind, example }) => `${kind} ${example}`)
        .toSorted(),
    ).toEqual(['COMPRESSED x.parquet.gz', 'FOLDER 2024']);
  });

  it('does not list a file that was written to a moment ago', async () => {
    await place('growing.parquet', 'PAR1 half of it', 0);
    await place('grown.parquet', 'PAR1 all PAR1', 2_000);
    await place('half.parquet', 'PAR1 half of it', 2_000);
    expect((await source.list({ signal })).map(({ filename }) => filename)).toEqual(['grown.parquet']);
    const growing = await source.stat({ filename: 'growing.parquet', signal });
    expect(growing).toMatchObject({ sizeBytes: 15, ranged: true, url: `file://${folder}/growing.parquet` });
  });

  it('reads exactly the bytes asked for, over piece borders', async () => {
    const content = Buffer.alloc((5 << 20) / 2, 'abcdefg');
    await place('a.parquet', content);
    const file = await source.stat({ filename: 'a.parquet', signal });
    expect(await bytesOf(file, 0, content.length)).toBe(content.toString());
    expect(await bytesOf(file, 1_048_570, 2_097_160)).toBe(content.subarray(1_048_570, 2_097_160).toString());
    expect(await bytesOf(file, 5, 5)).toBe('');
    await expect(bytesOf(file, 0, content.length + 1)).rejects.toMatchObject({ kind: 'broken' });
  });

  it('refuses another version than the one asked for, before and in the middle of reading', async () => {
    const content = Buffer.alloc(3 << 20, 'old');
    await place('a.parquet', content);
    const file = await source.stat({ filename: 'a.parquet', signal });
    const reading = source.read({ file, range: { start: 0, end: content.length }, signal });
    const pieces = reading[Symbol.asyncIterator]();
    await pieces.next();
    await place('new', Buffer.alloc(3 << 20, 'new'));
    await rename(join(folder, 'new'), join(folder, 'a.parquet'));
    const rest = (async () => {
      while (!(await pieces.next()).done);
    })();
    await expect(rest).rejects.toMatchObject({ name: 'SourceError', kind: 'changed' });
    await expect(bytesOf(file, 0, 10)).rejects.toMatchObject({ kind: 'changed' });

    const appended = await source.stat({ filename: 'a.parquet', signal });
    await appendFile(join(folder, 'a.parquet'), 'x');
    await expect(bytesOf(appended, 0, 10)).rejects.toMatchObject({ kind: 'changed' });
  });

  it('says what is not there, and what is no name of a file', async () => {
    await place('outside.txt', 'secret');
    for (const filename of ['a.parquet', '../a.parquet', 'outside.txt', '', '..', 'a\0.parquet']) {
      await expect(source.stat({ filename, signal }), filename).rejects.toMatchObject({ kind: 'absent' });
    }
    await mkdir(join(folder, 'folder.parquet'));
    await expect(source.stat({ filename: 'folder.parquet', signal })).rejects.toMatchObject({
      kind: 'absent',
    });
  });

  it('says which folder cannot be read and why', async () => {
    await rm(folder, { recursive: true });
    await expect(source.list({ signal })).rejects.toMatchObject({
      kind: 'unavailable',
      message: `The folder ${folder} cannot be read: it does not exist`,
    });
    await writeFile(folder, 'a file');
    await expect(source.list({ signal })).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringMatching(/it is not a folder$/),
    });
  });

  it('stops when told to', async () => {
    await place('a.parquet', 'x');
    const file = await source.stat({ filename: 'a.parquet', signal });
    const aborted = AbortSignal.abort();
    await expect(source.list({ signal: aborted })).rejects.toMatchObject({ name: 'AbortError' });
    const reading = source.read({ file, range: { start: 0, end: 1 }, signal: aborted });
    await expect(reading[Symbol.asyncIterator]().next()).rejects.toMatchObject({ name: 'AbortError' });
  });
});

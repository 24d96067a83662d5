import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dataFolderOf, folderName, SOURCE_FOLDER } from './data-folders.ts';
import { EnvironmentError, readClientEnvironment, readEnvironment, sourceIdentity } from './environment.ts';

let checkout: string;
let root: string;
const cwd = process.cwd();

beforeEach(() => {
  checkout = realpathSync(mkdtempSync(join(tmpdir(), 'tripline-folders-')));
  root = join(checkout, '.data');
  process.chdir(checkout);
});
afterEach(() => {
  process.chdir(cwd);
  rmSync(checkout, { recursive: true, force: true });
});

const identityOf = (url: string) =>
  sourceIdentity(readEnvironment({ SOURCE_URL: url, SOURCE_FROM: '2024-01', DATA_DIR: '/data' }).source);
/** A folder as `npm start` leaves it. */
function holds(folder: string, held: object): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'source.json'), JSON.stringify(held));
  return folder;
}
function runs(folder: string, { pid = process.pid, url }: { pid?: number; url: string }): void {
  mkdirSync(join(folder, 'run'), { recursive: true });
  writeFileSync(join(folder, 'run/gateway.json'), JSON.stringify({ pid, url }));
}

describe('where DATA_DIR is unset', () => {
  it.each([
    ['demo:', /^demo-source$/],
    ['file:///data/My%20trips', /^file-my-trips-[0-9a-f]{8}$/],
    ['file:///', /^file-[0-9a-f]{8}$/],
    ['file:///a/%D7%A7', /^file-[0-9a-f]{8}$/],
    ['s3://bucket/a/b', /^s3-bucket-a-b-[0-9a-f]{8}$/],
    ['https://me:secret@host:8080/../x/?token=secret', /^https-host-8080-x-[0-9a-f]{8}$/],
    [`https://host/${'long/'.repeat(99)}`, /^https-host-(long-){6,7}[a-z]*-?[0-9a-f]{8}$/],
  ])('%s has a folder of its own', (url, name) => {
    expect(folderName(identityOf(url))).toMatch(name);
    expect(folderName(identityOf(url))).toMatch(SOURCE_FOLDER);
    const { dataDir, lake } = readEnvironment({ SOURCE_URL: url });
    expect(dataDir).toBe(join(root, folderName(identityOf(url))));
    expect(lake).toEqual({ kind: 'folder', path: join(dataDir, 'lake') });
  });

  it('sources that look alike have different ones, and a new signature makes no new one', () => {
    const names = [
      'file:///a/trips',
      'file:///b/trips',
      'https://h/a_b/',
      'https://h/a-b/',
      'https://h/?x=1',
    ];
    expect(new Set(names.map((url) => folderName(identityOf(url)))).size).toBe(names.length);
    const signed = ['old', 'new'].map((sig) =>
      folderName(identityOf(`https://h/{month}.parquet?sig=${sig}`)),
    );
    expect(signed[0]).toBe(signed[1]);
  });

  it('what yesterday left in .data itself is found, by the source that it holds and by no other', () => {
    holds(root, { source: 'demo:', query: '' });
    expect(readEnvironment({}).dataDir).toBe(root);
    expect(readEnvironment({ SOURCE_URL: 'file:///trips' }).dataDir).toMatch(/\.data\/file-trips-\w{8}$/);
  });

  it('an older one of which the source is written with its secrets is found, too', () => {
    holds(root, { source: 'https://me:key@host/x_{month}.parquet?sig=old' });
    const SOURCE_URL = 'https://host/x_{month}.parquet?sig=new';
    expect(readEnvironment({ SOURCE_URL, SOURCE_FROM: '2024-01' }).dataDir).toBe(root);
  });

  it('one that does not say what it holds, as the parts alone leave it, is used as before', () => {
    mkdirSync(join(root, 'lake'), { recursive: true });
    expect(readEnvironment({ SOURCE_URL: 's3://bucket/x' }).dataDir).toBe(root);
  });

  it('a folder that was bound to another address keeps its name, and its old address gets a new one', () => {
    const [old, moved] = [identityOf('file:///old'), identityOf('file:///moved')];
    const folder = holds(join(root, folderName(old)), moved);
    expect(dataFolderOf(moved)).toBe(folder);
    expect(dataFolderOf(old)).toBe(`${folder}-2`);
    expect(folderName(old) + '-2').toMatch(SOURCE_FOLDER);
  });
});

describe('the command line', () => {
  const meant = (env: Record<string, string> = {}) => readClientEnvironment(env).dataDir;

  it('takes what is said', () => {
    expect(meant({ DATA_DIR: 'here' })).toBe(join(checkout, 'here'));
    expect(meant({ SOURCE_URL: 'demo:' })).toBe(join(root, 'demo-source'));
    expect(() => meant({ SOURCE_URL: 'ftp://x' })).toThrow(EnvironmentError);
  });

  it('takes the one that runs, in .data itself or below, and none that was killed', () => {
    expect(meant()).toBeUndefined();
    const demo = holds(join(root, 'demo-source'), { source: 'demo:', query: '' });
    runs(demo, { pid: 2 ** 22 + 1, url: 'http://127.0.0.1:4000' });
    expect(meant()).toBeUndefined();
    holds(root, { source: 'file:///trips', query: '' });
    runs(root, { url: 'http://127.0.0.1:4001' });
    expect(meant()).toBe(root);
  });

  it('asks which one is meant when several run', () => {
    holds(root, { source: 'demo:', query: '' });
    const folder = holds(join(root, 'file-trips-0123abcd'), { source: 'file:///trips', query: '' });
    runs(root, { url: 'http://127.0.0.1:4000' });
    runs(folder, { url: 'http://127.0.0.1:4001' });
    expect(() => meant()).toThrow(
      `several Triplines run here: demo: at http://127.0.0.1:4000 (DATA_DIR=.data), file:///trips at http://127.0.0.1:4001 (DATA_DIR=.data/file-trips-0123abcd); say which one is meant, by DATA_DIR=… or SOURCE_URL=… in front of the command`,
    );
    expect(meant({ SOURCE_URL: 'file:///trips' })).toBe(folder);
    expect(meant({ TRIPLINE_URL: 'http://127.0.0.1:4001/' })).toBe(folder);
    // The token of this machine is sent to no other one.
    expect(meant({ TRIPLINE_URL: 'https://elsewhere.example.org' })).toBeUndefined();
  });
});

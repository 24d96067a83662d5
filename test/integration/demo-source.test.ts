/** The demo source as a process: what it publishes, how it refuses, and that it goes on where it was. */
import { createHash } from 'node:crypto';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openSource } from '../../sources/open-source.ts';
import type { Source } from '../../sources/source.ts';
import { eventually, startEngineProcess, temporaryFolder, type EngineProcess } from './engine-process.ts';
import { programArguments } from '../../config/program/program.ts';

const signal = new AbortController().signal;
let engineFolder: Awaited<ReturnType<typeof temporaryFolder>>;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let engine: EngineProcess;
let demo: { url: string; process: ChildProcess } | undefined;
let source: Source;

beforeAll(async () => {
  engineFolder = await temporaryFolder();
  engine = await startEngineProcess(engineFolder.path);
});
afterAll(async () => {
  await engine.stop();
  await engineFolder.remove();
});
beforeEach(async () => {
  folder = await temporaryFolder();
  source = openSource({
    location: { kind: 'demo' },
    dataDir: folder.path,
    s3: { endpoint: undefined, region: '' },
  });
});
afterEach(async () => {
  await stopDemo();
  await folder.remove();
});

/** Starts the demo source and tells of it as the launcher does. */
async function startDemo(flags: Record<string, string | number> = {}): Promise<string> {
  const given = {
    'engine-url': engine.as('reader'),
    dir: join(folder.path, 'demo'),
    rows: 3_000,
    months: 4,
    'every-seconds': 0,
    ...flags,
  };
  const args = Object.entries(given).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn(process.execPath, [...programArguments('sources/demo/main.ts'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, LOG_FORMAT: 'json' },
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const { url } = JSON.parse(line) as { url?: string };
    if (url === undefined) continue;
    demo = { url, process: child };
    await mkdir(join(folder.path, 'run'), { recursive: true });
    await writeFile(join(folder.path, 'run', 'demo.json'), JSON.stringify({ pid: child.pid, url }));
    child.stdout.resume();
    return url;
  }
  throw new Error('the demo source ended before it was ready');
}

async function stopDemo(): Promise<void> {
  const child = demo?.process;
  demo = undefined;
  if (child === undefined || child.exitCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const [code] = (await exited) as [number | null];
  expect(code).toBe(0);
}

async function listOnce(months: number): Promise<string[]> {
  let names: string[] = [];
  await eventually(async () => {
    names = (await source.list({ signal })).map(({ filename }) => filename);
    return names.length >= months;
  });
  return names;
}

/** A lot is allowed, so that polling in tests is no pressure. */
const RELAXED = { 'requests-per-second': 10_000, burst: 10_000, 'max-concurrent': 100 };

describe('the demo source', () => {
  it('publishes months one after another, which can be read as from any server', async () => {
    const url = await startDemo(RELAXED);
    const names = await listOnce(4);
    expect(names).toEqual(
      ['2009-01', '2024-10', '2024-11', '2024-12'].map((month) => `yellow_tripdata_${month}.parquet`),
    );
    const [listed] = await source.list({ signal });
    expect(listed?.hint).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \d+$/);
    const filename = names[1] ?? '';
    const file = await source.stat({ filename, signal });
    expect(file).toMatchObject({
      ranged: true,
      url: `${url}/${filename}`,
      version: expect.stringMatching(/^"[\da-f]{64}"$/),
    });
    const pieces: Uint8Array[] = [];
    for (let start = 0; start < file.sizeBytes; start += 50_000) {
      const range = { start, end: Math.min(start + 50_000, file.sizeBytes) };
      for await (const piece of source.read({ file, range, signal })) pieces.push(piece);
    }
    const bytes = Buffer.concat(pieces);
    expect(bytes.equals(await readFile(join(folder.path, 'demo', filename)))).toBe(true);
    expect(file.version).toBe(`"${createHash('sha256').update(bytes).digest('hex')}"`);
    expect((await source.list({ signal })).map(({ hint }) => hint)[1]).toContain(String(file.sizeBytes));
  });

  it('goes on after a restart: what was published is the same, also on another port', async () => {
    await startDemo({ ...RELAXED, months: 3 });
    const names = await listOnce(3);
    const stat = async () => Promise.all(names.map((filename) => source.stat({ filename, signal })));
    const before = await stat();
    await stopDemo();
    await expect(source.list({ signal })).rejects.toMatchObject({ kind: 'unavailable' });
    await startDemo({ ...RELAXED, months: 5, rows: 50 });
    expect((await stat()).map(({ version, sizeBytes }) => [version, sizeBytes])).toEqual(
      before.map(({ version, sizeBytes }) => [version, sizeBytes]),
    );
    expect(await listOnce(5)).toEqual(expect.arrayContaining(names));
  });

  it('answers as HTTP demands', async () => {
    const url = await startDemo({ ...RELAXED, months: 1 });
    const [name = ''] = await listOnce(1);
    const file = `${url}/${name}`;
    const get = (headers: Record<string, string>, method = 'GET') => fetch(file, { method, headers });
    const head = await get({}, 'HEAD');
    const etag = head.headers.get('etag') ?? '';
    const size = Number(head.headers.get('content-length'));
    expect(head.headers.get('server')).toContain('generated');
    expect(Date.parse(head.headers.get('last-modified') ?? '')).toBeGreaterThan(Date.now() - 60_000);

    const range = await get({ range: 'bytes=-8', 'if-match': etag });
    expect([range.status, range.headers.get('content-range')]).toEqual([
      206,
      `bytes ${size - 8}-${size - 1}/${size}`,
    ]);
    expect((await range.text()).slice(-4)).toBe('PAR1');
    expect(await (await get({ range: `bytes=${size - 4}-` })).text()).toBe('PAR1');
    const statuses: [Record<string, string>, number][] = [
      [{ 'if-match': '"other"' }, 412],
      [{ 'if-match': `"other", ${etag}` }, 200],
      [{ 'if-none-match': etag }, 304],
      [{ range: `bytes=${size}-` }, 416],
      [{ range: 'bytes=0-1,3-4' }, 200],
      [{ range: 'bytes=5-2' }, 200],
      [{ range: 'bytes=0-3', 'if-range': '"other"' }, 200],
      [{ range: 'bytes=0-3', 'if-range': etag }, 206],
    ];
    for (const [headers, status] of statuses) {
      const answer = await get(headers);
      await answer.arrayBuffer();
      expect([headers, answer.status]).toEqual([headers, status]);
    }
    expect((await get({}, 'POST')).status).toBe(405);
    for (const path of ['/yellow_tripdata_2031-01.parquet', '/..%2Fpublished.json', '/published.json']) {
      expect((await fetch(url + path)).status, path).toBe(403);
    }
    expect(await (await fetch(url)).text()).toContain('generated trips, not real ones');
  });

  it('takes a polite pace and refuses a burst', async () => {
    await startDemo({ ...RELAXED, months: 1 });
    const [name = ''] = await listOnce(1);
    await stopDemo();
    const url = await startDemo({ months: 1, 'requests-per-second': 0.01 });
    const file = await source.stat({ filename: name, signal });
    const { sizeBytes } = file;
    const four = [0, 1, 2, 3].map(async (quarter) => {
      const start = Math.floor((sizeBytes * quarter) / 4);
      const range = { start, end: Math.floor((sizeBytes * (quarter + 1)) / 4) };
      let lengthBytes = 0;
      for await (const piece of source.read({ file, range, signal })) lengthBytes += piece.byteLength;
      return lengthBytes;
    });
    expect((await Promise.all(four)).reduce((sum, each) => sum + each, 0)).toBe(sizeBytes);
    const burst = await Promise.all(
      Array.from({ length: 200 }, async () => {
        const answer = await fetch(`${url}/${name}`, { headers: { range: 'bytes=0-9' } });
        await answer.arrayBuffer();
        return answer.status;
      }),
    );
    expect(new Set(burst)).toEqual(new Set([206, 403]));
    await expect(source.stat({ filename: name, signal })).rejects.toMatchObject({
      kind: 'throttled',
      status: 403,
    });
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });

  it('waits for its engine, and ends at once whatever it is doing', async () => {
    const url = await startDemo({ 'engine-url': 'http://127.0.0.1:1' });
    expect(await source.list({ signal })).toEqual([]);
    await stopDemo();
    await startDemo({ rows: 5_000_000, months: 24 });
    // It would take minutes to make these.
    await stopDemo();
    await expect(fetch(url)).rejects.toThrow();
  });

  it('says every mistake in its flags', async () => {
    const child = spawn(process.execPath, [
      ...programArguments('sources/demo/main.ts'),
      '--rows',
      'many',
      '--port',
      '99999',
    ]);
    let said = '';
    child.stderr.on('data', (piece: Buffer) => (said += piece.toString()));
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).toBe(1);
    expect(said).toMatch(/--port must be .*\n--rows must be .*\n--engine-url must be/);
  });
});

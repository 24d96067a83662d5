/** The engine's process: starting, stopping, being killed, being refused. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually, startEngineProcess, temporaryFolder, type EngineProcess } from './engine-process.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let engines: EngineProcess[];
beforeEach(async () => {
  folder = await temporaryFolder();
  engines = [];
});
afterEach(async () => {
  for (const engine of engines) await engine.stop('SIGKILL');
  await folder.remove();
});

async function start(...more: [Parameters<typeof startEngineProcess>[1]?]): Promise<EngineProcess> {
  const engine = await startEngineProcess(folder.path, ...more);
  engines.push(engine);
  return engine;
}
const post = async (engine: EngineProcess, sql: string): Promise<string> => {
  const answer = await fetch(engine.url, {
    method: 'POST',
    body: sql,
    headers: engine.credentials.headers('loader'),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  return text.trim();
};
/** The first process whose parent is `pid`. */
async function childOf(pid: number): Promise<number> {
  for (const entry of await readdir('/proc')) {
    const stat = await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => '');
    if (/\) \w (\d+) /.exec(stat)?.[1] === String(pid)) return Number(entry);
  }
  return 0;
}
const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('the engine process', { timeout: 60_000 }, () => {
  it('reopens with every acknowledged insert after SIGKILL in the middle of inserts', async () => {
    let expected = 0;
    for (let round = 0; round < 3; round++) {
      const engine = await start();
      await post(
        engine,
        'CREATE TABLE IF NOT EXISTS kept (writer UInt32, n UInt32) ENGINE = MergeTree ORDER BY (writer, n)',
      );
      expect(Number(await post(engine, 'SELECT count() FROM kept'))).toBeGreaterThanOrEqual(expected);
      expect(
        await post(
          engine,
          'SELECT count() FROM (SELECT writer, n FROM kept GROUP BY writer, n HAVING count() != 100)',
        ),
      ).toBe('0');
      let acknowledged = 0;
      const writers = Array.from({ length: 4 }, async (_, writer) => {
        for (let n = 0; ; n++) {
          await post(engine, `INSERT INTO kept SELECT ${round * 10 + writer}, ${n} FROM numbers(100)`);
          acknowledged++;
        }
      });
      for (const writer of writers) writer.catch(() => undefined);
      const before = Number(await post(engine, 'SELECT count() FROM kept'));
      await eventually(() => acknowledged >= 40);
      await engine.stop('SIGKILL');
      await Promise.allSettled(writers);
      expected = before > 0 ? expected + acknowledged * 100 : acknowledged * 100;
    }
    const engine = await start();
    expect(Number(await post(engine, 'SELECT count() FROM kept'))).toBeGreaterThanOrEqual(expected);
    // Whole or not at all.
    expect(
      await post(
        engine,
        'SELECT count() FROM (SELECT writer, n FROM kept GROUP BY writer, n HAVING count() != 100)',
      ),
    ).toBe('0');
    expect(await readdir(join(folder.path, 'spool'))).toEqual([]);
  });

  it('refuses a folder that another one uses, in one line, and leaves that one alone', async () => {
    const engine = await start();
    await post(engine, 'CREATE TABLE mine (n UInt32) ENGINE = MergeTree ORDER BY n');
    await writeFile(join(folder.path, 'spool', 'somebody-is-at-it'), 'x');
    await expect(start()).rejects.toThrow(/ended with 1: .*is another engine running on it\?/s);
    expect(await readdir(join(folder.path, 'spool'))).toEqual(['somebody-is-at-it']);
    expect(await post(engine, 'EXISTS TABLE mine')).toBe('1');
    await engine.stop('SIGKILL');
    // The spool is empty after a start, whatever was left there.
    await start();
    expect(await readdir(join(folder.path, 'spool'))).toEqual([]);
  });

  it('refuses a folder that cannot be made and a port that is taken', async () => {
    await writeFile(join(folder.path, 'file'), '');
    await expect(startEngineProcess(join(folder.path, 'file'))).rejects.toThrow(
      /ended with 1: clickhouse: data directory .* cannot be written/,
    );
    await mkdir(join(folder.path, 'data'));
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    await expect(
      startEngineProcess(join(folder.path, 'data'), { flags: ['--port', String(port)] }),
    ).rejects.toThrow(new RegExp(`cannot listen on 127.0.0.1:${port}`));
    taken.close();
    await expect(startEngineProcess(folder.path, { flags: ['--port', 'http'] })).rejects.toThrow(
      /--port must be a number/,
    );
    await expect(startEngineProcess(folder.path, { flags: ['--nonsense'] })).rejects.toThrow(
      /Unknown option/,
    );
  });

  it('ends on SIGTERM with 0, after the statements that run', async () => {
    const engine = await start();
    const running = post(engine, 'SELECT sleep(1)');
    await eventually(
      async () =>
        (await post(engine, "SELECT count() FROM system.processes WHERE query LIKE 'SELECT sleep(%'")) ===
        '1',
    );
    const ended = engine.stop('SIGTERM');
    expect(await running).toBe('0');
    expect(await ended).toEqual({ code: 0, signal: null });
  });

  it('ends on SIGTERM when a statement does not', async () => {
    const engine = await start();
    const running = post(engine, 'SELECT count() FROM numbers(1000000000000000) WHERE sipHash64(number) = 0');
    running.catch(() => undefined);
    await eventually(
      async () =>
        (await post(engine, "SELECT count() FROM system.processes WHERE query LIKE '%sipHash64%'")) === '2',
    );
    // The statement would take days.
    await engine.stop('SIGTERM');
    await expect(running).rejects.toThrow();
  });

  it('runs itself again when it was given too few threads, and ends with whoever started it', async () => {
    const engine = await start({ fewThreads: true });
    // More at once than libuv's four threads; each would take minutes.
    const sleeping = Array.from({ length: 5 }, () =>
      post(engine, 'SELECT sleepEachRow(1) FROM numbers(300) SETTINGS max_block_size = 1'),
    );
    for (const each of sleeping) each.catch(() => undefined);
    const running = "SELECT count() FROM system.processes WHERE query LIKE 'SELECT sleepEachRow(%'";
    await eventually(async () => (await post(engine, running)) === '5');
    const inner = await childOf(engine.child.pid ?? 0);
    expect(inner).toBeGreaterThan(0);
    await engine.stop('SIGKILL');
    await eventually(() => !alive(inner));
    const again = await start({ fewThreads: true });
    expect(await again.stop('SIGTERM')).toEqual({ code: 0, signal: null });
  });

  it('ends itself when a statement goes on past its deadline', { timeout: 90_000 }, async () => {
    const engine = await start();
    // A read from a pipe that nobody writes to hears neither the clock nor KILL.
    const pipe = join(folder.path, 'pipe.csv');
    await once(spawn('mkfifo', [pipe]), 'exit');
    const deaf = post(
      engine,
      `SELECT * FROM file('${pipe}', 'CSV', 'a String') SETTINGS max_execution_time = 0.1`,
    );
    deaf.catch(() => undefined);
    const [, signal] = (await once(engine.child, 'exit')) as [number | null, string | null];
    expect(signal).toBe('SIGKILL');
    await eventually(() => engine.lines.some((line) => line.includes('cannot be stopped')));
    await expect(deaf).rejects.toThrow();
    expect(await post(await start(), 'SELECT 1')).toBe('1');
  });
});

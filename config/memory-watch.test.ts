import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { engineLimits, loneReaderLimits } from './memory-limits.ts';

/** Takes more and more, and never gives the main thread's event loop a turn. */
const GREEDY = `
  const { watchMemory } = await import(process.env.WATCH);
  const watch = watchMemory({ limitBytes: 300 * 2 ** 20, fd: 1, lastWords: 'takes {MB} MB over: {running}' });
  watch.note('SELECT one')();
  watch.note('INSERT $& two');
  await new Promise((resolve) => setTimeout(resolve, 500));
  const kept = [];
  while (kept.length < 2_000) {
    kept.push(Buffer.alloc(2 ** 20, 1));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
  }`;

it('ends a process that takes more than it may, busy or not, and says over what', async () => {
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', GREEDY], {
    env: { ...process.env, WATCH: new URL('./memory-watch.ts', import.meta.url).href },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (text) => (said += String(text)));
  expect(await once(child, 'close')).toEqual([null, 'SIGKILL']);
  const takes = Number(/^takes (\d+) MB over: INSERT \$& two\n$/.exec(said)?.[1]);
  expect(takes).toBeGreaterThanOrEqual(300);
  expect(takes).toBeLessThan(600);
});

it('gives a file as much alone as one statement gets, and all statements less than the process', () => {
  const { process: whole, statements, statement } = engineLimits(4_096);
  expect(whole).toBe(4 * 2 ** 30);
  expect(statements).toBeLessThan(whole);
  expect(statement).toBeLessThan(statements);
  expect(loneReaderLimits(4_096)).toMatchObject({ statement, statements: statement });
  expect(loneReaderLimits(4_096).process).toBeLessThan(whole);
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { engineLimits, loneReaderLimits } from './memory-limits.ts';
import { programArguments } from './program/program.ts';

it('ends a process that takes more than it may, busy or not, and says over what', async () => {
  const child = spawn(process.execPath, programArguments('test/support/greedy-process.ts'), {
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

import { spawnSync } from 'node:child_process';
import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { createOutput } from '../cli/output.ts';
import { createPainter } from '../cli/progress-bars.ts';
import { table } from '../cli/table.ts';
import { createTerminal } from './terminal.ts';
import { programArguments } from '../config/program/program.ts';

/** Of a file, a reason or a server: it clears the screen, writes a title, turns text round and breaks the line. */
const EVIL = 'a\u001B[2J\u001B]0;x\u0007\u202Egnp\u2066\u200B\u009B1m\r\n\u2028z\uD83D.parquet';
/** What a terminal acts on, besides our own colours, ways to clear a line, and ends of lines. */
const HIDDEN = /[^\n\P{Cc}]|[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
const OURS = ['\\[\\d{1,2}m', '\\[K', '\\[\\d+F', '\\[J'].map((code) => `\u001B${code}`);
const withoutOurs = (text: string): string =>
  text.replaceAll(new RegExp(`\r?(?:${OURS.join('|')})`, 'g'), '');

function stream(isTTY: boolean): { stream: NodeJS.WriteStream; written: () => string } {
  const through = new PassThrough();
  let text = '';
  through.on('data', (piece) => (text += String(piece)));
  return { stream: Object.assign(through, { isTTY, columns: 400 }) as never, written: () => text };
}

it.each([true, false])('the launcher shows what is hidden (on a terminal: %s)', async (isTTY) => {
  const { stream: out, written } = stream(isTTY);
  const terminal = createTerminal(out);
  terminal.status(`1 of 2 ${EVIL}`);
  terminal.part('worker')(`quarantined ${EVIL}`);
  terminal.line(EVIL);
  await new Promise((resolve) => setImmediate(resolve));
  expect(withoutOurs(written())).not.toMatch(HIDDEN);
  expect(written()).toContain('a\\u001b[2J\\u001b]0;x\\u0007\\u202egnp');
  expect(written().split('\n')).toHaveLength(3);
  expect(written().includes('\u001B[36mworker')).toBe(isTTY);
});

it('the command line shows what is hidden, and its JSON stays JSON', async () => {
  const lines = stream(false);
  createOutput({ json: false, stdout: lines.stream }).result({}, () => [
    ...table([
      [EVIL, 'b'],
      ['c', 'd'],
    ]),
    EVIL,
  ]);
  const json = stream(false);
  createOutput({ json: true, stdout: json.stream }).result({ [EVIL]: [EVIL] }, () => []);
  const bars = stream(true);
  createPainter(bars.stream).paint([EVIL]);
  await new Promise((resolve) => setImmediate(resolve));
  for (const { written } of [lines, json, bars]) expect(withoutOurs(written())).not.toMatch(HIDDEN);
  expect(JSON.parse(json.written())).toEqual({ [EVIL]: [EVIL] });
  expect(lines.written().trimEnd().split('\n')).toHaveLength(3);
  expect(bars.written().split('\n')).toHaveLength(2);
});

it.each(['pretty', 'json'])('a log in the form %s shows what is hidden', (form) => {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    programArguments('test/support/logging-process.ts'),
    { env: { ...process.env, LOG_FORMAT: form, EVIL: JSON.stringify(EVIL) }, encoding: 'utf8' },
  );
  expect(stderr).toBe('');
  expect(withoutOurs(stdout)).not.toMatch(HIDDEN);
  expect(stdout).toContain('u202egnp');
  if (form === 'json') expect(JSON.parse(stdout.split('\n')[0]!)).toMatchObject({ msg: EVIL, file: EVIL });
});

import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DefaultLogger } from '@temporalio/worker';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { workflowBundle } from './workflow-bundle.ts';

const warnings: string[] = [];
const logger = new DefaultLogger('WARN', ({ message }) => void warnings.push(message));
let folder: string;

beforeEach(() => {
  warnings.length = 0;
  folder = mkdtempSync(join(tmpdir(), 'tripline-bundle-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('is built once, by whoever comes first, and read after that', async () => {
  writeFileSync(join(folder, 'workflows-0123456789abcdef.js'), 'of other sources');
  const [one, other] = await Promise.all([
    workflowBundle({ logger, folder }),
    workflowBundle({ logger, folder }),
  ]);
  expect(one).toMatchObject({ kept: false });
  const names = readdirSync(folder);
  expect(names).toHaveLength(1);
  const started = performance.now();
  const read = await workflowBundle({ logger, folder });
  console.info(`read in ${Math.round(performance.now() - started)} ms`);
  expect(read.kept).toBe(true);
  expect([one.code, other.code]).toContain(read.code);
  expect(read.code).toContain('ingestFile');
  expect(warnings).toEqual([]);
});

it('is built again when what is kept is damaged', async () => {
  await workflowBundle({ logger, folder });
  const path = join(folder, readdirSync(folder)[0] ?? '');
  const whole = readFileSync(path, 'utf8');
  for (const damage of [
    () => truncateSync(path, Math.floor(whole.length / 2)),
    () => truncateSync(path, 0),
    () => writeFileSync(path, whole.replace('ingestFile', 'ingestFilE')),
  ]) {
    damage();
    const built = await workflowBundle({ logger, folder });
    expect(built.kept).toBe(false);
    expect(await workflowBundle({ logger, folder })).toEqual({ ...built, kept: true });
  }
}, 60_000);

it('works without a folder to keep it in', async () => {
  const file = join(folder, 'file');
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, '');
  expect((await workflowBundle({ logger, folder: file })).kept).toBe(false);
  expect(warnings).toEqual(['the workflow bundle cannot be kept: the next start builds it again']);
});

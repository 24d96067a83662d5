/** The supervision of one part, with small programs of node as parts. */
import { createServer } from 'node:http';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { PartGivenUp, startPart, type Part } from './part.ts';
import { freePorts } from './ports.ts';
import { httpProbe } from './probes.ts';
import { createProcessGroups, type ProcessGroups } from './process-groups.ts';
import { identify } from './process-identity.ts';
import { createRunFiles } from './run-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'tripline-part-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SERVE =
  "require('http').createServer((_, r) => r.end()).listen(PORT, '127.0.0.1', () => console.log('up'));";

let port: number;
let groups: ProcessGroups;
let reports: string[];
/** How often the part's port was probed. */
let probes: number;

beforeEach(async () => {
  ({ port } = await freePorts({ port: 27_000 }));
  groups = createProcessGroups(() => {});
  reports = [];
  probes = 0;
  onTestFinished(async () => {
    groups.killAll();
    await groups.close();
  });
});

function start(program: string, { graceMs = 5_000 } = {}): Part {
  const script = program.replace('PORT', String(port));
  return startPart(
    {
      name: 'part',
      command: () => ({ file: process.execPath, args: ['-e', script], env: process.env }),
      port: () => port,
      checkPort: () => Promise.resolve(),
      probe: (options) => {
        probes += 1;
        return httpProbe('/')(options);
      },
      address: () => ({ url: `http://127.0.0.1:${port}` }),
      graceMs,
      shows: () => true,
    },
    {
      cwd: folder,
      groups,
      runFiles: createRunFiles(folder),
      print: () => {},
      report: (line) => reports.push(line),
    },
  );
}

function pid(): number | undefined {
  try {
    return (JSON.parse(readFileSync(join(folder, 'run', 'part.json'), 'utf8')) as { pid: number }).pid;
  } catch {
    return undefined;
  }
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('not in time');
    await pause(10);
  }
}

test('a part that dies is started again, and ends when it is stopped', async () => {
  const part = start(SERVE);
  await part.ready;
  const first = pid() ?? 0;
  process.kill(first, 'SIGKILL');
  await until(() => pid() !== first);
  const second = pid() ?? 0;
  expect(identify(second)).toBeDefined();
  await part.stop();
  await part.ended;
  expect(identify(second)).toBeUndefined();
  expect(pid()).toBeUndefined();
  expect(reports).toEqual(['was ended by SIGKILL', 'is started again']);
});

test('a part that never becomes ready is given up, with its last lines', async () => {
  const part = start("console.log('no luck'); process.exit(3)");
  await expect(part.ready).rejects.toBeInstanceOf(PartGivenUp);
  await expect(part.ended).rejects.toMatchObject({ lastLines: ['no luck'] });
  expect(reports).toEqual(Array.from({ length: 5 }, () => 'exited with code 3'));
});

test('a program that is not there is given up too', async () => {
  const part = startPart(
    {
      name: 'part',
      command: () => ({ file: join(folder, 'nothing'), args: [], env: {} }),
      port: () => port,
      checkPort: () => Promise.resolve(),
      probe: httpProbe('/'),
      address: () => ({ url: '' }),
      graceMs: 100,
      shows: () => true,
    },
    {
      cwd: folder,
      groups,
      runFiles: createRunFiles(folder),
      print: () => {},
      report: (line) => reports.push(line),
    },
  );
  await expect(part.ended).rejects.toBeInstanceOf(PartGivenUp);
  expect(reports[0]).toContain('ENOENT');
});

test('a part whose port cannot be had is not started', async () => {
  const part = startPart(
    {
      name: 'part',
      command: () => ({ file: process.execPath, args: ['-e', ''], env: process.env }),
      port: () => port,
      checkPort: () => Promise.reject(new Error('the port cannot be had')),
      probe: httpProbe('/'),
      address: () => ({ url: '' }),
      graceMs: 100,
      shows: () => true,
    },
    {
      cwd: folder,
      groups,
      runFiles: createRunFiles(folder),
      print: () => {},
      report: (line) => reports.push(line),
    },
  );
  await expect(part.ready).rejects.toThrow('the port cannot be had');
  expect(reports).toEqual([]);
});

test('a part that is deaf to SIGTERM is killed with all its group after its grace', async () => {
  const part = start(
    `process.on('SIGTERM', () => {}); require('child_process').spawn('sleep', ['1000']); ${SERVE}`,
    { graceMs: 200 },
  );
  await part.ready;
  const deaf = pid() ?? 0;
  await part.stop();
  expect(identify(deaf)).toBeUndefined();
  await until(() => {
    try {
      process.kill(-deaf, 0);
      return false;
    } catch {
      return true;
    }
  });
});

test.skipIf(process.platform !== 'linux')(
  'a stranger that answers on the port is not taken for the part',
  async () => {
    const stranger = createServer((_, response) => response.end()).listen(port, '127.0.0.1');
    await once(stranger, 'listening');
    onTestFinished(() => void stranger.close());
    const part = start('setInterval(() => {}, 1000)');
    await until(() => probes >= 5);
    expect(pid()).toBeUndefined();
    await part.stop();
  },
);

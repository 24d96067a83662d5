/**
 * `npm run bench:bombs -- [--folder FOLDER] [--tiny 1000] [--memory-mb 4096]`: what each part takes, at the most, over files that ask for more than they
 * hold: those of test/support/bombs.ts, those of a folder, and so many tiny ones of different contents; and when each file was quarantined or published. The
 * engine and its reader are bounded by what is measured here: try what is new to you with a small `--memory-mb`, on a machine that may stand still.
 */
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { BOMBS } from '../test/support/bombs.ts';
import { makeParquet, tripColumns } from '../test/support/make-parquet.ts';
import { startTripline, type Tripline } from '../test/support/tripline.ts';

const { values } = parseArgs({
  options: {
    folder: { type: 'string' },
    tiny: { type: 'string', default: '0' },
    'memory-mb': { type: 'string', default: '4096' },
    'deadline-seconds': { type: 'string', default: '900' },
  },
});
const PARTS = ['clickhouse', 'worker', 'gateway', 'temporal', 'redis'];
const LOOK_EVERY_MS = 100;

const source = mkdtempSync(join(tmpdir(), 'tripline-bombs-'));
const tiny = Number(values.tiny);
for (let index = 0; index < tiny; index += 1)
  writeFileSync(
    join(source, `tiny_${index}_2024-01.parquet`),
    makeParquet({
      rows: 1 + (index % 50),
      columns: tripColumns(1 + (index % 50)),
      footer: (metadata) => metadata.text(6, `tiny ${index}`),
    }),
  );
if (tiny === 0)
  for (const [index, { make }] of BOMBS.entries())
    writeFileSync(join(source, `bomb_${index}_2024-01.parquet`), make());
if (values.folder !== undefined)
  for (const name of readdirSync(values.folder).filter((found) => found.endsWith('.parquet')))
    copyFileSync(join(values.folder, name), join(source, name));
const count = readdirSync(source).length;

interface FilesPage {
  files: {
    nodes: { filename: string; stage: string; reason: string | null }[];
    pageInfo: { hasNextPage: boolean; endCursor: string | null };
  };
}
const peaks = new Map<string, number>();
function look(tripline: Tripline): void {
  const note = (name: string, pid: number): void => {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      const megabytes = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_024;
      peaks.set(name, Math.max(peaks.get(name) ?? 0, Math.round(megabytes)));
    } catch {
      // It has ended.
    }
  };
  for (const name of PARTS) {
    try {
      note(name, tripline.part(name).pid);
    } catch {
      // It is being started again.
    }
  }
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('lone-reader-process'))
        note('lone reader', Number(pid));
    } catch {
      // It has ended.
    }
  }
}

const tripline = await startTripline({
  sourceUrl: `file://${source}`,
  env: { ENGINE_MEMORY_MB: values['memory-mb'] },
});
const watching = setInterval(() => look(tripline), LOOK_EVERY_MS);
const began = performance.now();
const settled = new Map<string, { seconds: number; stage: string; reason: string }>();
const deadline = began + Number(values['deadline-seconds']) * 1_000;
while (settled.size < count && performance.now() < deadline) {
  for (let after: string | null = null; ;) {
    const { data }: { data?: FilesPage } = await tripline.graphql<FilesPage>(
      'query ($after: String) { files(first: 500, after: $after) { nodes { filename stage reason } pageInfo { hasNextPage endCursor } } }',
      { after },
    );
    for (const { filename, stage, reason } of data?.files.nodes ?? []) {
      if ((stage !== 'PUBLISHED' && stage !== 'QUARANTINED') || settled.has(filename)) continue;
      settled.set(filename, {
        seconds: Math.round((performance.now() - began) / 100) / 10,
        stage,
        reason: (reason ?? '').slice(0, 110),
      });
      if (tiny > 0 && settled.size % 100 === 0)
        console.info(`${settled.size} files after ${Math.round((performance.now() - began) / 1_000)} s`);
    }
    if (data?.files.pageInfo.hasNextPage !== true) break;
    after = data.files.pageInfo.endCursor;
  }
  await pause(500);
}
clearInterval(watching);
if (tiny === 0) console.table([...settled].map(([file, how]) => ({ file, ...how })));
console.info(`${settled.size} of ${count} files after ${Math.round((performance.now() - began) / 1_000)} s`);
console.table([...peaks].map(([part, megabytes]) => ({ part, 'peak, MB': megabytes })));
const ends = tripline
  .log()
  .split('\n')
  .filter((line) => /ENGINE_MEMORY_MB|was ended by|exited with/.test(line));
console.info(`parts that ended: ${ends.length}`);
for (const line of ends.slice(0, 20)) console.info(`  ${line}`);
await tripline.stop();
rmSync(source, { recursive: true, force: true });
process.exit(settled.size === count ? 0 : 1);

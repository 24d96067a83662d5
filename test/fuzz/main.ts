/** `npm run test:fuzz`: 500 damaged files, or as many as `--count` says, from seed `--from` on. Exits 1 when one is read otherwise. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runFuzz, type FuzzCase } from './run-fuzz.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '500' },
    from: { type: 'string', default: '1' },
    verbose: { type: 'boolean', default: false },
  },
});
const folder = mkdtempSync(join(tmpdir(), 'tripline-fuzz-'));
const cases: FuzzCase[] = [];
const seeds = Array.from({ length: Number(values.count) }, (_, index) => Number(values.from) + index);
const began = performance.now();
const { engineEnds } = await runFuzz({
  folder,
  seeds,
  onCase(done) {
    cases.push(done);
    if (
      values.verbose ||
      done.outcome === 'different' ||
      done.outcome === 'unharmed' ||
      done.milliseconds > 4_000
    )
      console.info(JSON.stringify(done));
  },
});
const counts = new Map<string, number>();
for (const { outcome, detail, reference } of cases) {
  const code = outcome === 'quarantined' ? ` ${detail.split(':')[0]}` : '';
  const key = `${outcome}${code} (reference: ${reference})`;
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
console.table([...counts].sort(([, a], [, b]) => b - a).map(([outcome, files]) => ({ outcome, files })));
const slowest = Math.max(...cases.map(({ milliseconds }) => milliseconds));
console.info(
  `${cases.length} files in ${Math.round((performance.now() - began) / 1_000)} s; the slowest took ${slowest} ms; the engine ended ${engineEnds} times`,
);
const different = cases.filter(({ outcome }) => outcome === 'different');
if (different.length === 0) rmSync(folder, { recursive: true, force: true });
else
  console.info(`${different.length} were loaded other than the reference reads them; they are in ${folder}`);
process.exit(different.length === 0 ? 0 : 1);

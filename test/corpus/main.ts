/**
 * `npm run test:corpus`: odd but honest files of many writers. Each must be loaded as it was meant, or be refused by its true name. Exits 1 when one is not.
 * `--only TEXT` takes the cases with that in their name, `--keep` leaves the files.
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { migrate } from '../../warehouse/migrate.ts';
import { createWarehouse } from '../../warehouse/warehouse.ts';
import { startEngineProcess } from '../integration/engine-process.ts';
import { judgeCase, type CorpusCase, type Verdict } from './judge-case.ts';
import { writeCorpus } from './write-corpus.ts';

const { values } = parseArgs({
  options: { only: { type: 'string', default: '' }, keep: { type: 'boolean', default: false } },
});
const folder = mkdtempSync(join(tmpdir(), 'tripline-corpus-'));
const files = join(folder, 'files');
await writeCorpus(files);
const manifest = JSON.parse(readFileSync(join(files, 'manifest.json'), 'utf8')) as CorpusCase[];
const cases = manifest.filter(({ name }) => name.includes(values.only));
const engine = await startEngineProcess(join(folder, 'clickhouse'));
const warehouse = createWarehouse({ url: engine.as('loader'), by: 'load' });
await migrate(warehouse);
const outcomes = new Map<Verdict['outcome'], number>();
for (const one of cases) {
  const verdict = await judgeCase(one, { warehouse, path: join(files, one.file), loadId: randomUUID() });
  outcomes.set(verdict.outcome, (outcomes.get(verdict.outcome) ?? 0) + 1);
  if (verdict.outcome === 'wrong')
    console.error(`${one.name}: ${verdict.detail.slice(0, 300)} (readers: ${JSON.stringify(one.readers)})`);
}
await warehouse.close();
await engine.stop();
if (values.keep) console.info(`the files are in ${files}`);
else rmSync(folder, { recursive: true, force: true });
console.info(
  `${cases.length} files: ${[...outcomes].map(([outcome, count]) => `${count} ${outcome}`).join(', ')}`,
);
process.exit(outcomes.has('wrong') || cases.length === 0 ? 1 : 0);

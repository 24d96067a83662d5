/**
 * `npm run bench:ingest`: what Tripline adds to the engine's own work, measured on this machine beside it in the same run.
 * `--parts backlog,latency,memory,freshness,listing` chooses; `--months 2 --rows 200000` makes it small.
 */
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measureBacklog } from './backlog.ts';
import { measureFreshness } from './freshness.ts';
import { measureLatency } from './latency.ts';
import { measureListing } from './listing.ts';
import { measureMemory } from './memory.ts';

/** One line of the table that is printed in the end. */
export interface Measured {
  what: string;
  value: string;
  target: string;
}

const { values } = parseArgs({
  options: {
    parts: { type: 'string', default: 'backlog,latency,memory,freshness,listing' },
    months: { type: 'string', default: '12' },
    rows: { type: 'string', default: '3000000' },
    rounds: { type: 'string', default: '1' },
    'large-rows': { type: 'string', default: '16000000' },
    'fresh-files': { type: 'string', default: '11' },
    'fresh-rows': { type: 'string', default: '100000' },
    'listed-files': { type: 'string', default: '10000' },
    cache: { type: 'string', default: join(tmpdir(), 'tripline-bench') },
  },
});
const number = (name: Exclude<keyof typeof values, 'parts' | 'cache'>): number => {
  const value = Number(values[name]);
  if (!Number.isInteger(value) || value < 1) throw new RangeError(`--${name} must be a whole number above 0`);
  return value;
};
const { cache } = values;
const parts: Record<string, () => Promise<Measured[]>> = {
  backlog: () =>
    measureBacklog({ cache, months: number('months'), rows: number('rows'), rounds: number('rounds') }),
  latency: () => measureLatency({ cache, rows: number('rows'), largeRows: number('large-rows') }),
  memory: () => measureMemory({ cache, rows: number('large-rows') }),
  freshness: () => measureFreshness({ cache, files: number('fresh-files'), rows: number('fresh-rows') }),
  listing: () => measureListing({ cache, files: number('listed-files') }),
};
const chosen = values.parts.split(',');
for (const name of chosen) if (!(name in parts)) throw new RangeError(`no part is called ${name}`);

console.info(`${cpus().length} × ${cpus()[0]?.model ?? 'processor'}, Node ${process.versions.node}`);
const measured: Measured[] = [];
for (const name of chosen) measured.push(...((await parts[name]?.()) ?? []));
console.info(`\nnpm run bench:ingest -- ${process.argv.slice(2).join(' ')}`);
console.table(measured);
process.exit(0);

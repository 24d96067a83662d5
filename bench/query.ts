/**
 * `npm run bench:query`: any percentile of any range against other ways to the same number, on this machine in one run, uncached, over HTTP from outside.
 * `--parts single,clients,peers,growth` chooses; `--months 3 --rows 200000` makes it small. The loaded warehouse is kept in `--cache`.
 */
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measureClients } from './query/clients.ts';

import { measureGrowth } from './query/growth.ts';
import { measurePeers } from './query/peers.ts';
import { measureSingle } from './query/single.ts';
import { startLoaded, type Loaded } from './query/loaded.ts';

/** One line of the table that is printed in the end. */
export interface Compared {
  question: string;
  tripline: string;
  against: string;
  ratio: string;
  target: string;
}

const { values } = parseArgs({
  options: {
    parts: { type: 'string', default: 'single,clients,peers,growth' },
    months: { type: 'string', default: '24' },
    rows: { type: 'string', default: '3000000' },
    seconds: { type: 'string', default: '10' },
    cache: { type: 'string', default: join(tmpdir(), 'tripline-bench') },
  },
});
const number = (name: 'months' | 'rows' | 'seconds'): number => {
  const value = Number(values[name]);
  if (!Number.isInteger(value) || value < 1) throw new RangeError(`--${name} must be a whole number above 0`);
  return value;
};
const parts: Record<string, (loaded: Loaded) => Promise<Compared[]>> = {
  single: measureSingle,
  clients: (loaded) => measureClients(loaded, { seconds: number('seconds') }),
  peers: measurePeers,
  growth: measureGrowth,
};
const chosen = values.parts.split(',');
for (const name of chosen) if (!(name in parts)) throw new RangeError(`no part is called ${name}`);

console.info(`${cpus().length} × ${cpus()[0]?.model ?? 'processor'}, Node ${process.versions.node}`);
const loaded = await startLoaded({ cache: values.cache, months: number('months'), rows: number('rows') });
try {
  for (const name of chosen) {
    const compared = await parts[name]?.(loaded);
    console.info(`\nnpm run bench:query -- ${process.argv.slice(2).join(' ')}: ${name}`);
    console.table(compared);
  }
} finally {
  await loaded.stop();
}
process.exit(0);

/**
 * `npm run bench:gateway`: cached answers to persisted queries against bare `node:http` and against peers, on this machine in one run, over HTTP from outside.
 * `--part ratios,connections,clients` chooses; `--seconds` is how long each side is loaded in each of `--rounds`.
 */
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measureConnections } from './gateway/connections.ts';
import { measureProcesses } from './gateway/processes.ts';
import { measureRatios } from './gateway/ratios.ts';
import { startLoaded, type Loaded } from './query/loaded.ts';

/** One line of the table that is printed in the end. */
export interface Shown {
  what: string;
  tripline: string;
  against: string;
  ratio: string;
  target: string;
  verdict: 'met' | 'NOT met' | 'reported';
}

const { values } = parseArgs({
  options: {
    part: { type: 'string', default: 'ratios,connections,clients' },
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '7' },
    'connected-seconds': { type: 'string', default: '60' },
    months: { type: 'string', default: '3' },
    rows: { type: 'string', default: '200000' },
    cache: { type: 'string', default: join(tmpdir(), 'tripline-bench') },
  },
});
const number = (name: Exclude<keyof typeof values, 'part' | 'cache'>): number => {
  const value = Number(values[name]);
  if (!Number.isInteger(value) || value < 1) throw new RangeError(`--${name} must be a whole number above 0`);
  return value;
};
const { cache } = values;
const [seconds, rounds] = [number('seconds'), number('rounds')];
const parts: Record<string, (loaded: Loaded) => Promise<Shown[]>> = {
  ratios: (loaded) => measureRatios(loaded, { seconds, rounds, cache }),
  connections: (loaded) => measureConnections(loaded, { seconds: number('connected-seconds') }),
  clients: (loaded) => measureProcesses(loaded, { seconds, rounds }),
};
const chosen = values.part.split(',');
for (const name of chosen) if (!(name in parts)) throw new RangeError(`no part is called ${name}`);

const busy = (loadavg()[0] ?? NaN).toFixed(1);
console.info(
  `${cpus().length} × ${cpus()[0]?.model ?? 'processor'}, Node ${process.versions.node}, load average ${busy}`,
);
const loaded = await startLoaded({ cache, months: number('months'), rows: number('rows') });
try {
  for (const name of chosen) {
    const shown = await parts[name]?.(loaded);
    console.info(`\nnpm run bench:gateway -- ${process.argv.slice(2).join(' ')}: ${name}`);
    console.table(shown);
  }
} finally {
  await loaded.stop();
}
process.exit(0);

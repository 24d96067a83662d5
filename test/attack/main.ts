/**
 * `npm run test:attack`: an attacker's hour in minutes. Everything is tried from outside, as a web page, by files and by servers, against
 * Tripline as `npm start` runs it. Prints what was tried and what got through, writes it as JSON to `--json`, and exits 1 when anything did.
 * `--only web-page,nasty-files,nonsense-servers` runs some of it.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createLedger, printLedger, type Ledger } from './ledger.ts';
import { processesBelow } from './process-tree.ts';
import { attackByFiles } from './nasty-files/attack-by-files.ts';
import { attackByNonsense } from './nonsense-servers/attack-by-nonsense.ts';
import { attackByPage } from './web-page/attack-by-page.ts';

const SCENARIOS: Readonly<Record<string, (ledger: Ledger) => Promise<void>>> = {
  'web-page': attackByPage,
  'nasty-files': attackByFiles,
  'nonsense-servers': attackByNonsense,
};

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: Object.keys(SCENARIOS).join(',') },
    json: { type: 'string', default: '/tmp/tripline-attack.json' },
  },
});
// Who is told to stop takes all along that was started.
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    for (const { pid } of processesBelow(process.pid)) if (pid !== process.pid) process.kill(pid, 'SIGTERM');
    process.exit(1);
  });
const ledger = createLedger();
const began = performance.now();
/** Files take the processors, and servers take patience: those two side by side, a page before the files. */
const LANES = [['web-page', 'nasty-files'], ['nonsense-servers']];
const wanted = values.only.split(',');
for (const name of wanted)
  if (SCENARIOS[name] === undefined)
    throw new Error(`${name} is none of ${Object.keys(SCENARIOS).join(', ')}`);

async function run(name: string): Promise<void> {
  const startedAt = performance.now();
  try {
    await SCENARIOS[name]?.(ledger);
  } catch (error) {
    ledger.note(name, 'the scenario itself', [{ kind: 'stuck', what: String(error) }]);
  }
  console.info(`${name}: ${Math.round((performance.now() - startedAt) / 1_000)} s`);
}

await Promise.all(
  LANES.map(async (names) => {
    for (const name of names) if (wanted.includes(name)) await run(name);
  }),
);
printLedger(ledger);
const breached = ledger.cases.filter(({ breaches }) => breaches.length > 0);
writeFileSync(values.json, `${JSON.stringify({ cases: ledger.cases, memory: ledger.memory }, null, 1)}\n`);
console.info(
  `${ledger.cases.length} cases in ${Math.round((performance.now() - began) / 1_000)} s, ${breached.length} with a breach; all of it is in ${values.json}`,
);
process.exit(breached.length === 0 ? 0 : 1);

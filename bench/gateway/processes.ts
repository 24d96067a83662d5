/** What a second process of the gateway brings on this machine, where the load generator takes one of its cores too. */
import type { Shown } from '../gateway.ts';
import type { Gateway, Loaded } from '../query/loaded.ts';
import { endOf, P90, randomRanges, startOf } from '../query/ranges.ts';
import { postUnderLoad } from '../wrk.ts';
import { load } from './load.ts';
import { startCachingGateway } from './ours.ts';
import { prime } from './prime.ts';
import { manyRanges } from './question.ts';

const CONNECTIONS = 64;
const MANY = 1_000;
const UNCACHED = 50_000;
const DAY = 86_400_000;

export async function measureProcesses(
  loaded: Loaded,
  { seconds, rounds }: { seconds: number; rounds: number },
): Promise<Shown[]> {
  const { months } = loaded;
  const start = (processes: string) => startCachingGateway(loaded, { GATEWAY_PROCESSES: processes });
  const gateways: Gateway[] = [];
  try {
    gateways.push(await start('1'), await start('2'));
    const within = { from: startOf(months[0] ?? ''), to: endOf(months.at(-1) ?? '') };
    const requests = (await prime(gateways[0]?.url ?? '', manyRanges(months, MANY))).map(({ get }) => get);
    const cached: number[][] = gateways.map(() => []);
    const uncached: number[][] = gateways.map(() => []);
    // The first round warms up, each process of its own.
    for (let round = 0; round <= rounds; round += 1)
      for (const [index, { url }] of round % 2 === 0
        ? [...gateways.entries()]
        : [...gateways.entries()].reverse()) {
        const hits = await load({ url, requests, connections: CONNECTIONS, seconds });
        // Never asked before, in any round.
        const seed = 100 + round * gateways.length + index;
        const ranges = randomRanges({ count: UNCACHED, within, unit: 1_000, shortest: DAY, seed });
        const bodies = ranges.map((variables) => JSON.stringify({ query: P90, variables }));
        const posted = { url: `${url}/graphql`, bodies, connections: CONNECTIONS, seconds };
        const misses = await postUnderLoad(posted);
        const errors = hits.refused + hits.failed + misses.errors;
        if (errors > 0) throw new Error(`${errors} requests went wrong`);
        if (round === 0) continue;
        cached[index]?.push(hits.requestsPerSecond);
        uncached[index]?.push(misses.requestsPerSecond);
      }
    return [
      compare(`cached GET of ${MANY} questions in turn`, cached),
      compare('questions never asked before, by POST', uncached),
    ];
  } finally {
    for (const gateway of gateways.toReversed()) await gateway.stop();
  }
}

function compare(what: string, rates: readonly (readonly number[])[]): Shown {
  const [one = NaN, two = NaN] = rates.map((of) => of.toSorted((a, b) => a - b)[of.length >> 1] ?? NaN);
  const show = (rate: number) => `${Math.round(rate).toLocaleString('en')}/s`;
  return {
    what,
    tripline: `2 processes: ${show(two)}`,
    against: `1 process: ${show(one)}`,
    ratio: `${(two / one).toFixed(2)} ×`,
    target: '',
    verdict: 'reported',
  };
}

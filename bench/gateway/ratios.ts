/** Cached answers to persisted queries with 64 connections, against bare `node:http` and against peers. */
import type { Shown } from '../gateway.ts';
import type { Loaded } from '../query/loaded.ts';
import { endOf, rangeBetween, startOf } from '../query/ranges.ts';
import { ask, type Answer } from './ask.ts';
import type { Same } from './bare.ts';
import { measureInTurn, type Measured, type Side } from './in-turn.ts';
import { startCachingGateway } from './ours.ts';
import { startNodeParty, type Party } from './party.ts';
import { startPeers } from './peers.ts';
import { prime } from './prime.ts';
import { manyRanges, persistedPost } from './question.ts';

const MANY = 1_000;
const DAY = 86_400_000;

/** What is shown, and how many times the other's requests per second it has to reach. */
const COMPARISONS: readonly { what: string; ours: string; against: string; atLeast?: number }[] = [
  { what: 'cached GET', ours: 'GET', against: 'bare node:http', atLeast: 0.7 },
  { what: 'its 304', ours: 'GET, 304', against: 'bare node:http, 304', atLeast: 0.7 },
  { what: 'cached POST', ours: 'POST', against: 'bare node:http', atLeast: 0.4 },
  { what: `cached GET of ${MANY} questions in turn`, ours: 'GET, many', against: 'bare node:http, many' },
  { what: 'cached GET', ours: 'GET', against: 'Mercurius, JIT, prepared', atLeast: 1.5 },
  { what: 'cached GET', ours: 'GET', against: 'Mercurius, JIT, automatic', atLeast: 1.5 },
  { what: 'cached GET', ours: 'GET', against: 'Yoga without a cache', atLeast: 4 },
  { what: 'cached GET', ours: 'GET', against: 'FastAPI + redis-py', atLeast: 10 },
  { what: 'its 304', ours: 'GET, 304', against: 'FastAPI + redis-py, 304' },
];

export async function measureRatios(
  loaded: Loaded,
  { seconds, rounds, cache }: { seconds: number; rounds: number; cache: string },
): Promise<Shown[]> {
  const { months, redisUrl } = loaded;
  const parties: Pick<Party, 'stop'>[] = [];
  const taking = <Taken extends Pick<Party, 'stop'>>(party: Taken): Taken => {
    parties.push(party);
    return party;
  };
  try {
    const ours = taking(await startCachingGateway(loaded));
    const range = rangeBetween(startOf(months[0] ?? '') + 9 * DAY, endOf(months.at(-1) ?? '') - 11 * DAY);
    const [one, ...many] = await prime(ours.url, [range, ...manyRanges(months, MANY)]);
    if (one === undefined) throw new Error('nothing was asked');
    const sameAs = async (answer: Answer) =>
      taking(await startNodeParty('bench/gateway/bare.ts', ['--answer', JSON.stringify(again(answer))]));
    const bare = await sameAs(one.answer);
    const bare304 = await sameAs(await ask(ours.url, one.conditional));
    const gets = many.map(({ get }) => get);
    const sides: Side[] = [
      { name: 'bare node:http', ...bare, requests: [one.get], status: 200 },
      { name: 'GET', ...ours, requests: [one.get], status: 200 },
      { name: 'bare node:http, 304', ...bare304, requests: [one.conditional], status: 304 },
      { name: 'GET, 304', ...ours, requests: [one.conditional], status: 304 },
      { name: 'POST', ...ours, requests: [persistedPost(range)], status: 200 },
      { name: 'bare node:http, many', ...bare, requests: gets, status: 200 },
      { name: 'GET, many', ...ours, requests: gets, status: 200 },
    ];
    const { data } = JSON.parse(one.answer.body.toString()) as { data: { p90: unknown } };
    sides.push(...(await startPeers({ range, p90: data.p90, redisUrl, cache, taking })));
    return table(await measureInTurn(sides, { seconds, rounds }));
  } finally {
    for (const party of parties.toReversed()) await party.stop();
  }
}

const again = ({ status, headers, body }: Answer): Same => ({
  status,
  headers,
  body: body.toString('base64'),
});

function table(measured: ReadonlyMap<string, Measured>): Shown[] {
  const shown: Shown[] = [];
  for (const { what, ours, against, atLeast } of COMPARISONS) {
    const [mine, theirs] = [measured.get(ours), measured.get(against)];
    // A peer that cannot be had here.
    if (mine === undefined || theirs === undefined) continue;
    const ratio = mine.requestsPerSecond / theirs.requestsPerSecond;
    shown.push({
      what,
      tripline: show(mine),
      against: `${against}: ${show(theirs)}`,
      ratio: `${ratio.toFixed(2)} × (${(theirs.microseconds / mine.microseconds).toFixed(2)} × by processor)`,
      target: atLeast === undefined ? '' : `≥ ${atLeast} ×`,
      verdict: atLeast === undefined ? 'reported' : ratio >= atLeast ? 'met' : 'NOT met',
    });
  }
  return shown;
}

export const show = ({ requestsPerSecond, microseconds, p99 }: Measured): string =>
  `${Math.round(requestsPerSecond).toLocaleString('en')}/s, ${microseconds.toFixed(1)} µs of processor, p99 ${p99.toFixed(1)} ms`;

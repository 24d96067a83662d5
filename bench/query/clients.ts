/** 300 clients at once with ranges of their own, against the same gateway with a constant answer, and with SQL. */
import type { Compared } from '../query.ts';
import { postUnderLoad, type Load } from '../wrk.ts';
import type { Gateway, Loaded } from './loaded.ts';
import { endOf, P90, randomRanges, startOf, type Range } from './ranges.ts';

const CLIENTS = 300;
const DAY = 86_400_000;
const MANY = 50_000;

const bodiesOf = (ranges: readonly Range[]): string[] =>
  ranges.map(({ from, to }) => JSON.stringify({ query: P90, variables: { from, to } }));

export async function measureClients(
  { months, atRest, startGateway, startOtherGateway }: Loaded,
  { seconds }: { seconds: number },
): Promise<Compared[]> {
  const within = { from: startOf(months[0] ?? ''), to: endOf(months.at(-1) ?? '') };
  const week = { from: within.to - 10 * DAY, to: within.to - 3 * DAY };
  const aligned = bodiesOf(randomRanges({ count: MANY, within, unit: DAY, shortest: DAY, seed: 5 }));
  const inWeek = bodiesOf(
    randomRanges({ count: MANY, within: week, unit: 1_000, shortest: 60_000, seed: 6 }),
  );
  const anywhere = bodiesOf(randomRanges({ count: MANY, within, unit: 1_000, shortest: 60_000, seed: 7 }));
  const load = async ({ url }: Gateway, bodies: readonly string[]) => {
    const measured = await postUnderLoad({ url: `${url}/graphql`, bodies, connections: CLIENTS, seconds });
    // Statements of clients that are gone must not weigh on the next.
    await atRest();
    return measured;
  };

  const compared: Compared[] = [];
  const add = (question: string, ours: Load, theirs: Load, target: string, memory: number) => {
    const show = ({ requestsPerSecond, p99, errors }: Load) =>
      `${Math.round(requestsPerSecond)}/s, p99 ${Math.round(p99)} ms, ${errors} errors`;
    compared.push({
      question: `${CLIENTS} clients, ${question}`,
      tripline: `${show(ours)}; ${memory} MB`,
      against: show(theirs),
      ratio: `${(ours.requestsPerSecond / theirs.requestsPerSecond).toFixed(2)} ×`,
      target,
    });
  };

  /** @param isWarm both are warmed up alike before they are measured */
  async function compare({
    question,
    bodies,
    way,
    env = {},
    isWarm = false,
    target,
  }: {
    question: string;
    bodies: readonly string[];
    way: 'constant' | 'sql';
    env?: Record<string, string>;
    isWarm?: boolean;
    target: string;
  }): Promise<void> {
    const other = await startOtherGateway(way);
    const ours = await startGateway(env);
    try {
      if (isWarm) for (const gateway of [other, ours]) await load(gateway, bodies);
      const theirs = await load(other, bodies);
      add(question, await load(ours, bodies), theirs, target, ours.peakMegabytes());
    } finally {
      await ours.stop();
      await other.stop();
    }
  }
  await compare({
    question: 'day-aligned ranges of their own',
    bodies: aligned,
    way: 'constant',
    isWarm: true,
    target: '0.7 × a constant',
  });
  await compare({
    question: 'to-the-second ranges within a week, warm',
    bodies: inWeek,
    way: 'constant',
    isWarm: true,
    target: '0.5 × a constant',
  });
  await compare({
    question: 'to-the-second ranges anywhere, from cold',
    bodies: anywhere,
    way: 'sql',
    target: '3 × SQL over the histograms',
  });
  await compare({
    question: 'the same, and never warm (8 MB of pages)',
    bodies: anywhere,
    way: 'sql',
    env: { LADDER_MEMORY_MB: '8' },
    target: 'reported',
  });
  return compared;
}

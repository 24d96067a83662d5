/** Fires shots of every family, many at a time, and counts what came of them. */
import { seededRandom } from '../../support/random.ts';
import { ADDRESS_FAMILIES } from './addresses.ts';
import { BODY_FAMILIES } from './bodies.ts';
import { createDice } from './dice.ts';
import { DOCUMENT_FAMILIES } from './documents.ts';
import { FORGERY_FAMILIES } from './forgeries.ts';
import { judge } from './judge.ts';
import { PROTOCOL_FAMILIES } from './protocol.ts';
import { bytesOf, fire, type Shot, type Target } from './shot.ts';
import { VALUE_FAMILIES } from './values.ts';
import type { Family, World } from './world.ts';

export const FAMILIES: Readonly<Record<string, Family>> = {
  ...BODY_FAMILIES,
  ...DOCUMENT_FAMILIES,
  ...VALUE_FAMILIES,
  ...ADDRESS_FAMILIES,
  ...FORGERY_FAMILIES,
  ...PROTOCOL_FAMILIES,
};

/** By family: how often what was said, and the longest that an answer took, in milliseconds. */
export type Tally = Map<string, { said: Map<string, number>; longest: number }>;

export interface Complaint {
  family: string;
  complaints: string[];
  shot: string;
  answer: string;
}

export interface Barrage {
  fired: number;
  tally: Tally;
  complaints: Complaint[];
}

const AT_ONCE = 24;
const MOST_COMPLAINTS = 50;
/** Of a shot and of its answer, in characters. */
const MOST_SHOWN = 1_000;

/**
 * @param credentials a key that shots carry which bring none of their own; a third of them come without
 */
export async function fireBarrage(
  target: Target,
  {
    count,
    seed,
    world,
    credentials,
    families = FAMILIES,
    atOnce = AT_ONCE,
  }: {
    count: number;
    seed: number;
    world: World;
    credentials?: string;
    families?: Readonly<Record<string, Family>>;
    atOnce?: number;
  },
): Promise<Barrage> {
  const dice = createDice(seededRandom(seed));
  const names = Object.keys(families);
  const tally: Tally = new Map(names.map((name) => [name, { said: new Map<string, number>(), longest: 0 }]));
  const complaints: Complaint[] = [];
  let fired = 0;

  async function fireOne(): Promise<void> {
    const family = names[fired % names.length]!;
    fired += 1;
    const shot = withCredentials(families[family]!(dice, world), dice.once(3) ? undefined : credentials);
    const outcome = await fire(target, shot);
    const { said, complaints: found } = judge(shot, outcome);
    const counted = tally.get(family)!;
    counted.said.set(said, (counted.said.get(said) ?? 0) + 1);
    if (outcome.kind === 'answered') counted.longest = Math.max(counted.longest, outcome.ms);
    if (found.length > 0 && complaints.length < MOST_COMPLAINTS)
      complaints.push({
        family,
        complaints: found,
        shot: bytesOf(shot).subarray(0, MOST_SHOWN).toString('latin1'),
        answer: JSON.stringify(outcome).slice(0, MOST_SHOWN),
      });
  }

  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (fired < count) await fireOne();
    }),
  );
  return { fired, tally, complaints };
}

function withCredentials(shot: Shot, credentials: string | undefined): Shot {
  const own = shot.headers?.some(([name]) => ['authorization', 'x-api-key'].includes(name.toLowerCase()));
  if (credentials === undefined || shot.raw !== undefined || own === true) return shot;
  return { ...shot, headers: [...(shot.headers ?? []), ['x-api-key', credentials]] };
}

/** One table of several tallies, for people. */
export function tableOf(tallies: readonly Tally[]): string {
  const families = new Set(tallies.flatMap((tally) => [...tally.keys()]));
  const lines = [...families].map((family) => {
    const sums = new Map<string, number>();
    const counted = tallies.flatMap((tally) => tally.get(family) ?? []);
    for (const { said } of counted)
      for (const [what, times] of said) sums.set(what, (sums.get(what) ?? 0) + times);
    const longest = Math.max(...counted.map(({ longest }) => longest));
    const all = [...sums.values()].reduce((sum, times) => sum + times, 0);
    const parts = [...sums].toSorted(([, a], [, b]) => b - a).map(([said, times]) => `${said} ×${times}`);
    return `${family.padEnd(17)} ${String(all).padStart(5)}  ≤ ${String(Math.round(longest)).padStart(5)} ms  ${parts.join(', ')}`;
  });
  return lines.join('\n');
}

/** A month appears while the source talks nonsense: once the source is right again it is published, and whole. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Breach, Ledger } from '../ledger.ts';
import { createOracle } from '../../support/oracle.ts';
import { until } from '../../support/until.ts';
import { writeTrips } from '../../support/write-trips.ts';
import type { Victim } from '../victim.ts';
import type { Habit, Switchboard } from './switchboard.ts';

const HABIT_MS = 600;
/** The origin's breaker is open for some seconds after a complaint. */
const PUBLISHED_WITHIN_MS = 45_000;

export async function meetAtSource({
  scenario,
  server,
  ledger,
  victim,
  startAgain,
  board,
  put,
  habits,
}: {
  scenario: string;
  server: string;
  ledger: Ledger;
  /** The one that runs now. */
  victim: () => Victim;
  /** Replaces one that never gets well, so that the next case begins with one that is. */
  startAgain: () => Promise<void>;
  board: Switchboard;
  /** Puts a file into the source itself, past the board. */
  put: (filename: string, path: string) => Promise<void>;
  habits: Readonly<Record<string, Habit>>;
}): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'attack-months-'));
  try {
    for (const [index, [name, habit]] of Object.entries(habits).entries()) {
      // A server may ask for a day of rest, and gets it.
      if (/Retry-After|thousand years/.test(name)) continue;
      const month = `${1990 + Math.floor(index / 12)}-${String(1 + (index % 12)).padStart(2, '0')}`;
      const path = join(folder, `yellow_tripdata_${month}.parquet`);
      await writeTrips({ path, month, rows: 300, seed: index + 10 });
      board.become(habit);
      await put(basename(path), path);
      await until('the source is asked', () => board.met() > 0, { deadlineMs: 5_000 }).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, HABIT_MS));
      board.become(undefined);
      const breaches = [...(await unanswered(victim())), ...(await unpublished(victim(), path))];
      ledger.note(scenario, `${server} ${name}`, [...breaches, ...victim().newBreaches()]);
      if (breaches.some(({ kind }) => kind === 'stuck')) await startAgain();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Questions have nothing to do with the source. */
async function unanswered(victim: Victim): Promise<Breach[]> {
  try {
    await victim.graphql('{ p90 { value } files(first: 1) { totalCount } source { problem } }');
    return [];
  } catch (error) {
    return [{ kind: 'wrong answer', what: String(error) }];
  }
}

async function unpublished(victim: Victim, path: string): Promise<Breach[]> {
  // Days that every month has, and that no month before reaches into.
  const month = path.slice(-15, -8);
  const oracle = await createOracle([path]);
  const right = JSON.stringify(await oracle.p90({ from: `${month}-04`, to: `${month}-28` }));
  oracle.close();
  let found = '';
  try {
    await until(
      'the month is published',
      async () => {
        const { p90 } = await victim.graphql<{ p90: unknown }>(
          `{ p90(pickup: { from: "${month}-04", to: "${month}-28" }) { value trips tripsOver } }`,
        );
        found = JSON.stringify(p90);
        return found === right;
      },
      { deadlineMs: PUBLISHED_WITHIN_MS, everyMs: 500 },
    );
    return [];
  } catch (error) {
    return [{ kind: 'stuck', what: `${String(error)}: ${found} instead of ${right}` }];
  }
}

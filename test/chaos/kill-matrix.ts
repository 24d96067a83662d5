/** SIGKILL of every part, at random, while files are loaded and replaced; and what must be true in the end. */
import { copyFileSync, mkdirSync, renameSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { seededRandom } from '../support/random.ts';
import type { Percentile, Tripline } from '../support/tripline.ts';
import { until } from '../support/until.ts';
import { writeTrips } from '../support/write-trips.ts';

export interface KillPlan {
  kills: number;
  /** New files; `replaced` of them are replaced by another version once they are live. */
  files: number;
  replaced: number;
  parts: readonly string[];
  seed: number;
  /** Rows of the smallest file. */
  rows: number;
}

/** One file version that was put into the source. */
export interface Shown {
  filename: string;
  /** No two versions have equally many. */
  rows: number;
  /** A copy that stays when the file is replaced. */
  path: string;
}

export interface Aftermath {
  shown: Shown[];
  /** Every answer that was given meanwhile, in order. */
  answers: Percentile[];
  /** Milliseconds from each kill to the part's next readiness, by part. */
  awayMs: Record<string, number[]>;
}

/** Kills are far enough apart for a part to be ready before it is killed again. */
const LONGEST_PAUSE_MS = 400;
const POLL_EVERY_MS = 20;

export const nameOf = (index: number): string =>
  `yellow_tripdata_20${String(10 + Math.floor(index / 12)).padStart(2, '0')}-${String((index % 12) + 1).padStart(2, '0')}.parquet`;
const monthOf = (index: number): string => nameOf(index).slice(-15, -8);

export async function killAtRandom({
  tripline,
  folder,
  copies,
  plan,
}: {
  tripline: Tripline;
  /** The source. */
  folder: string;
  copies: string;
  plan: KillPlan;
}): Promise<Aftermath> {
  const random = seededRandom(plan.seed);
  const shown: Shown[] = [];
  const awayMs: Record<string, number[]> = {};
  const answers: Percentile[] = [];
  mkdirSync(copies, { recursive: true });

  const show = async (index: number): Promise<void> => {
    const filename = nameOf(index);
    const rows = plan.rows + shown.length;
    const path = join(copies, `${shown.length}.parquet`);
    await writeTrips({ path, month: monthOf(index), rows, seed: shown.length + 1 });
    // The source must not see it half written.
    copyFileSync(path, join(folder, `${filename}.writing`));
    renameSync(join(folder, `${filename}.writing`), join(folder, filename));
    shown.push({ filename, rows, path });
  };
  const isLive = async (index: number): Promise<boolean> => {
    const last = shown.findLast(({ filename }) => filename === nameOf(index));
    const node = (await tripline.files()).find(({ filename }) => filename === nameOf(index));
    return node?.stage === 'PUBLISHED' && node.rows === last?.rows;
  };

  let polling = true;
  const poller = (async () => {
    while (polling) {
      try {
        answers.push(await tripline.p90());
      } catch {
        // The gateway, or the engine behind it, is away: no answer is allowed, a wrong one is not.
      }
      await pause(POLL_EVERY_MS);
    }
  })();

  /** Parts that come back now. */
  const away = new Map<string, Promise<void>>();
  const kill = async (name: string): Promise<void> => {
    await away.get(name);
    const { pid } = tripline.part(name);
    process.kill(pid, 'SIGKILL');
    const killedMs = Date.now();
    away.set(
      name,
      until(`${name} is back`, () => tripline.part(name).pid !== pid && isReady(tripline, name), {
        deadlineMs: 120_000,
      }).then(() => void (awayMs[name] ??= []).push(Date.now() - killedMs)),
    );
  };

  const steps = plan.files + plan.replaced;
  let begun = 0;
  const replaceable: number[] = [];
  for (let count = 0; count < plan.kills; count += 1) {
    if (begun * plan.kills <= count * steps) {
      // Replacements come late enough for the file to be live, and replace it whatever happens meanwhile.
      const every = Math.floor(steps / plan.replaced);
      const replaces = begun % every === every - 1;
      const old = replaces ? replaceable.shift() : undefined;
      if (old === undefined) {
        const next = new Set(shown.map(({ filename }) => filename)).size;
        await show(next);
        replaceable.push(next);
      } else {
        await until(`file ${old} is live`, () => isLive(old), { deadlineMs: 180_000, everyMs: 200 });
        await show(old);
      }
      begun += 1;
    }
    const name = plan.parts[Math.floor(random() * plan.parts.length)] ?? '';
    await kill(name);
    await pause(random() * LONGEST_PAUSE_MS);
  }
  await Promise.all(away.values());
  const live = new Map(shown.map((one) => [one.filename, one.rows]));
  await until(
    'every file is live as it was last',
    async () => {
      const nodes = await tripline.files();
      const done = nodes.filter(
        ({ filename, stage, rows }) => stage === 'PUBLISHED' && rows === live.get(filename),
      );
      return done.length === live.size && nodes.length === live.size;
    },
    { deadlineMs: 300_000, everyMs: 200 },
  );
  const whole = [...live.values()].reduce((sum, rows) => sum + rows, 0);
  await until('every trip is counted', () => answers.at(-1)?.trips === whole, { deadlineMs: 60_000 });
  polling = false;
  await poller;
  return { shown, answers, awayMs };
}

/** Does the part take requests again? */
async function isReady({ part }: Tripline, name: string): Promise<boolean> {
  const { url } = part(name);
  const { hostname, port } = new URL(url);
  if (name === 'redis' || name === 'temporal') {
    return new Promise((resolve) => {
      const socket = createConnection({ host: hostname, port: Number(port) })
        .once('connect', () => {
          socket.destroy();
          resolve(true);
        })
        .once('error', () => resolve(false));
    });
  }
  return (await fetch(`${url}${name === 'clickhouse' ? '/ping' : '/readyz'}`)).ok;
}

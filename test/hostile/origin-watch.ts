/** What the governor thought, sampled, beside what the origin saw: is every request one that was allowed? */
import { Client, Connection } from '@temporalio/client';
import { setTimeout as pause } from 'node:timers/promises';
import { governorId, originView, type OriginView } from '../../workflows/messages.ts';
import type { SeenRequest } from './hostile-origin.ts';

interface Sample extends OriginView {
  atMs: number;
}

export interface OriginWatch {
  samples: readonly Sample[];
  last: () => Sample | undefined;
  stop: () => Promise<void>;
}

const EVERY_MS = 200;
/** After a decrease, requests may start for so long as if it had not been. */
const GRACE_MS = 3_000;
/** The origin hears that a connection was closed a little later. */
const HEARD_MS = 50;

export async function watchOrigin({ address, url }: { address: string; url: string }): Promise<OriginWatch> {
  const connection = await Connection.connect({ address });
  const handle = new Client({ connection }).workflow.getHandle(governorId(new URL(url).host));
  const samples: Sample[] = [];
  let watching = true;
  const done = (async () => {
    while (watching) {
      try {
        const view = await handle.query(originView);
        samples.push({ ...view, atMs: Date.now() });
      } catch {
        // It starts with the first request.
      }
      await pause(EVERY_MS);
    }
  })();
  return {
    samples,
    last: () => samples.at(-1),
    async stop() {
      watching = false;
      await done;
      await connection.close();
    },
  };
}

/** Requests that started above the limit, or during a pause, later than 3 s after the last decrease. */
export function startedAboveLimit(seen: readonly SeenRequest[], samples: readonly Sample[]) {
  const decreases = samples
    .filter((sample, index) => {
      const before = samples[index - 1];
      if (before === undefined) return false;
      return sample.limit < before.limit || sample.opened > before.opened;
    })
    .map(({ atMs }) => atMs);
  return seen.flatMap((one) => {
    const { startMs, filename, method, range } = one;
    if (decreases.some((atMs) => startMs >= atMs - EVERY_MS && startMs < atMs + GRACE_MS)) return [];
    const before = samples.findLast(({ atMs }) => atMs <= startMs);
    const after = samples.find(({ atMs }) => atMs > startMs);
    if (before === undefined || after === undefined) return [];
    const paused = before.breaker === 'open' && after.breaker === 'open' && before.opened === after.opened;
    const limit = paused ? 0 : Math.max(before.limit, after.limit);
    const concurrent = seen.filter(
      (other) => other.startMs <= startMs && (other.endMs ?? Infinity) > startMs + HEARD_MS,
    ).length;
    if (concurrent <= limit) return [];
    return [{ startMs, filename, method, range, concurrent, limit, breaker: before.breaker }];
  });
}

/** For each time that the breaker opened: requests from 3 s after it until it was last seen not closed. Redirects are one. */
export function probesPerPause(seen: readonly SeenRequest[], samples: readonly Sample[]): number[] {
  const pauses = samples.filter(
    (sample, index) => sample.opened > (samples[index - 1]?.opened ?? sample.opened),
  );
  return pauses.map(({ atMs, opened }) => {
    const last = samples.findLast((sample) => sample.opened === opened && sample.breaker !== 'closed');
    const during = seen.filter(
      ({ startMs, status }) => startMs >= atMs + GRACE_MS && startMs < (last?.atMs ?? 0) && status !== 302,
    );
    return during.length;
  });
}

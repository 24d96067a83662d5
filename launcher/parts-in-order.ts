import { startPart, type Part, type PartSurroundings } from './part.ts';
import type { PlannedPart } from './parts.ts';

export interface RunningParts {
  /** Resolves when every part has been ready. */
  ready: Promise<void>;
  /** Rejects when a part fails for good; never resolves. */
  failed: Promise<never>;
  /** Stops each part once those that need it have stopped. */
  stop(): Promise<void>;
}

/** Starts each part as soon as those that it needs are ready; the rest side by side. `planned` lists a part after its needs. */
export function startInOrder(
  planned: readonly PlannedPart[],
  surroundings: (plan: PlannedPart) => PartSurroundings,
): RunningParts {
  const started = new Map<string, Part>();
  const readiness = new Map<string, Promise<void>>();
  let stopping = false;
  let fail: (error: unknown) => void = () => {};
  const failed = new Promise<never>((_, reject) => (fail = reject));
  failed.catch(() => {});

  async function start(plan: PlannedPart): Promise<void> {
    await Promise.all(plan.needs.map(async (name) => readiness.get(name)));
    if (stopping) return;
    const part = startPart(plan, surroundings(plan));
    started.set(plan.name, part);
    part.ended.catch(fail);
    await part.ready;
  }
  for (const plan of planned) {
    const ready = start(plan);
    ready.catch(() => {});
    readiness.set(plan.name, ready);
  }

  const stops = new Map<string, Promise<void>>();
  function stop(name: string): Promise<void> {
    const begun = stops.get(name) ?? stopAfterItsUsers(name);
    stops.set(name, begun);
    return begun;
  }
  async function stopAfterItsUsers(name: string): Promise<void> {
    await Promise.all(planned.filter(({ needs }) => needs.includes(name)).map((user) => stop(user.name)));
    await started.get(name)?.stop();
  }

  return {
    ready: Promise.all(readiness.values()).then(() => {}),
    failed,
    async stop() {
      stopping = true;
      await Promise.all(planned.map(({ name }) => stop(name)));
    },
  };
}

/** Several workers' gates and one governor, against a simulated origin, in simulated time. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { seededRandom } from '../test/support/random.ts';
import type { OriginView } from '../workflows/messages.ts';
import {
  applyReport,
  initialOriginState,
  nextDeadline,
  passTime,
  shares,
  type OriginState,
} from '../workflows/origin-state.ts';
import type { RequestOutcome } from '../sources/request-gate.ts';
import { createOriginGate, type GovernorLink, type OriginGate } from './origin-gate.ts';

beforeEach(() => void vi.useFakeTimers({ now: 1_700_000_000_000 }));
afterEach(() => void vi.useRealTimers());

const LATENCY_MS = 20;
const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The governor's workflow, without Temporal: it sees each report 20 ms after it was sent. */
function governor() {
  let state = initialOriginState();
  let away = false;
  let timer: NodeJS.Timeout | undefined;
  const set = (next: OriginState): void => {
    state = next;
    clearTimeout(timer);
    const deadline = nextDeadline(state);
    if (deadline === null) return;
    timer = setTimeout(() => set(passTime(state, Date.now())), Math.max(1, deadline - Date.now()));
  };
  const link: GovernorLink = {
    async report(seen) {
      await after(LATENCY_MS);
      if (away) throw new Error('away');
      set(applyReport(state, seen, Date.now()));
    },
    async view(): Promise<OriginView> {
      await after(LATENCY_MS);
      if (away) throw new Error('away');
      const { limit, limits, breaker, openUntilMs, probe, outcomes, opened } = state;
      return {
        limit,
        limits,
        breaker,
        openUntilMs,
        probe,
        outcomes,
        opened,
        inFlight: 0,
        shares: shares(state),
      };
    },
  };
  return {
    link,
    state: () => state,
    leave: (is: boolean) => void (away = is),
    close: () => clearTimeout(timer),
  };
}

interface Seen {
  atMs: number;
  /** Under way at the origin as this one starts, itself included. */
  concurrent: number;
  limit: number;
  breaker: OriginState['breaker'];
  kind: RequestOutcome['kind'];
}

/** What the origin answers to one more request, when so many are under way. */
type Origin = (atMs: number, concurrent: number) => RequestOutcome;

function startWorkers(
  origin: Origin,
  { workers = 3, fetchers = 16 }: { workers?: number; fetchers?: number } = {},
) {
  const { link, state, leave, close } = governor();
  const random = seededRandom(7);
  const startedMs = Date.now();
  const elapsed = (): number => Date.now() - startedMs;
  const seen: Seen[] = [];
  const decreases: number[] = [];
  let concurrent = 0;
  let limitBefore = 0;
  const watch = setInterval(() => {
    if (state().limit < limitBefore || state().breaker === 'open') decreases.push(elapsed());
    limitBefore = state().limit;
  }, 10);
  const stop = new AbortController();
  const fetcher = async (gate: OriginGate, signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      let pass;
      try {
        pass = await gate.enter(signal);
      } catch {
        await after(1_000 + random() * 1_000);
        continue;
      }
      concurrent += 1;
      const outcome = origin(elapsed(), concurrent);
      seen.push({
        atMs: elapsed(),
        concurrent,
        limit: state().limit,
        breaker: state().breaker,
        kind: outcome.kind,
      });
      await after(outcome.kind === 'good' ? 100 + random() * 500 : 10);
      concurrent -= 1;
      pass.leave(outcome);
    }
  };
  const gates = Array.from({ length: workers }, (_, index) => {
    const gate = createOriginGate({ workerId: `w${index}`, link });
    const dies = new AbortController();
    for (let count = 0; count < fetchers; count += 1)
      void fetcher(gate, AbortSignal.any([stop.signal, dies.signal]));
    return {
      kill() {
        dies.abort();
        gate.close();
      },
    };
  });
  return {
    seen,
    decreases,
    elapsed,
    state,
    leave,
    gates,
    close() {
      stop.abort();
      clearInterval(watch);
      for (const gate of gates) gate.kill();
      close();
    },
  };
}

/** Starts above the limit, other than within 3 s of a decrease. */
function tooMany({ seen, decreases }: { seen: Seen[]; decreases: number[] }): Seen[] {
  return seen.filter(
    ({ atMs, concurrent, limit, breaker }) =>
      (concurrent > limit || breaker === 'open') &&
      !decreases.some((decreasedMs) => atMs >= decreasedMs && atMs < decreasedMs + 3_000),
  );
}

it('finds what the host bears and stays there', async () => {
  const run = startWorkers((_, concurrent) => (concurrent > 10 ? { kind: 'throttled' } : { kind: 'good' }));
  await vi.advanceTimersByTimeAsync(90_000);
  run.close();
  expect(tooMany(run)).toEqual([]);
  const settled = run.seen.filter(({ atMs }) => atMs > 60_000);
  const complaints = settled.filter(({ kind }) => kind === 'throttled').length;
  expect(complaints / settled.length).toBeLessThan(0.01);
  expect(settled.length / 30).toBeGreaterThan(10);
});

it('a storm: one probe per pause, nothing else, and full speed within ten seconds of the first that succeeds', async () => {
  const [begins, ends] = [60_000, 120_000];
  const run = startWorkers((atMs) =>
    atMs >= begins && atMs < ends ? { kind: 'throttled' } : { kind: 'good' },
  );
  await vi.advanceTimersByTimeAsync(240_000);
  run.close();
  expect(tooMany(run)).toEqual([]);
  const during = run.seen.filter(({ atMs }) => atMs >= begins + 3_000 && atMs < ends);
  expect(during.length).toBeLessThanOrEqual(run.state().opened);
  expect(during.every(({ breaker }) => breaker === 'halfOpen')).toBe(true);
  const first = run.seen.find(({ atMs }) => atMs >= ends);
  expect(first?.atMs).toBeLessThan(ends + 64_000);
  const before = run.seen.filter(({ atMs }) => atMs >= begins - 10_000 && atMs < begins).length;
  const resumed = (first?.atMs ?? 0) + 10_000;
  const afterwards = run.seen.filter(({ atMs }) => atMs >= resumed && atMs < resumed + 10_000).length;
  expect(afterwards / before).toBeGreaterThan(0.9);
});

it('obeys Retry-After, of all workers together', async () => {
  const run = startWorkers((atMs) =>
    atMs >= 20_000 && atMs < 20_300 ? { kind: 'throttled', retryAfterMs: 45_000 } : { kind: 'good' },
  );
  await vi.advanceTimersByTimeAsync(90_000);
  run.close();
  const told = run.seen.find(({ kind }) => kind === 'throttled')?.atMs ?? 0;
  const next = run.seen.find(({ atMs }) => atMs > told + 1_000)?.atMs ?? 0;
  expect(next).toBeGreaterThanOrEqual(told + 45_000);
  expect(next).toBeLessThan(told + 47_000);
});

it('goes on at full speed when a worker dies, also the one that had the probe', async () => {
  const run = startWorkers((atMs) =>
    atMs >= 30_000 && atMs < 33_000 ? { kind: 'throttled' } : { kind: 'good' },
  );
  await vi.advanceTimersByTimeAsync(30_500);
  while (run.state().probe === null) await vi.advanceTimersByTimeAsync(10);
  run.gates[Number(run.state().probe?.workerId.slice(1))]?.kill();
  await vi.advanceTimersByTimeAsync(60_000);
  run.close();
  expect(tooMany(run)).toEqual([]);
  expect(run.state()).toMatchObject({ breaker: 'closed', limit: 16 });
  expect(run.seen.filter(({ atMs }) => atMs > 80_000).at(-1)?.concurrent).toBeGreaterThan(10);
});

it('gives the places of a worker that has nothing more to do to one that has', async () => {
  const { link, state, close } = governor();
  const gates = ['a', 'b'].map((workerId) => createOriginGate({ workerId, link }));
  const signal = new AbortController().signal;
  const fetchOne = async (gate: OriginGate | undefined): Promise<number> => {
    const pass = await gate?.enter(signal);
    await after(100);
    pass?.leave({ kind: 'good' });
    return Date.now();
  };
  const first = Array.from({ length: 8 }, () => fetchOne(gates[0]));
  await vi.advanceTimersByTimeAsync(1_000);
  await Promise.all(first);
  expect(shares(state())['a']).toBe(8);
  const startedMs = Date.now();
  const second = Promise.all(Array.from({ length: 8 }, () => fetchOne(gates[1])));
  await vi.advanceTimersByTimeAsync(3_000);
  expect(Math.max(...(await second)) - startedMs).toBeLessThan(1_000);
  for (const gate of gates) gate.close();
  close();
});

it('sends nothing while nobody knows what the governor thinks', async () => {
  const run = startWorkers(() => ({ kind: 'good' }));
  await vi.advanceTimersByTimeAsync(20_000);
  run.leave(true);
  await vi.advanceTimersByTimeAsync(3_000);
  const before = run.seen.length;
  await vi.advanceTimersByTimeAsync(30_000);
  expect(run.seen.length).toBe(before);
  run.leave(false);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(run.seen.length).toBeGreaterThan(before);
  run.close();
});

it('lets a request go when its activity is cancelled', async () => {
  const { link, close } = governor();
  const gate = createOriginGate({
    workerId: 'a',
    link: { ...link, view: async () => ({ ...(await link.view()), shares: { a: 0 } }) },
  });
  const controller = new AbortController();
  const entered = expect(gate.enter(controller.signal)).rejects.toThrow('enough');
  await vi.advanceTimersByTimeAsync(1_000);
  controller.abort(new Error('enough'));
  await entered;
  gate.close();
  close();
});

import { describe, expect, it } from 'vitest';
import { seededRandom } from '../test/support/random.ts';
import {
  applyLimits,
  applyReport,
  initialOriginState,
  nextDeadline,
  passTime,
  shares,
  type OriginReport,
  type OriginState,
} from './origin-state.ts';

const START_MS = 1_700_000_000_000;
const QUIET = { inFlight: 0, waiting: 0, good: 0, throttled: 0, undecided: 0, failed: 0 };
const from = (workerId: string, seen: Partial<OriginReport>): OriginReport => ({
  workerId,
  ...QUIET,
  ...seen,
});

const sum = (counts: Record<string, number>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0);

/** One worker that keeps all its places busy, for so long, with an answer every 100 ms from each. */
function busy(before: OriginState, fromMs: number, forMs: number): OriginState {
  let state = before;
  for (let ms = fromMs; ms <= fromMs + forMs; ms += 500) {
    const inFlight = shares(state)['a'] ?? 0;
    state = applyReport(state, from('a', { inFlight, waiting: 5, good: inFlight * 5 }), ms);
  }
  return state;
}

/** At its limit of 8, and then told to slow down. */
function throttled(seen: Partial<OriginReport> = {}, atMs = START_MS): OriginState {
  const limits = { minConcurrent: 1, maxConcurrent: 8 };
  const state = busy(initialOriginState(limits), START_MS - 60_000, 30_000);
  expect(state.limit).toBe(8);
  return applyReport(state, from('a', { waiting: 3, throttled: 3, ...seen }), atMs);
}

/** As the workflow does: at each deadline, time passes. */
function until(before: OriginState, endMs: number): OriginState {
  let state = before;
  for (;;) {
    const deadline = nextDeadline(state);
    if (deadline === null || deadline > endMs) return passTime(state, endMs);
    const passed = passTime(state, deadline);
    if (nextDeadline(passed) === deadline) return passed;
    state = passed;
  }
}

describe('while closed', () => {
  it('grows by one at a time while the limit is really used, and not in idle hours', () => {
    expect(busy(initialOriginState(), START_MS, 5_000).limit).toBeGreaterThan(10);
    let idle = initialOriginState();
    for (let ms = 0; ms < 3_600_000; ms += 1_000)
      idle = applyReport(idle, from('a', { inFlight: 1, good: 1 }), START_MS + ms);
    expect(idle.limit).toBe(8);
  });

  it('halves once per round, however many complain', () => {
    const state = busy(initialOriginState({ minConcurrent: 1, maxConcurrent: 16 }), START_MS, 60_000);
    expect(state.limit).toBe(16);
    const once = applyReport(state, from('a', { inFlight: 9, waiting: 1, failed: 2 }), START_MS + 60_500);
    expect(once.limit).toBe(8);
    const again = applyReport(once, from('b', { inFlight: 3, waiting: 1, failed: 2 }), START_MS + 60_900);
    expect(again.limit).toBe(8);
    const third = applyReport(again, from('b', { good: 1, failed: 1 }), START_MS + 61_600);
    expect(third.limit).toBe(4);
    expect(applyReport(third, from('b', { good: 1, failed: 1 }), START_MS + 62_700).limit).toBe(4);
    expect(applyReport(third, from('b', { throttled: 1 }), START_MS + 62_700).limit).toBe(2);
  });

  it('does not take one failure among many good outcomes for trouble', () => {
    const state = busy(initialOriginState(), START_MS, 30_000);
    const once = applyReport(state, from('a', { good: 2, failed: 1, waiting: 1 }), START_MS + 31_000);
    expect(once.limit).toBe(state.limit);
    expect(applyReport(once, from('b', { good: 2, failed: 1 }), START_MS + 31_500).limit).toBe(8);
  });

  it('takes five failures without anything good between them for a host that is down', () => {
    let state = initialOriginState();
    for (let count = 0; count < 4; count += 1)
      state = applyReport(state, from('a', { failed: 1 }), START_MS + count * 2_000);
    expect(state.breaker).toBe('closed');
    const better = applyReport(state, from('b', { good: 1 }), START_MS + 8_000);
    expect(applyReport(better, from('a', { failed: 1 }), START_MS + 10_000).breaker).toBe('closed');
    expect(applyReport(state, from('a', { failed: 1 }), START_MS + 10_000).breaker).toBe('open');
  });

  it('gives the places of a worker that died to the others', () => {
    let state = initialOriginState({ minConcurrent: 4, maxConcurrent: 4 });
    state = applyReport(state, from('dies', { inFlight: 4 }), START_MS);
    state = applyReport(state, from('a', { waiting: 9 }), START_MS + 1_000);
    expect(shares(state)['a']).toBe(0);
    state = applyReport(state, from('a', { waiting: 9 }), START_MS + 16_000);
    expect(shares(state)).toEqual({ a: 4 });
  });

  it('passes a place that cannot be shared out round all that want it', () => {
    let state = initialOriginState({ minConcurrent: 1, maxConcurrent: 1 });
    const had = new Set<string>();
    for (let ms = 0; ms < 60_000; ms += 500) {
      for (const id of ['a', 'b', 'c']) state = applyReport(state, from(id, { waiting: 2 }), START_MS + ms);
      for (const [id, share] of Object.entries(shares(state))) if (share > 0) had.add(id);
    }
    expect([...had].toSorted()).toEqual(['a', 'b', 'c']);
  });

  it('gives what one worker was told it may begin to nobody else before that worker has heard of it', () => {
    let state = initialOriginState({ minConcurrent: 4, maxConcurrent: 4 });
    state = applyReport(state, from('a', { waiting: 1 }), START_MS);
    expect(shares(state)).toEqual({ a: 4 });
    state = applyReport(state, from('b', { waiting: 4 }), START_MS + 100);
    expect(shares(state)).toEqual({ a: 2, b: 0 });
    const told = applyReport(state, from('a', { inFlight: 1, waiting: 1 }), START_MS + 200);
    expect(shares(applyReport(told, from('b', { waiting: 4 }), START_MS + 300))).toEqual({ a: 2, b: 2 });
    const silent = applyReport(state, from('b', { waiting: 4 }), START_MS + 2_200);
    expect(shares(silent)).toEqual({ a: 2, b: 2 });
  });
});

describe('when the host complains', () => {
  it('lets nothing through until the pause is over, and then one probe of one worker', () => {
    const state = throttled();
    expect(state).toMatchObject({ breaker: 'open', limit: 4, openUntilMs: START_MS + 2_000 });
    expect(sum(shares(state))).toBe(0);
    const withOther = applyReport(state, from('b', { waiting: 2 }), START_MS + 1_900);
    const after = until(withOther, START_MS + 2_000);
    expect(after.breaker).toBe('halfOpen');
    expect(sum(shares(after))).toBe(1);
  });

  it('doubles the pause with each probe that fails, up to five minutes', () => {
    let state = throttled();
    const pauses: number[] = [];
    let nowMs = START_MS;
    for (let count = 0; count < 9; count += 1) {
      pauses.push((state.openUntilMs ?? 0) - nowMs);
      nowMs = state.openUntilMs ?? 0;
      state = until(applyReport(state, from('a', { waiting: 1 }), nowMs), nowMs);
      const probe = state.probe?.id ?? 0;
      state = applyReport(state, from('a', { waiting: 1, throttled: 1, probe }), nowMs);
    }
    expect(pauses).toEqual([2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000, 256_000, 300_000]);
  });

  it('obeys Retry-After: the longest that is sent, also during the pause and by requests of before it', () => {
    expect(throttled({ retryAfterMs: 90_000 }).openUntilMs).toBe(START_MS + 90_000);
    expect(throttled({ retryAfterMs: 1_000 }).openUntilMs).toBe(START_MS + 2_000);
    expect(throttled({ retryAfterMs: 3_600_000 }).openUntilMs).toBe(START_MS + 3_600_000);
    const longer = applyReport(
      throttled(),
      from('b', { throttled: 1, retryAfterMs: 60_000 }),
      START_MS + 1_000,
    );
    expect(longer.openUntilMs).toBe(START_MS + 61_000);
    const shorter = applyReport(longer, from('b', { throttled: 1, retryAfterMs: 5_000 }), START_MS + 1_500);
    expect(shorter.openUntilMs).toBe(START_MS + 61_000);
    const halfOpen = until(throttled(), START_MS + 2_000);
    const late = applyReport(halfOpen, from('b', { throttled: 1, retryAfterMs: 60_000 }), START_MS + 2_100);
    expect(late).toMatchObject({ breaker: 'open', openUntilMs: START_MS + 62_100 });
  });

  it('closes by the outcome of the probe alone, and starts slowly', () => {
    const halfOpen = until(throttled(), START_MS + 2_000);
    const probe = halfOpen.probe?.id ?? 0;
    const stranger = applyReport(halfOpen, from('b', { good: 4, failed: 1 }), START_MS + 2_200);
    expect(stranger.breaker).toBe('halfOpen');
    const closed = applyReport(stranger, from('a', { good: 1, waiting: 9, probe }), START_MS + 2_300);
    expect(closed).toMatchObject({ breaker: 'closed', limit: 1 });
    let state = closed;
    const limits = [];
    for (let ms = 2_800; ms <= 6_800; ms += 500) {
      state = applyReport(state, from('a', { inFlight: state.limit, waiting: 9, good: 9 }), START_MS + ms);
      limits.push(state.limit);
    }
    expect(limits.slice(0, 3)).toEqual([2, 3, 4]);
    expect(limits.at(-1)).toBeGreaterThanOrEqual(7);
  });

  it('comes back to what the host bore also after several bad probes and a relapse', () => {
    let state = throttled();
    let nowMs = START_MS;
    for (const seen of [{ failed: 1 }, { throttled: 1 }, { good: 1 }]) {
      nowMs = state.openUntilMs ?? 0;
      state = until(applyReport(state, from('a', { waiting: 1 }), nowMs), nowMs);
      state = applyReport(state, from('a', { waiting: 9, ...seen, probe: state.probe?.id ?? 0 }), nowMs);
    }
    expect(state).toMatchObject({ breaker: 'closed', limit: 1 });
    state = applyReport(state, from('a', { waiting: 9, throttled: 1 }), nowMs + 500);
    nowMs = state.openUntilMs ?? 0;
    state = until(applyReport(state, from('a', { waiting: 1 }), nowMs), nowMs);
    state = applyReport(state, from('a', { waiting: 9, good: 1, probe: state.probe?.id ?? 0 }), nowMs);
    expect(busy(state, nowMs, 10_000).limit).toBeGreaterThanOrEqual(5);
  });

  it('gives a lost probe to another worker, and leaves one alone that is slow', () => {
    const open = applyReport(throttled(), from('b', { waiting: 1 }), START_MS + 1_500);
    const halfOpen = until(open, START_MS + 2_000);
    expect(halfOpen.probe?.workerId).toBe('a');
    const slow = applyReport(halfOpen, from('a', { inFlight: 1, waiting: 2 }), START_MS + 14_000);
    expect(until(slow, START_MS + 20_000).probe).toMatchObject({ workerId: 'a', id: halfOpen.probe?.id });
    const lost = until(
      applyReport(halfOpen, from('b', { waiting: 1 }), START_MS + 16_900),
      START_MS + 17_000,
    );
    expect(lost.probe).toMatchObject({ workerId: 'b' });
    expect(lost.probe?.id).not.toBe(halfOpen.probe?.id);
    const gaveUp = applyReport(open, from('a', {}), START_MS + 1_600);
    expect(until(gaveUp, START_MS + 2_000).probe?.workerId).toBe('b');
  });

  it('forgets the length of the last pause after a long calm', () => {
    let state = throttled();
    const nowMs = state.openUntilMs ?? 0;
    state = until(state, nowMs);
    state = applyReport(state, from('a', { good: 1, probe: state.probe?.id ?? 0 }), nowMs);
    expect(state.pauseMs).toBe(4_000);
    expect(applyReport(state, from('a', { good: 1 }), nowMs + 301_000).pauseMs).toBe(2_000);
  });
});

it('keeps inside limits that people change', () => {
  const grown = busy(initialOriginState(), START_MS, 30_000);
  expect(grown.limit).toBe(16);
  const lowered = applyLimits(grown, { minConcurrent: 2, maxConcurrent: 3 }, START_MS + 31_000);
  expect(lowered).toMatchObject({ limit: 3, lastGoodLimit: 3 });
  expect(sum(shares(lowered))).toBe(3);
  expect(applyLimits(lowered, { minConcurrent: 5, maxConcurrent: 9 }, START_MS + 32_000).limit).toBe(5);
});

/**
 * Workers that do what they were told: begin up to their share as they last saw it (no longer than 1.5 s after they asked),
 * report now and then, die now and then, against a host that complains at random.
 */
it('keeps its invariants under any sequence of events', () => {
  const broken: string[] = [];
  for (let seed = 1; seed <= 120; seed += 1) {
    const random = seededRandom(seed);
    const holds = (what: string, is: boolean): void => {
      if (!is) broken.push(`${what}, seed ${seed}, ${JSON.stringify(state)}`);
    };
    const upTo = (count: number): number => Math.floor(random() * count);
    const minConcurrent = 1 + upTo(3);
    let state = initialOriginState({ minConcurrent, maxConcurrent: minConcurrent + upTo(20) });
    let nowMs = START_MS;
    const workers = new Map<string, { inFlight: number; told: number; toldAtMs: number; probed: number }>();
    const probes = new Set<number>();
    let decreasedAtMs = -Infinity;
    for (let step = 0; step < 300; step += 1) {
      nowMs += upTo(10) === 0 ? upTo(20_000) : upTo(700);
      const before = state;
      state = until(state, nowMs);
      const id = `w${upTo(4)}`;
      const worker = workers.get(id) ?? { inFlight: 0, told: 0, toldAtMs: -Infinity, probed: 0 };
      workers.set(id, worker);
      const event = upTo(8);
      if (event <= 2) {
        worker.told = shares(state)[id] ?? 0;
        worker.toldAtMs = nowMs;
      } else if (event <= 4 && nowMs - worker.toldAtMs <= 1_500) {
        if (state.breaker === 'closed') worker.inFlight = Math.max(worker.inFlight, worker.told);
      } else if (event === 5 && upTo(6) === 0) {
        workers.delete(id);
      } else {
        const ended = upTo(worker.inFlight + 1);
        const kind = upTo(12);
        worker.inFlight -= ended;
        worker.toldAtMs = -Infinity;
        const bad = kind < 2 && ended > 0;
        const limits = state.limit;
        const retryAfterMs = kind === 0 && bad ? upTo(100_000) : undefined;
        state = applyReport(
          state,
          from(id, {
            inFlight: worker.inFlight,
            waiting: upTo(4),
            good: bad ? 0 : ended,
            throttled: kind === 0 && bad ? ended : 0,
            failed: kind === 1 && bad ? ended : 0,
            ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
            ...(upTo(2) === 0 && state.probe?.workerId === id ? { probe: state.probe.id } : {}),
          }),
          nowMs,
        );
        if (retryAfterMs !== undefined)
          holds('Retry-After', (state.openUntilMs ?? 0) >= nowMs + retryAfterMs);
        if (state.limit < limits && state.breaker !== 'closed') {
          holds('one decrease per round', nowMs - decreasedAtMs >= 1_000);
          decreasedAtMs = nowMs;
        }
      }
      const { limits, limit, lastGoodLimit, breaker, openUntilMs, probe } = state;
      holds('min', limit >= limits.minConcurrent);
      holds('max', limit <= limits.maxConcurrent);
      holds('last good limit', lastGoodLimit <= limits.maxConcurrent);
      holds('open until', (openUntilMs === null) === (breaker !== 'open'));
      holds('a probe only while half open', breaker === 'halfOpen' || probe === null);
      if (before.breaker === 'open' && breaker === 'open')
        holds('no pause gets shorter', (openUntilMs ?? 0) >= (before.openUntilMs ?? 0));
      // A probe's id never comes back for another.
      if (probe !== null && probe.id !== before.probe?.id) {
        holds('a new probe has a new id', !probes.has(probe.id));
        probes.add(probe.id);
      }
      const known = Object.values(state.workers);
      const beginners = known.filter(({ share, inFlight }) => share > inFlight);
      if (breaker === 'open') holds('nothing begins in a pause', beginners.length === 0);
      if (breaker === 'halfOpen') holds('one probe', beginners.length <= 1);
      if (breaker === 'closed')
        holds('shares within the limit', beginners.reduce((total, { share }) => total + share, 0) <= limit);
    }
  }
  expect(broken).toEqual([]);
});

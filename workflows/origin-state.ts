/**
 * The courtesy towards one source host, for all workers together, as a pure reducer: additive increase, multiplicative
 * decrease of the requests in flight (Chiu & Jain 1989), and a circuit breaker with one probe and a slow start. Times are
 * milliseconds since 1970.
 */

export interface OriginLimits {
  /** Requests in flight that are always allowed while the breaker is closed. */
  minConcurrent: number;
  /** Never more than this, however patient the host is. */
  maxConcurrent: number;
}

/** What one worker has seen since its last report. */
export interface OriginReport {
  workerId: string;
  /** Its requests under way now. */
  inFlight: number;
  /** Its requests that wait for a place now. */
  waiting: number;
  good: number;
  throttled: number;
  /** 403 on files never seen: neither good nor a sign of throttling. */
  undecided: number;
  failed: number;
  /** The longest `Retry-After` that was sent. */
  retryAfterMs?: number;
  /** The probe that one of these outcomes answers. */
  probe?: number;
}

export interface OriginState {
  limits: OriginLimits;
  /** Requests in flight that are allowed to all workers together, while the breaker is closed. */
  limit: number;
  /** The limit before the last trouble: increases are quick up to it and slow beyond. */
  lastGoodLimit: number;
  breaker: 'closed' | 'open' | 'halfOpen';
  /** When the breaker lets a probe through. */
  openUntilMs: number | null;
  /** The next pause; doubles each time that the breaker opens again before the limit has recovered. */
  pauseMs: number;
  /** The one request that is let through while half open. */
  probe: { id: number; workerId: string; sinceMs: number } | null;
  /** While below it after a pause, the limit doubles. */
  slowStartUntil: number;
  /** Good outcomes since the limit last changed. */
  goodSinceChange: number;
  changedAtMs: number;
  failedInARow: number;
  workers: Record<string, { inFlight: number; waiting: number; seenAtMs: number }>;
  /** Totals of all time. */
  outcomes: { good: number; throttled: number; undecided: number; failed: number };
  /** How often the breaker opened. */
  opened: number;
}

export const DEFAULT_LIMITS: OriginLimits = { minConcurrent: 1, maxConcurrent: 16 };
const INITIAL_LIMIT = 4;
const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 300_000;
/** An increase of one: up to the last good limit; beyond it; and beyond it once the host has complained. */
const RECOVER_EVERY_MS = 300;
const GROW_EVERY_MS = 1_000;
const EXPLORE_EVERY_MS = 10_000;
/** Trouble within this time of a decrease is of the same round: requests that were under way. */
const ROUND_MS = 1_000;
/** So many failures without anything good between them are a host that is down. */
const DOWN_AFTER_FAILURES = 5;
/** A worker that says nothing for so long has none of its requests under way any more. */
const SILENT_MS = 15_000;
/** A probe whose outcome nobody told is given to another worker. */
const PROBE_LOST_MS = 30_000;

export function initialOriginState(limits: OriginLimits = DEFAULT_LIMITS): OriginState {
  const limit = clamp(INITIAL_LIMIT, limits);
  return {
    limits,
    limit,
    lastGoodLimit: limit,
    breaker: 'closed',
    openUntilMs: null,
    pauseMs: FIRST_PAUSE_MS,
    probe: null,
    slowStartUntil: 0,
    goodSinceChange: 0,
    changedAtMs: 0,
    failedInARow: 0,
    workers: {},
    outcomes: { good: 0, throttled: 0, undecided: 0, failed: 0 },
    opened: 0,
  };
}

/** When `passTime` has something to do next; null: nothing. */
export function nextDeadline({ breaker, openUntilMs, probe }: OriginState): number | null {
  if (breaker === 'open') return openUntilMs;
  return breaker === 'halfOpen' && probe !== null ? probe.sinceMs + PROBE_LOST_MS : null;
}

/** Ends a pause, and gives a lost probe to another worker. */
export function passTime(state: OriginState, nowMs: number): OriginState {
  const { breaker, openUntilMs, probe } = state;
  if (breaker === 'open' && openUntilMs !== null && nowMs >= openUntilMs) {
    return { ...state, breaker: 'halfOpen', openUntilMs: null, probe: nextProbe(state, nowMs) };
  }
  if (breaker === 'halfOpen' && (probe === null || nowMs - probe.sinceMs >= PROBE_LOST_MS)) {
    return { ...state, probe: nextProbe(state, nowMs) };
  }
  return state;
}

/** To a worker that waits, not the one that lost the probe before; null while nobody does. */
function nextProbe({ workers, probe, opened }: OriginState, nowMs: number): OriginState['probe'] {
  const waiting = Object.entries(workers)
    .filter(([, worker]) => worker.waiting > 0)
    .map(([workerId]) => workerId)
    .toSorted((a, b) => (a < b ? -1 : 1));
  const workerId = waiting.find((candidate) => candidate !== probe?.workerId) ?? waiting[0];
  return workerId === undefined ? null : { id: (probe?.id ?? opened * 1_000) + 1, workerId, sinceMs: nowMs };
}

export function applyReport(before: OriginState, report: OriginReport, nowMs: number): OriginState {
  const { workerId, inFlight, waiting, good, throttled, undecided, failed } = report;
  const { outcomes } = before;
  const present = Object.entries(before.workers).filter(([, { seenAtMs }]) => nowMs - seenAtMs < SILENT_MS);
  const state = passTime(
    {
      ...before,
      workers: { ...Object.fromEntries(present), [workerId]: { inFlight, waiting, seenAtMs: nowMs } },
      outcomes: {
        good: outcomes.good + good,
        throttled: outcomes.throttled + throttled,
        undecided: outcomes.undecided + undecided,
        failed: outcomes.failed + failed,
      },
      failedInARow: good > 0 ? 0 : before.failedInARow + failed,
    },
    nowMs,
  );
  switch (state.breaker) {
    case 'open':
      return rest(state, nowMs + (report.retryAfterMs ?? 0));
    case 'halfOpen':
      return afterProbe(state, report, nowMs);
    case 'closed': {
      if (throttled > 0) return open(decrease(state, nowMs), report, nowMs);
      if (state.failedInARow >= DOWN_AFTER_FAILURES) return open(decrease(state, nowMs), report, nowMs);
      if (failed > 0) return decrease(state, nowMs);
      return increase(state, report, nowMs);
    }
  }
}

/** Only the probe's own outcome counts: others were under way before the pause. */
function afterProbe(state: OriginState, report: OriginReport, nowMs: number): OriginState {
  if (state.probe === null) return state;
  if (report.probe !== state.probe.id) {
    const gaveUp = report.workerId === state.probe.workerId && report.waiting + report.inFlight === 0;
    return gaveUp ? { ...state, probe: nextProbe(state, nowMs) } : state;
  }
  if (report.throttled > 0 || report.failed > 0) return open(state, report, nowMs);
  if (report.good === 0 && report.undecided === 0) return state;
  return {
    ...state,
    breaker: 'closed',
    probe: null,
    limit: state.limits.minConcurrent,
    slowStartUntil: Math.max(state.limits.minConcurrent, Math.floor(state.lastGoodLimit / 2)),
    goodSinceChange: 0,
    changedAtMs: nowMs,
    failedInARow: 0,
  };
}

function open(state: OriginState, { retryAfterMs = 0 }: OriginReport, nowMs: number): OriginState {
  const pauseMs = Math.min(Math.max(state.pauseMs, retryAfterMs), Math.max(LONGEST_PAUSE_MS, retryAfterMs));
  return {
    ...state,
    breaker: 'open',
    openUntilMs: nowMs + pauseMs,
    pauseMs: Math.min(state.pauseMs * 2, LONGEST_PAUSE_MS),
    probe: null,
    opened: state.opened + 1,
    failedInARow: 0,
  };
}

/** A longer `Retry-After` that arrives during a pause makes it longer; nothing makes it shorter. */
function rest(state: OriginState, untilMs: number): OriginState {
  return { ...state, openUntilMs: Math.max(state.openUntilMs ?? 0, untilMs) };
}

function decrease(state: OriginState, nowMs: number): OriginState {
  if (nowMs - state.changedAtMs < ROUND_MS && state.limit < state.lastGoodLimit) return state;
  return {
    ...state,
    limit: clamp(Math.floor(state.limit / 2), state.limits),
    lastGoodLimit: clamp(state.limit - 1, state.limits),
    slowStartUntil: 0,
    goodSinceChange: 0,
    changedAtMs: nowMs,
  };
}

/** Only while the limit is really used: an idle evening proves nothing. */
function increase(state: OriginState, { good, waiting }: OriginReport, nowMs: number): OriginState {
  const { limit, limits, slowStartUntil, lastGoodLimit } = state;
  const inFlight = Object.values(state.workers).reduce((sum, worker) => sum + worker.inFlight, 0);
  const used = waiting > 0 || inFlight >= limit;
  const goodSinceChange = state.goodSinceChange + good;
  const pauseMs = limit >= lastGoodLimit && used ? FIRST_PAUSE_MS : state.pauseMs;
  const counted = { ...state, goodSinceChange, pauseMs };
  if (!used || limit >= limits.maxConcurrent) return counted;
  const changed = { ...counted, goodSinceChange: 0, changedAtMs: nowMs };
  if (limit < slowStartUntil) {
    return good === 0
      ? counted
      : { ...changed, limit: Math.min(limit * 2, slowStartUntil, limits.maxConcurrent) };
  }
  const beyond = state.opened === 0 ? GROW_EVERY_MS : EXPLORE_EVERY_MS;
  const everyMs = limit < lastGoodLimit ? RECOVER_EVERY_MS : beyond;
  const enough = limit < lastGoodLimit ? 1 : limit;
  if (goodSinceChange < enough || nowMs - state.changedAtMs < everyMs) return counted;
  return { ...changed, limit: limit + 1 };
}

export function applyLimits(state: OriginState, limits: OriginLimits): OriginState {
  return {
    ...state,
    limits,
    limit: clamp(state.limit, limits),
    lastGoodLimit: clamp(state.lastGoodLimit, limits),
    slowStartUntil: Math.min(state.slowStartUntil, limits.maxConcurrent),
  };
}

/**
 * How many requests each worker may have under way: its fair part of the limit, and never so that all together
 * exceed it while others still finish what they began before a decrease. The sum over workers that may begin something is at
 * most the limit.
 */
export function shares({ breaker, limit, workers, probe }: OriginState): Record<string, number> {
  const ids = Object.keys(workers).toSorted((a, b) => (a < b ? -1 : 1));
  if (breaker !== 'closed') {
    return Object.fromEntries(
      ids.map((id) => [id, breaker === 'halfOpen' && probe?.workerId === id ? 1 : 0]),
    );
  }
  const active = ids.filter((id) => (workers[id]?.waiting ?? 0) + (workers[id]?.inFlight ?? 0) > 0);
  // Who asks for nothing keeps one place where there is room, so that its first request need not wait for a report.
  const wanting = active.length === 0 ? ids : active;
  const target = new Map(
    wanting.map((id, index) => [
      id,
      Math.floor(limit / wanting.length) + (index < limit % wanting.length ? 1 : 0),
    ]),
  );
  let free = limit;
  for (const id of ids) free -= workers[id]?.inFlight ?? 0;
  const granted: Record<string, number> = {};
  for (const id of ids) {
    const inFlight = workers[id]?.inFlight ?? 0;
    const wanted = target.get(id) ?? 0;
    const more = Math.max(0, Math.min(wanted - inFlight, free));
    free -= more;
    // Above its part it begins nothing until it is below.
    granted[id] = wanted <= inFlight ? wanted : inFlight + more;
  }
  return granted;
}

function clamp(value: number, { minConcurrent, maxConcurrent }: OriginLimits): number {
  return Math.min(Math.max(value, minConcurrent), maxConcurrent);
}

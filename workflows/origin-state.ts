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

export interface OriginWorker {
  /** As it last reported. */
  inFlight: number;
  waiting: number;
  seenAtMs: number;
  /** Requests that it may have under way now. */
  share: number;
  /** The largest share that it may still believe in, until `heldUntilMs`: places that nobody else gets before. */
  held: number;
  heldUntilMs: number;
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
  /** Probes given out so far: the last one's id. */
  probes: number;
  /** While below it after a pause, the limit doubles. */
  slowStartUntil: number;
  /** Good outcomes since the limit last changed. */
  goodSinceChange: number;
  changedAtMs: number;
  failedInARow: number;
  /** Good outcomes since the last failure. */
  goodSinceFailure: number;
  decreasedAtMs: number;
  /** When it last said slow down. */
  complainedAtMs: number;
  workers: Record<string, OriginWorker>;
  /** Totals of all time. */
  outcomes: { good: number; throttled: number; undecided: number; failed: number };
  /** How often the breaker opened. */
  opened: number;
}

export const DEFAULT_LIMITS: OriginLimits = { minConcurrent: 1, maxConcurrent: 16 };
/** One file's chunks: as many as there are of a month, and few enough for any public server. */
const INITIAL_LIMIT = 8;
/** Failures that say nothing about the host take the limit no lower. */
const LEAST_AFTER_FAILURES = 4;
const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 300_000;
/** An increase of one: up to the last good limit; beyond it; and beyond it while a complaint is fresh. */
const RECOVER_EVERY_MS = 300;
const GROW_EVERY_MS = 1_000;
const EXPLORE_EVERY_MS = 10_000;
/** Trouble within this time of a decrease is of the same round: requests that were under way. */
const ROUND_MS = 1_000;
/** So many failures without anything good between them are a host that is down. */
const DOWN_AFTER_FAILURES = 5;
/** One failure among so many good outcomes is a file's or the network's, and says nothing about the host. */
const GOOD_AROUND_A_FAILURE = 20;
/** A worker that says nothing for so long has none of its requests under way any more. */
const SILENT_MS = 15_000;
/** A probe of a worker that says nothing for so long is given to another. */
const PROBE_LOST_MS = 15_000;
/** Workers believe what they were told for 1.5 s; the rest is for clocks that differ. */
const BELIEVED_MS = 2_000;
/** Places that cannot be shared out evenly go round. */
const TURN_MS = 5_000;
/** Without trouble for so long, the next pause is a short one again, and the limit grows as if there had been none. */
const FORGIVEN_MS = 300_000;

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
    probes: 0,
    slowStartUntil: 0,
    goodSinceChange: 0,
    changedAtMs: 0,
    decreasedAtMs: 0,
    complainedAtMs: 0,
    failedInARow: 0,
    goodSinceFailure: 0,
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
  return shareOut(afterPause(state, nowMs), nowMs);
}

function afterPause(state: OriginState, nowMs: number): OriginState {
  const { breaker, openUntilMs, probe } = state;
  if (breaker === 'open' && openUntilMs !== null && nowMs >= openUntilMs) {
    return giveProbe({ ...state, breaker: 'halfOpen', openUntilMs: null }, nowMs);
  }
  if (breaker === 'halfOpen' && (probe === null || nowMs - probe.sinceMs >= PROBE_LOST_MS)) {
    return giveProbe(state, nowMs);
  }
  return state;
}

/** To a worker that waits, not the one that lost the probe before; to none while nobody does. */
function giveProbe(state: OriginState, nowMs: number): OriginState {
  const { workers, probe, probes } = state;
  const waiting = Object.entries(workers)
    .filter(([, worker]) => worker.waiting > 0)
    .map(([workerId]) => workerId)
    .toSorted((a, b) => (a < b ? -1 : 1));
  const workerId = waiting.find((candidate) => candidate !== probe?.workerId) ?? waiting[0];
  if (workerId === undefined) return { ...state, probe: null };
  return { ...state, probe: { id: probes + 1, workerId, sinceMs: nowMs }, probes: probes + 1 };
}

export function applyReport(before: OriginState, report: OriginReport, nowMs: number): OriginState {
  const { workerId, inFlight, waiting, good, throttled, undecided, failed } = report;
  const { outcomes } = before;
  const present = Object.entries(before.workers).filter(([, { seenAtMs }]) => nowMs - seenAtMs < SILENT_MS);
  // Who reports begins nothing more on what it was told before.
  const worker = { inFlight, waiting, seenAtMs: nowMs, share: 0, held: 0, heldUntilMs: 0 };
  const heard = {
    ...before,
    workers: { ...Object.fromEntries(present), [workerId]: worker },
    outcomes: {
      good: outcomes.good + good,
      throttled: outcomes.throttled + throttled,
      undecided: outcomes.undecided + undecided,
      failed: outcomes.failed + failed,
    },
    complainedAtMs: throttled > 0 ? nowMs : before.complainedAtMs,
    failedInARow: good > 0 ? 0 : before.failedInARow + failed,
    goodSinceFailure: failed > 0 ? good : before.goodSinceFailure + good,
  };
  const { probe } = before;
  const probing = probe?.workerId === workerId && (inFlight > 0 || waiting > 0);
  const state = afterPause(probing ? { ...heard, probe: { ...probe, sinceMs: nowMs } } : heard, nowMs);
  const alone =
    report.probe === undefined && failed === 1 && before.goodSinceFailure + good >= GOOD_AROUND_A_FAILURE;
  return shareOut(afterReport(state, alone ? { ...report, failed: 0 } : report, nowMs), nowMs);
}

function afterReport(state: OriginState, report: OriginReport, nowMs: number): OriginState {
  switch (state.breaker) {
    case 'open':
      return rest(state, nowMs + (report.retryAfterMs ?? 0));
    case 'halfOpen':
      return afterProbe(state, report, nowMs);
    case 'closed': {
      const down = state.failedInARow >= DOWN_AFTER_FAILURES;
      const { throttled } = report;
      if (throttled > 0 || down) return open(decrease(state, { throttled }, nowMs), report, nowMs);
      return report.failed > 0 ? decrease(state, { throttled }, nowMs) : increase(state, report, nowMs);
    }
  }
}

/** Only the probe's own outcome counts, and a `Retry-After`: other requests were under way before the pause. */
function afterProbe(state: OriginState, report: OriginReport, nowMs: number): OriginState {
  if (state.probe === null || report.probe !== state.probe.id) {
    // Whoever asked before the pause: a time that the host names is obeyed.
    if (report.throttled > 0 && report.retryAfterMs !== undefined) return open(state, report, nowMs);
    if (state.probe === null) return state;
    const gaveUp = report.workerId === state.probe.workerId && report.waiting + report.inFlight === 0;
    return gaveUp ? giveProbe(state, nowMs) : state;
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

/**
 * Once per round. Only a complaint says that the limit was too high, and while the limit recovers it says little about what
 * the host bears otherwise. Failures alone, of a few bad files for example, do not take it to where one request
 * that hangs would hold up all others. (A host that only fails opens the breaker.)
 */
function decrease(
  state: OriginState,
  { throttled }: Pick<OriginReport, 'throttled'>,
  nowMs: number,
): OriginState {
  const { limit, limits, lastGoodLimit } = state;
  if (nowMs - state.decreasedAtMs < ROUND_MS) return state;
  const recovering = limit < lastGoodLimit;
  const least = throttled > 0 ? limits.minConcurrent : Math.min(limit, LEAST_AFTER_FAILURES);
  const bearable = recovering ? Math.max(limit, Math.floor(lastGoodLimit * 0.75)) : limit - 1;
  return {
    ...state,
    limit: clamp(Math.max(Math.floor(limit / 2), least), limits),
    lastGoodLimit: throttled > 0 ? clamp(bearable, limits) : Math.max(limit, lastGoodLimit),
    slowStartUntil: 0,
    goodSinceChange: 0,
    changedAtMs: nowMs,
    decreasedAtMs: nowMs,
  };
}

/** Only while the limit is really used: an idle evening proves nothing. */
function increase(state: OriginState, { good, waiting }: OriginReport, nowMs: number): OriginState {
  const { limit, limits, slowStartUntil, lastGoodLimit } = state;
  const inFlight = Object.values(state.workers).reduce((sum, worker) => sum + worker.inFlight, 0);
  const used = waiting > 0 || inFlight >= limit;
  const goodSinceChange = state.goodSinceChange + good;
  const calm = nowMs - Math.max(state.changedAtMs, state.decreasedAtMs) >= FORGIVEN_MS;
  const pauseMs = good > 0 && (calm || (limit >= lastGoodLimit && used)) ? FIRST_PAUSE_MS : state.pauseMs;
  const counted = { ...state, goodSinceChange, pauseMs };
  if (!used || limit >= limits.maxConcurrent) return counted;
  const changed = { ...counted, goodSinceChange: 0, changedAtMs: nowMs };
  if (limit < slowStartUntil) {
    return good === 0
      ? counted
      : { ...changed, limit: Math.min(limit * 2, slowStartUntil, limits.maxConcurrent) };
  }
  const fresh = nowMs - state.complainedAtMs < FORGIVEN_MS;
  const beyond = fresh ? EXPLORE_EVERY_MS : GROW_EVERY_MS;
  const everyMs = limit < lastGoodLimit ? RECOVER_EVERY_MS : beyond;
  const enough = limit < lastGoodLimit ? 1 : limit;
  if (goodSinceChange < enough || nowMs - state.changedAtMs < everyMs) return counted;
  return { ...changed, limit: limit + 1 };
}

export function applyLimits(state: OriginState, limits: OriginLimits, nowMs: number): OriginState {
  const changed = {
    ...state,
    limits,
    limit: clamp(state.limit, limits),
    lastGoodLimit: clamp(state.lastGoodLimit, limits),
    slowStartUntil: Math.min(state.slowStartUntil, limits.maxConcurrent),
  };
  return shareOut(changed, nowMs);
}

/** How many requests each worker may have under way. While half open, one more than it has: the probe. */
export function shares({ workers }: OriginState): Record<string, number> {
  return Object.fromEntries(Object.entries(workers).map(([id, { share }]) => [id, share]));
}

/**
 * Gives each worker its fair part of the limit, and never so that all together can exceed it while others still finish what
 * they began, or may still begin what they were told before. What a worker loses it loses at once; what it wins must be free.
 */
function shareOut(state: OriginState, nowMs: number): OriginState {
  const ids = Object.keys(state.workers).toSorted((a, b) => (a < b ? -1 : 1));
  const targets = targetsOf(state, ids, nowMs);
  const workers: OriginState['workers'] = {};
  let free = state.limit;
  for (const [id, worker] of Object.entries(state.workers)) {
    const share = Math.min(worker.share, targets.get(id) ?? 0);
    const stillHeld = nowMs < worker.heldUntilMs ? worker.held : 0;
    const lost = share < worker.share;
    workers[id] = {
      ...worker,
      share,
      held: lost ? Math.max(worker.share, stillHeld) : stillHeld,
      heldUntilMs: lost ? nowMs + BELIEVED_MS : worker.heldUntilMs,
    };
    free -= taken(workers[id]);
  }
  for (const id of ids) {
    const worker = workers[id];
    if (worker === undefined) continue;
    const already = taken(worker);
    const share = Math.max(worker.share, Math.min(targets.get(id) ?? 0, already + Math.max(free, 0)));
    free -= Math.max(0, share - already);
    workers[id] = { ...worker, share };
  }
  return { ...state, workers };
}

/** Places that a worker uses, or may still use before it asks again. */
function taken({ inFlight, share, held }: OriginWorker): number {
  return Math.max(inFlight, share, held);
}

function targetsOf(state: OriginState, ids: readonly string[], nowMs: number): Map<string, number> {
  const { breaker, limit, workers, probe } = state;
  if (breaker === 'open') return new Map();
  if (breaker === 'halfOpen') {
    return new Map(probe === null ? [] : [[probe.workerId, (workers[probe.workerId]?.inFlight ?? 0) + 1]]);
  }
  const active = ids.filter((id) => (workers[id]?.waiting ?? 0) + (workers[id]?.inFlight ?? 0) > 0);
  // While nobody asks, all keep their parts, so that the first request need not wait for a report.
  const wanting = active.length === 0 ? ids : active;
  const whole = Math.floor(limit / wanting.length);
  const turn = Math.floor(nowMs / TURN_MS);
  return new Map(
    wanting.map((id, index) => [
      id,
      whole + ((index + turn) % wanting.length < limit % wanting.length ? 1 : 0),
    ]),
  );
}

function clamp(value: number, { minConcurrent, maxConcurrent }: OriginLimits): number {
  return Math.min(Math.max(value, minConcurrent), maxConcurrent);
}

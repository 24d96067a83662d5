/** This worker's part in the courtesy towards the source's host: asks the governor, and holds requests back. */
import type { OriginReport } from '../workflows/origin-state.ts';
import type { OriginView } from '../workflows/messages.ts';
import type { Pass, RequestGate, RequestOutcome } from '../sources/request-gate.ts';
import { SourceError } from '../sources/source-error.ts';

/** The way to the governor of one host. */
export interface GovernorLink {
  view(): Promise<OriginView>;
  report(report: OriginReport): Promise<void>;
}

export interface OriginGate extends RequestGate {
  /** The governor's view as this worker last saw it; for metrics. */
  lastView(): OriginView | undefined;
  close(): void;
}

/** What the governor said is believed for this long after it was asked, and never past the next report. */
const TRUST_MS = 1_500;
/** Where the answer takes longer than that: at least so long after it came. */
const LATE_TRUST_MS = 100;
/** Reports are sent together, so often under pressure, and seldom when the limit is far. */
const BUSY_REPORT_MS = 500;
const CALM_REPORT_MS = 5_000;
/** How often a request that waits looks again when nothing else wakes it. */
const LOOK_MS = 250;
/** A request does not wait longer than this for a host that rests: its activity comes back later. */
const PATIENCE_MS = 5_000;

export function createOriginGate({
  workerId,
  link,
  now = Date.now,
}: {
  workerId: string;
  link: GovernorLink;
  now?: () => number;
}): OriginGate {
  let view: OriginView | undefined;
  let seenAtMs = -Infinity;
  let looking: Promise<void> | undefined;
  let inFlight = 0;
  let waiting = 0;
  /** Closed here at once, before the governor has heard of it. */
  let closed = false;
  let probed = 0;
  let tally = emptyTally();
  let reporting: Promise<void> = Promise.resolve();
  let reportedAtMs = -Infinity;
  let reports = 0;
  /** The last report told of requests under way or waiting. */
  let saidActive = false;
  const wakeUps = new Set<() => void>();

  const wake = (): void => {
    for (const one of wakeUps) one();
  };

  /** Sends what has been seen since the last report, one report after the other. Nothing begins meanwhile. */
  function report(): Promise<void> {
    reporting = reporting.then(async () => {
      const sent = tally;
      tally = emptyTally();
      reportedAtMs = now();
      saidActive = inFlight + waiting > 0;
      // What it decides by this report counts, not what we knew before.
      seenAtMs = -Infinity;
      reports += 1;
      try {
        await link.report({ workerId, inFlight, waiting, ...sent });
        if (sent.throttled > 0) closed = false;
      } catch {
        tally = addTallies(sent, tally);
      }
    });
    return reporting;
  }

  async function ask(): Promise<void> {
    await reporting;
    const askedAtMs = now();
    const before = reports;
    const answer = await link.view();
    view = answer;
    // A report was sent meanwhile: this may be from before it.
    if (before === reports) seenAtMs = Math.max(askedAtMs, now() - TRUST_MS + LATE_TRUST_MS);
  }

  async function look(): Promise<void> {
    looking ??= (async () => {
      try {
        // The first report makes us known, and starts the governor where there is none.
        if (view === undefined) await report();
        await ask();
        if (view !== undefined && !(workerId in view.shares)) {
          await report();
          await ask();
        }
      } catch {
        // Nobody knows the governor's mind: nothing is sent until it is known again.
      } finally {
        looking = undefined;
        wake();
      }
    })();
    return looking;
  }

  /** @returns the probe's id, 0 for a request like any other, undefined: not now */
  function allowed(): number | undefined {
    if (closed || view === undefined || now() - seenAtMs > TRUST_MS) return undefined;
    const share = view.shares[workerId] ?? 0;
    if (inFlight >= share) return undefined;
    if (view.breaker === 'closed') return 0;
    const { probe } = view;
    if (probe === null || probe.workerId !== workerId || probe.id === probed) return undefined;
    return probe.id;
  }

  function begin(probe: number): Pass {
    inFlight += 1;
    if (probe > 0) probed = probe;
    let left = false;
    return {
      leave(outcome) {
        if (left) return;
        left = true;
        inFlight -= 1;
        tally = addTallies(tally, tallyOf(outcome, probe));
        if (outcome.kind === 'throttled') closed = true;
        if (outcome.kind === 'throttled' || probe > 0) void report().then(wake);
        wake();
      },
    };
  }

  const timer = setInterval(() => {
    // Others may have the places of a worker that has nothing more to do.
    const doneSince = saidActive && inFlight + waiting === 0;
    const pressed = waiting > 0 || tally.throttled + tally.failed > 0 || doneSince;
    const told = tally.good + tally.undecided > 0 || inFlight > 0;
    const dueMs = pressed || inFlight > 1 ? BUSY_REPORT_MS : CALM_REPORT_MS;
    if ((pressed || told) && now() - reportedAtMs >= dueMs) void report();
  }, BUSY_REPORT_MS / 2);
  timer.unref();

  return {
    async enter(signal) {
      const startedMs = now();
      waiting += 1;
      try {
        for (;;) {
          signal.throwIfAborted();
          if (view === undefined || now() - seenAtMs > TRUST_MS) await look();
          const probe = allowed();
          if (probe !== undefined) return begin(probe);
          const restMs = view?.breaker === 'open' ? (view.openUntilMs ?? 0) - now() : 0;
          if (restMs > PATIENCE_MS || (view?.breaker !== 'closed' && now() - startedMs > PATIENCE_MS)) {
            throw new SourceError('throttled', 'the host of the source is left alone for a while', {
              retryAfterMs: PATIENCE_MS,
            });
          }
          await sleepUntilWoken(signal, wakeUps);
        }
      } finally {
        waiting -= 1;
      }
    },
    lastView: () => view,
    close: () => clearInterval(timer),
  };
}

type Tally = Pick<OriginReport, 'good' | 'throttled' | 'undecided' | 'failed' | 'retryAfterMs' | 'probe'>;

const emptyTally = (): Tally => ({ good: 0, throttled: 0, undecided: 0, failed: 0 });

function tallyOf({ kind, retryAfterMs }: RequestOutcome, probe: number): Tally {
  return {
    ...emptyTally(),
    [kind]: 1,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(probe > 0 ? { probe } : {}),
  };
}

function addTallies(one: Tally, other: Tally): Tally {
  const retryAfterMs = Math.max(one.retryAfterMs ?? 0, other.retryAfterMs ?? 0);
  const probe = Math.max(one.probe ?? 0, other.probe ?? 0);
  return {
    good: one.good + other.good,
    throttled: one.throttled + other.throttled,
    undecided: one.undecided + other.undecided,
    failed: one.failed + other.failed,
    ...(retryAfterMs > 0 ? { retryAfterMs } : {}),
    ...(probe > 0 ? { probe } : {}),
  };
}

function sleepUntilWoken(signal: AbortSignal, wakeUps: Set<() => void>): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      wakeUps.delete(done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, LOOK_MS);
    wakeUps.add(done);
    signal.addEventListener('abort', done, { once: true });
  });
}

/** Self-audit: some of the answers that were given are checked in the background against the trips themselves. */
import type { Registry } from 'prom-client';
import { Counter } from 'prom-client';
import type { Logger } from '../config/logging.ts';
import { StaleLiveListError } from './ladder/pages.ts';
import type { Percentile } from './ladder/rank.ts';
import type { Snapshot } from './load-log.ts';
import { formatLocalDateTime } from './percentile/local-date-time.ts';
import type { Span } from './percentile/pickup-range.ts';
import type { Scans } from './scans/scans.ts';

export interface GivenAnswer {
  snapshot: Snapshot;
  span: Span;
  percentile: Percentile;
}

export interface Audit {
  /** Perhaps audits it, later; never throws and never waits. */
  consider(answer: GivenAnswer): void;
  /** Answers that turned out to be wrong since the process began. */
  mismatches(): number;
}

/**
 * @param share of the answers: 0 to 1. Fewer are audited when they come faster than one after the other.
 */
export function createAudit({
  scans,
  share,
  registry,
  logger,
  random = Math.random,
}: {
  scans: Pick<Scans, 'standing'>;
  share: number;
  registry: Registry;
  logger: Logger;
  random?: () => number;
}): Audit {
  const audited = new Counter({
    name: 'tripline_audited_answers_total',
    help: 'Answers that were computed again from the trips: equal, mismatch (must stay 0), or skipped as their loads or the warehouse went away.',
    labelNames: ['outcome'],
    registers: [registry],
  });
  for (const outcome of ['equal', 'mismatch', 'skipped']) audited.inc({ outcome }, 0);
  let busy = false;
  let mismatches = 0;

  async function check({ snapshot, span, percentile }: GivenAnswer): Promise<void> {
    const { value, trips, below, equal } = percentile;
    try {
      const found = await scans.standing(snapshot, span, value ?? 0);
      const isEqual =
        found.trips === trips && (value === null || (found.below === below && found.equal === equal));
      audited.inc({ outcome: isEqual ? 'equal' : 'mismatch' });
      if (isEqual) return;
      mismatches += 1;
      const range = { from: formatLocalDateTime(span.from), to: formatLocalDateTime(span.to) };
      logger.error(
        { range, sequence: snapshot.sequence, given: { value, trips, below, equal }, found },
        'an answer was wrong',
      );
    } catch (error) {
      audited.inc({ outcome: 'skipped' });
      if (!(error instanceof StaleLiveListError))
        logger.warn({ error: String(error) }, 'an answer could not be audited');
    }
  }

  return {
    consider(answer) {
      if (busy || random() >= share) return;
      busy = true;
      void check(answer).finally(() => (busy = false));
    },
    mismatches: () => mismatches,
  };
}

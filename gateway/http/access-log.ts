/** One line for each miss, error and what is not cached; of hits, a sample. */
import type { Logger } from '../../config/logging.ts';
import type { RequestOutcome } from './request-metrics.ts';

export interface Access {
  operation: string;
  cache: RequestOutcome;
  status: number;
  /** Milliseconds. */
  ms: number;
  /** Undefined where the answer has none. */
  dataVersion?: number | undefined;
  /** Of what failed. */
  code?: string | undefined;
}

export interface AccessLog {
  write(access: Access): void;
  /** Asked once for each hit. */
  isHitLogged(): boolean;
}

/** A line for each would halve the rate of cached answers. */
const HITS_PER_LINE = 1_000;

export function createAccessLog({
  logger,
  detail,
}: {
  logger: Logger;
  detail: 'all' | 'sample' | 'off';
}): AccessLog {
  let hits = 0;
  return {
    write({ operation, cache, status, ms, dataVersion, code }) {
      if (detail === 'off') return;
      const rounded = Math.round(ms * 1000) / 1000;
      logger.info({ operation, cache, status, ms: rounded, dataVersion, code }, 'request');
    },
    isHitLogged() {
      if (detail !== 'sample') return detail === 'all';
      hits += 1;
      return hits % HITS_PER_LINE === 1;
    },
  };
}

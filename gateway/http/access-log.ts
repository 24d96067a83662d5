/** One line for each miss, error and what is no query; a sample of hits, and of queries that are never kept, as dashboards ask them all the time. */
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
  /** Is this one of the sample? Asked once for each. */
  isSampled(): boolean;
}

/** A line for each would halve the rate of cached answers. */
const REQUESTS_PER_LINE = 1_000;

export function createAccessLog({
  logger,
  detail,
}: {
  logger: Logger;
  detail: 'all' | 'sample' | 'off';
}): AccessLog {
  let requests = 0;
  return {
    write({ operation, cache, status, ms, dataVersion, code }) {
      if (detail === 'off') return;
      const rounded = Math.round(ms * 1000) / 1000;
      logger.info({ operation, cache, status, ms: rounded, dataVersion, code }, 'request');
    },
    isSampled() {
      if (detail !== 'sample') return detail === 'all';
      requests += 1;
      return requests % REQUESTS_PER_LINE === 1;
    },
  };
}

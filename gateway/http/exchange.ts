/** One request and its answer. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Caller } from '../access/caller.ts';
import type { AccessLog } from './access-log.ts';
import type { Failure, FailureResponse } from './failure.ts';
import type { RequestMetrics, RequestOutcome } from './request-metrics.ts';

export interface Arrived {
  request: IncomingMessage;
  response: ServerResponse;
  /** By `performance.now()`. */
  began: number;
}

export interface Exchange extends Arrived {
  /** When all of it was there, by `performance.now()`: its time is counted from here. */
  readAt: number;
  caller: Caller;
  /** Aborts when the client is gone. */
  gone: () => AbortSignal;
}

/** How an exchange ended, for metrics and the access log. */
export type Conclude = (
  exchange: Arrived,
  ended: {
    operation: string;
    outcome: RequestOutcome;
    status: number;
    dataVersion?: number;
    failure?: Failure;
  },
) => void;

export function createConclude({ metrics, log }: { metrics: RequestMetrics; log: AccessLog }): Conclude {
  return ({ began }, { operation, outcome, status, dataVersion, failure }) => {
    const ms = performance.now() - began;
    metrics.series(operation, outcome, status).count(ms);
    if ((outcome !== 'hit' && outcome !== 'uncached') || log.isSampled())
      log.write({ operation, cache: outcome, status, ms, dataVersion, code: failure?.code });
  };
}

export function sendFailure(response: ServerResponse, { status, headers, body }: FailureResponse): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

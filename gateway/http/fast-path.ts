/** Requests that were answered before are answered from memory, before anything of them is parsed. */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { LRUCache } from 'lru-cache';
import type { Access } from '../access/access.ts';
import type { AnswerCache } from '../cache/answer-cache.ts';
import type { LiveLoads } from '../live-loads.ts';
import type { AccessLog } from './access-log.ts';
import type { AnswerWriter } from './answer-writer.ts';
import type { Negotiation } from './negotiation.ts';
import type { RequestMetrics, RequestSeries } from './request-metrics.ts';

export interface FastPath {
  /**
   * @param raw what tells the request from all others: a GET's target, a POST's method and body
   * @returns whether it is answered; if not, nothing was done
   */
  answer(raw: string, request: IncomingMessage, response: ServerResponse, began: number): boolean;
  /** What this request asks, from now on. */
  remember(raw: string, asked: { key: string; operation: string }): void;
}

interface Remembered {
  key: string;
  operation: string;
  hit: RequestSeries;
  notModified: RequestSeries;
}

const MOST_REQUESTS = 20_000;
/** Of the requests themselves. */
const MOST_CHARACTERS = 16 << 20;

export function createFastPath({
  cache,
  liveLoads,
  writer,
  negotiate,
  access,
  isGuarded,
  byOrigin,
  metrics,
  log,
}: {
  cache: AnswerCache;
  liveLoads: LiveLoads;
  writer: AnswerWriter;
  negotiate: Negotiation;
  access: Access;
  /** Does reading need credentials? */
  isGuarded: boolean;
  /** Do headers of answers depend on the page that asks? */
  byOrigin: boolean;
  metrics: RequestMetrics;
  log: AccessLog;
}): FastPath {
  const remembered = new LRUCache<string, Remembered>({
    max: MOST_REQUESTS,
    maxSize: MOST_CHARACTERS,
    sizeCalculation: (_, raw) => raw.length + 1,
  });
  /** False where that takes longer to find out, or is to be refused: the long way tells why. */
  function mayReadAtOnce({ headers, socket }: IncomingMessage): boolean {
    try {
      const caller = access.callerOf(headers, socket.remoteAddress);
      return !(caller instanceof Promise) && caller.mayRead;
    } catch {
      return false;
    }
  }

  return {
    answer(raw, request, response, began) {
      const asked = remembered.get(raw);
      if (asked === undefined || liveLoads.isBehind()) return false;
      const { headers } = request;
      const form = negotiate(headers);
      if (form === undefined || (byOrigin && headers.origin !== undefined)) return false;
      if ((isGuarded || hasCredentials(headers)) && !mayReadAtOnce(request)) return false;
      const kept = cache.get(asked.key);
      if (kept === undefined) return false;
      const status = writer.write(request, response, kept, form);
      if (status === undefined) return false;
      const ms = performance.now() - began;
      (status === 200 ? asked.hit : asked.notModified).count(ms);
      if (log.isSampled())
        log.write({ operation: asked.operation, cache: 'hit', status, ms, dataVersion: kept.dataVersion });
      return true;
    },
    remember(raw, { key, operation }) {
      if (remembered.has(raw)) return;
      remembered.set(raw, {
        key,
        operation,
        hit: metrics.series(operation, 'hit', 200),
        notModified: metrics.series(operation, 'hit', 304),
      });
    },
  };
}

/** Wrong ones are told, also where none are needed. */
const hasCredentials = (headers: IncomingHttpHeaders): boolean =>
  headers.authorization !== undefined || headers['x-api-key'] !== undefined;

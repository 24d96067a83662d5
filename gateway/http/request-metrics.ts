/** Requests and how long they took, by operation and cache outcome. Counted in plain arrays: prom-client's own histogram costs as much as a cached answer. */
import type { Metric, Registry } from 'prom-client';
import type { CacheOutcome } from '../cache/answer-cache.ts';

/**
 * `uncached`: a query whose answer is not kept; `none`: what is no query; `stream`: a subscription or a download, whose time is all of its reader's;
 * `error`: there was no answer to keep.
 */
export type RequestOutcome = CacheOutcome | 'uncached' | 'none' | 'stream' | 'error';

export interface RequestSeries {
  /** Milliseconds. */
  count(took: number): void;
}

export interface RequestMetrics {
  series(operation: string, outcome: RequestOutcome, status: number): RequestSeries;
}

const NAME = 'tripline_request_duration_seconds';
const HELP =
  'From the request’s arrival to its answer, by operation, HTTP status, and how the cache had part in it.';
/** Seconds: from an answer in memory to the longest that a request may take. */
const BOUNDS = [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** Clients name their operations as they like; beyond so many names that we do not know they are one. */
const MOST_OPERATIONS = 200;

interface Series extends RequestSeries {
  labels: { operation: string; cache: RequestOutcome; status: number };
  buckets: Uint32Array;
  counted: number;
  sum: number;
}

/** @param known operations that have series of their own, however many others there are */
export function createRequestMetrics(
  registry: Registry,
  { known }: { known: readonly string[] },
): RequestMetrics {
  const all = new Map<string, Series>();
  const operations = new Set(known);
  const most = operations.size + MOST_OPERATIONS;

  function create(operation: string, cache: RequestOutcome, status: number): Series {
    const buckets = new Uint32Array(BOUNDS.length);
    return {
      labels: { operation, cache, status },
      buckets,
      counted: 0,
      sum: 0,
      count(took) {
        const seconds = took / 1000;
        this.counted += 1;
        this.sum += seconds;
        for (let at = 0; at < BOUNDS.length; at += 1)
          if (seconds <= (BOUNDS[at] ?? 0)) {
            buckets[at] = (buckets[at] ?? 0) + 1;
            return;
          }
      },
    };
  }

  const values = () =>
    [...all.values()].flatMap(({ labels, buckets, counted, sum }) => {
      let below = 0;
      return [
        ...BOUNDS.map((le, at) => {
          below += buckets[at] ?? 0;
          return { metricName: `${NAME}_bucket`, labels: { ...labels, le }, value: below };
        }),
        { metricName: `${NAME}_bucket`, labels: { ...labels, le: '+Inf' }, value: counted },
        { metricName: `${NAME}_sum`, labels, value: sum },
        { metricName: `${NAME}_count`, labels, value: counted },
      ];
    });
  // What a registry asks of a metric; its type demands a class of prom-client's own.
  registry.registerMetric({
    name: NAME,
    help: HELP,
    type: 'histogram',
    get: () => ({ name: NAME, help: HELP, type: 'histogram', values: values() }),
    reset: () => all.clear(),
  } as unknown as Metric);

  return {
    series(name, outcome, status) {
      const operation = operations.has(name) || operations.size < most ? name : 'other';
      operations.add(operation);
      const key = `${operation} ${outcome} ${status}`;
      let series = all.get(key);
      if (series === undefined) all.set(key, (series = create(operation, outcome, status)));
      return series;
    },
  };
}

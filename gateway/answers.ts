/** Percentiles as clients get them: from the cache by data version, computed once for all who ask at the same time. */
import type { Logger } from '../config/logging.ts';
import { isEngineTrouble } from '../warehouse/engine-trouble.ts';
import { ClickHouseError, type Warehouse } from '../warehouse/warehouse.ts';
import { serviceUnavailable } from './errors.ts';
import type { AnswerCache } from './answer-cache.ts';
import type { LiveLoads } from './live-loads.ts';
import type { Snapshot } from './load-log.ts';
import {
  computePercentile,
  StaleLiveListError,
  type PercentileCounts,
  type PercentileQuestion,
} from './percentile/percentile.ts';

export interface PercentileAnswer extends PercentileCounts {
  p: number;
  /** Sequence of the last publication that touched the days of the range; 0 when none did. */
  dataVersion: number;
  /** Of all published files, in ClickHouse's notation. */
  dataThrough: string | null;
  exact: true;
}

const DEADLINE_MS = 30_000;
/** How often an answer is begun anew because the live list had grown old under it. */
const ATTEMPTS = 3;

export function createAnswers({
  warehouse,
  liveLoads,
  cache,
  logger,
}: {
  warehouse: Warehouse;
  liveLoads: LiveLoads;
  cache: AnswerCache;
  logger: Logger;
}) {
  const underWay = new Map<string, Promise<PercentileCounts>>();

  async function counts(
    snapshot: Snapshot,
    question: PercentileQuestion,
    key: string,
  ): Promise<PercentileCounts> {
    const cached = await cache.get(key);
    if (cached !== undefined) return cached;
    const computed = await computePercentile({ warehouse, snapshot, question, deadlineMs: DEADLINE_MS });
    await cache.set(key, computed);
    return computed;
  }

  async function answer(question: PercentileQuestion, attempt = 1): Promise<PercentileAnswer> {
    const snapshot = liveLoads.current() ?? (await liveLoads.refresh());
    const version = snapshot.versionOf(question.span);
    const { dataThrough } = snapshot;
    const base = {
      p: question.level.p,
      dataVersion: version?.sequence ?? 0,
      dataThrough,
      exact: true,
    } as const;
    if (version === undefined) return { ...base, value: null, trips: 0, tripsOver: 0 };
    const { level, span, interpolate } = question;
    // A load id is unique everywhere, a sequence only within one warehouse: another one may share the Redis.
    const key = `${version.loadId}:${version.sequence}:${span.from}:${span.to}:${level.p}:${interpolate}`;
    let shared = underWay.get(key);
    if (shared === undefined) {
      shared = counts(snapshot, question, key).finally(() => underWay.delete(key));
      underWay.set(key, shared);
    }
    try {
      return { ...base, ...(await shared) };
    } catch (error) {
      if (!(error instanceof StaleLiveListError) || attempt === ATTEMPTS) throw error;
      logger.warn({ error: error.message, sequence: snapshot.sequence }, 'refreshing the live list');
      await liveLoads.refresh();
      return answer(question, attempt + 1);
    }
  }

  return {
    /** @throws GraphQLError SERVICE_UNAVAILABLE while the warehouse is away and the answer is not cached */
    async percentile(question: PercentileQuestion): Promise<PercentileAnswer> {
      try {
        return await answer(question);
      } catch (error) {
        logger.error({ error: String(error) }, 'a percentile could not be computed');
        if (error instanceof ClickHouseError && !isEngineTrouble(error)) throw error;
        throw serviceUnavailable('The warehouse does not answer right now. Ask again in a moment.');
      }
    },
  };
}

export type Answers = ReturnType<typeof createAnswers>;

/** What clients can subscribe to. Readers of the same thing share what it costs; an idle one costs its connection alone. */
import { Gauge, type Registry } from 'prom-client';
import type { Logger } from '../../config/logging.ts';
import type { Caller } from '../access/caller.ts';
import type { Answers, PercentileAnswer } from '../answers.ts';
import { askingFor } from '../asking.ts';
import { overloaded, serviceUnavailable } from '../errors.ts';
import { parseLevel } from '../ladder/level.ts';
import type { LiveLoads } from '../live-loads.ts';
import type { IngestionState } from './look-at-ingestion.ts';
import { createProgressWatch } from './progress-watch.ts';
import { createRangeWatch, type WatchedQuestion } from './range-watch.ts';

/** Both throw GraphQLError: OVERLOADED beyond the most, SERVICE_UNAVAILABLE after `close`. */
export interface Live {
  /** @param since the data version that the reader knows of; by default the one at the first read */
  p90Changed(question: WatchedQuestion, since?: number): AsyncIterableIterator<PercentileAnswer>;
  ingestionProgress(): AsyncIterableIterator<IngestionState>;
  /** Ends every stream, and takes no new ones. */
  close(): void;
}

/** Each is a connection: 70 KB, of which 45 KB in the heap. */
const MOST_SUBSCRIPTIONS = 10_000;
const LOOK_EVERY_MS = 1_000;
const P90 = parseLevel(0.9);
/** Their answers are computed for all who wait for them. */
const SUBSCRIBERS: Caller = { name: 'subscribers', isKnown: true, mayRead: true, isOperator: false };

export function createLive({
  answers,
  liveLoads,
  lookAtIngestion,
  requestTimeoutMs,
  mostSubscriptions = MOST_SUBSCRIPTIONS,
  registry,
  logger,
}: {
  answers: Pick<Answers, 'percentiles'>;
  liveLoads: Pick<LiveLoads, 'current' | 'onSnapshot'>;
  lookAtIngestion: () => Promise<IngestionState>;
  /** For each computation of an answer. */
  requestTimeoutMs: number;
  mostSubscriptions?: number;
  registry: Registry;
  logger: Logger;
}): Live {
  const ranges = createRangeWatch<PercentileAnswer>({
    current: () => liveLoads.current(),
    async compute({ span, interpolate }, gone) {
      const question = { span, levels: [P90], interpolate };
      const [answer] = await answers.percentiles(
        question,
        askingFor(() => gone, { requestTimeoutMs, caller: SUBSCRIBERS }),
      );
      if (answer === undefined) throw new Error('one level was asked for');
      return answer;
    },
    logger,
  });
  const progress = createProgressWatch({ look: lookAtIngestion, everyMs: LOOK_EVERY_MS, logger });
  liveLoads.onSnapshot((snapshot) => ranges.published(snapshot));

  let closed = false;
  const open = () => ({ p90Changed: ranges.size().readers, ingestionProgress: progress.size() });
  function admit(): void {
    if (closed) throw serviceUnavailable('This gateway is about to stop: subscribe again in a moment.');
    const { p90Changed, ingestionProgress } = open();
    const subscriptions = p90Changed + ingestionProgress;
    if (subscriptions >= mostSubscriptions)
      throw overloaded(
        `There are ${subscriptions} subscriptions, and this gateway takes ${mostSubscriptions}.`,
        { retryAfterSeconds: 10 },
      );
  }

  registry.registerMetric(
    new Gauge({
      name: 'tripline_subscriptions',
      help: 'GraphQL subscriptions that are open.',
      labelNames: ['field'],
      registers: [],
      collect() {
        for (const [field, count] of Object.entries(open())) this.set({ field }, count);
      },
    }),
  );
  return {
    p90Changed(question, since) {
      admit();
      return ranges.watch(question, since);
    },
    ingestionProgress() {
      admit();
      return progress.watch();
    },
    close() {
      closed = true;
      ranges.close();
      progress.close();
    },
  };
}

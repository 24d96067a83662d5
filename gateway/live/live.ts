/** What clients can subscribe to. Readers of the same thing share what it costs; an idle one costs its connection alone. */
import type { GraphQLError } from 'graphql';
import { Gauge, type Registry } from 'prom-client';
import type { Logger } from '../../config/logging.ts';
import type { Caller } from '../access/caller.ts';
import type { Answers, PercentileAnswer } from '../answers.ts';
import { askingFor } from '../asking.ts';
import { overloaded, serviceUnavailable } from '../errors.ts';
import { parseLevel } from '../ladder/level.ts';
import { createHolders } from '../limits/holders.ts';
import { HTTP_LIMITS } from '../limits/http-limits.ts';
import type { LiveLoads } from '../live-loads.ts';
import type { IngestionState } from './look-at-ingestion.ts';
import { createProgressWatch } from './progress-watch.ts';
import { createRangeWatch, type WatchedQuestion } from './range-watch.ts';
import { asSubscription } from './subscription.ts';

/** The last that it gives may be an error: UNAUTHENTICATED, when its caller's credentials have expired. */
type Subscription<Value> = AsyncIterableIterator<Value | GraphQLError>;
type Subscriber = Pick<Caller, 'name' | 'expiresAtMs'>;

/** Both throw GraphQLError: OVERLOADED beyond the most, of all and of one client; SERVICE_UNAVAILABLE after `close`. */
export interface Live {
  /** @param since the data version that the reader knows of; by default the one at the first read */
  p90Changed(
    subscriber: Subscriber,
    question: WatchedQuestion,
    since?: number,
  ): Subscription<PercentileAnswer>;
  ingestionProgress(subscriber: Subscriber): Subscription<IngestionState>;
  /** Subscriptions that are open. */
  size(): number;
  /** Ends every stream, and takes no new ones. */
  close(): void;
}

/** Each is a connection: 70 KB, of which 45 KB in the heap. Fewer than all connections, so that who is refused is told why. One client may hold half. */
const MOST_SUBSCRIPTIONS = HTTP_LIMITS.connections * 0.9;
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
  const held = createHolders();
  const mostOfOne = Math.ceil(mostSubscriptions / 2);
  function tooMany(client: string): string | undefined {
    if (held.all() >= mostSubscriptions)
      return `There are ${held.all()} subscriptions, and this gateway takes ${mostSubscriptions}.`;
    if (held.of(client) >= mostOfOne)
      return `You have ${held.of(client)} subscriptions, and this gateway takes ${mostOfOne} of one client.`;
    return undefined;
  }
  function admit<Value>(
    { name, expiresAtMs }: Subscriber,
    watch: () => AsyncIterableIterator<Value>,
  ): Subscription<Value> {
    if (closed) throw serviceUnavailable('This gateway is about to stop: subscribe again in a moment.');
    const refusal = tooMany(name);
    if (refusal !== undefined) throw overloaded(refusal, { retryAfterSeconds: 10 });
    return asSubscription(watch(), { enter: () => held.enter(name), expiresAtMs });
  }

  registry.registerMetric(
    new Gauge({
      name: 'tripline_subscriptions',
      help: 'GraphQL subscriptions that are open.',
      labelNames: ['field'],
      registers: [],
      collect() {
        this.set({ field: 'p90Changed' }, ranges.size().readers);
        this.set({ field: 'ingestionProgress' }, progress.size());
      },
    }),
  );
  return {
    p90Changed: (subscriber, question, since) => admit(subscriber, () => ranges.watch(question, since)),
    ingestionProgress: (subscriber) => admit(subscriber, () => progress.watch()),
    size: held.all,
    close() {
      closed = true;
      ranges.close();
      progress.close();
    },
  };
}

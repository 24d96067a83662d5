/** Percentiles and what dashboards make of them, each from one set of live loads. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { GraphQLError } from 'graphql';
import type { Logger } from '../config/logging.ts';
import type { Audit } from './audit.ts';
import type { Reads } from './cache/reads.ts';
import { badUserInput, gone, overloaded } from './errors.ts';
import type { Ladder, Plan, RangeHistograms } from './ladder/ladder.ts';
import type { Level } from './ladder/level.ts';
import { TooManyPagesError } from './ladder/missed-pages.ts';
import { StaleLiveListError } from './ladder/pages.ts';
import { whenAll, whenThere, type Soon } from './ladder/soon.ts';
import { countBelow, countTrips, percentileOf, type Percentile } from './ladder/rank.ts';
import type { Admission, RequestCost } from './limits/admission.ts';
import type { LiveLoads } from './live-loads.ts';
import type { Snapshot } from './load-log.ts';
import { orAbort } from './or-abort.ts';
import { closeRange, type Span } from './percentile/pickup-range.ts';
import type { Patience, Scans } from './scans/scans.ts';
import { DIMENSION_KEYS, type Dimension } from './scans/dimensions.ts';
import type { TripCondition } from './scans/trip-filter.ts';
import type { TripOrder, TripPlace, TripRow } from './scans/trips-over-sql.ts';
import { bucketsOf, monthOf, publicationOf, type Bucket } from './series.ts';
import { warehouseTrouble } from './warehouse-trouble.ts';

/** What is asked of every question: the range, and the data version when it is not the newest. */
export interface RangeQuestion {
  span: Span;
  asOf?: number | undefined;
}

export interface PercentileQuestion extends RangeQuestion {
  levels: readonly Level[];
  interpolate: boolean;
  filter?: TripCondition | undefined;
}

/** What an answer tells of the source, as it is now: the same with `asOf` (docs/decisions/0021). */
interface OfNow {
  /** Of all published files, in ClickHouse's notation. */
  dataThrough: string | null;
  /** Nothing is published yet. */
  loading: boolean;
}

export interface PercentileAnswer extends Percentile, OfNow {
  p: number;
  /** Sequence of the last publication that touched the days of the range; 0 when none did. */
  dataVersion: number;
  plan: Plan & { milliseconds: number };
}

export interface Point extends Bucket, Percentile {
  complete: boolean;
  /** One of its months has a file; if not, all trips are strays. */
  published: boolean;
  /** Rows of its months' files that are no trips. */
  rejected: number;
}

/** The snapshot that one request keeps to. */
export interface Pin {
  snapshot?: Snapshot | undefined;
}

export interface Asking {
  pin: Pin;
  /** What its answers hang on; those as of an earlier data version hang on nothing. */
  reads: Reads;
  cost: RequestCost;
  /** How long it may take from now on. */
  patience: () => Patience;
}

/** How often an answer is begun anew because the live list had grown old under it. */
const ATTEMPTS = 3;
/** Points that are asked for at once, so that what is missed of them is few statements and other requests get their turn. */
const POINTS_AT_ONCE = 100;

export function createAnswers({
  liveLoads,
  ladder,
  scans,
  admission,
  audit,
  requestTimeoutMs,
  logger,
}: {
  liveLoads: LiveLoads;
  ladder: Ladder;
  scans: Scans;
  admission: Admission;
  audit: Audit;
  /** For messages: each request brings its own patience. */
  requestTimeoutMs: number;
  logger: Logger;
}) {
  function snapshotFor(asOf: number | undefined, pin: Pin): Soon<Snapshot> {
    if (asOf !== undefined) return liveLoads.at(asOf) ?? snapshotOrNone(asOf);
    pin.snapshot ??= liveLoads.current();
    return pin.snapshot ?? liveLoads.refresh().then((newest) => (pin.snapshot ??= newest));
  }

  async function snapshotOrNone(asOf: number): Promise<Snapshot> {
    const newest = await liveLoads.refresh();
    const found = liveLoads.at(asOf);
    if (found === undefined)
      throw badUserInput(`asOf is ${asOf}, and the newest data version is ${newest.sequence}`);
    return found;
  }

  /** Computes from one snapshot, anew from a newer one when its loads are gone. */
  async function answer<Answer>(
    asOf: number | undefined,
    { pin, patience }: Asking,
    compute: (snapshot: Snapshot) => Soon<Answer>,
  ): Promise<Answer> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const snapshot = await orAbort(snapshotFor(asOf, pin), patience);
        return await orAbort(compute(snapshot), patience);
      } catch (error) {
        if (error instanceof StaleLiveListError && asOf === undefined && attempt < ATTEMPTS) {
          logger.warn({ error: error.message }, 'refreshing the live list');
          pin.snapshot = await liveLoads.refresh().catch(() => undefined);
          continue;
        }
        throw explained(error, asOf, patience);
      }
    }
  }

  function explained(error: unknown, asOf: number | undefined, patience: Asking['patience']): unknown {
    if (error instanceof GraphQLError) return error;
    if (error instanceof StaleLiveListError && asOf !== undefined)
      return gone(`Data version ${asOf} is not kept any more for this range. Ask without asOf.`);
    if (error instanceof TooManyPagesError)
      return overloaded(
        `${error.waiting} pages of histograms or trips that you asked for wait for ClickHouse already, and so many may.`,
        { retryAfterSeconds: 1 },
      );
    const isOver = patience().signal.aborted;
    const told = warehouseTrouble(error, { isOver, requestTimeoutMs, advice: 'ask about a shorter range' });
    // What the client is told is enough, unless it is our mistake: the live list says once that the warehouse is away.
    if (told instanceof GraphQLError)
      logger.debug({ error: String(error) }, 'a question could not be answered');
    else logger.error({ error: String(error) }, 'a question could not be answered');
    return told;
  }

  /** @param snapshot that is answered from */
  function ofNow(snapshot: Snapshot, asOf: number | undefined, pin: Pin): OfNow {
    if (asOf !== undefined) pin.snapshot ??= liveLoads.current();
    const newest = asOf === undefined ? snapshot : (pin.snapshot ?? snapshot);
    return { dataThrough: newest.dataThrough, loading: newest.sequence === 0 };
  }

  /** @param began `performance.now()` when the question was taken up */
  function percentilesOf(
    snapshot: Snapshot,
    { span, levels, interpolate, asOf }: PercentileQuestion,
    found: RangeHistograms,
    { pin, began }: { pin: Pin; began: number },
  ): PercentileAnswer[] {
    const percentiles = levels.map((level) => ({
      p: level.p,
      ...percentileOf(found.union, level, interpolate),
    }));
    const plan = { ...found.plan, milliseconds: performance.now() - began };
    const version = { dataVersion: snapshot.versionOf(span), ...ofNow(snapshot, asOf, pin) };
    return percentiles.map((percentile) => ({ ...percentile, ...version, plan }));
  }

  function union(
    snapshot: Snapshot,
    { span, filter }: PercentileQuestion,
    asking: Asking,
  ): Soon<RangeHistograms> {
    if (filter === undefined) return ladder.histograms(snapshot, span, asking);
    const tripsRead = snapshot.tripsAround(span);
    const filtered = inTurn(asking, tripsRead, (patience) =>
      scans.filtered(snapshot, span, filter, patience),
    );
    return whenThere(filtered, (histogram) => ({
      union: [histogram],
      plan: { ...NO_PLAN, tripsRead, statements: 2 },
    }));
  }

  /** @param rows of trips or histograms that it would read */
  function inTurn<Value>(
    asking: Asking,
    rows: number,
    scan: (patience: Patience) => Promise<Value>,
  ): Promise<Value> {
    const patience = asking.patience();
    return admission.scan(asking.cost, { rows, patience }, () => scan(patience));
  }

  return {
    /** One answer per level. @throws GraphQLError */
    percentiles: (question: PercentileQuestion, asking: Asking): Promise<PercentileAnswer[]> =>
      answer(question.asOf, asking, (snapshot) => {
        const began = performance.now();
        return whenThere(union(snapshot, question, asking), (found) => {
          const percentiles = percentilesOf(snapshot, question, found, { pin: asking.pin, began });
          const [first] = percentiles;
          if (first !== undefined && question.filter === undefined)
            audit.consider({ snapshot, span: question.span, percentile: first });
          if (question.asOf === undefined) asking.reads.span(snapshot, question.span);
          return percentiles;
        });
      }),

    /** @throws GraphQLError */
    series: (
      { range, bucket, level, interpolate, asOf }: SeriesQuestion,
      asking: Asking,
    ): Promise<{ points: Point[]; dataVersion: number; loading: boolean }> => {
      /** When it is begun anew, only what there is more of. */
      let charged = 0;
      return answer(asOf, asking, async (snapshot) => {
        const { span, buckets } = bucketsOf(snapshot, range, bucket);
        if (asOf === undefined) {
          const asked = closeRange(range);
          asking.reads.span(snapshot, asked);
          asking.reads.publishedMonths(snapshot, {
            first: monthOf(asked.from),
            last: monthOf(asked.to - 1n),
          });
        }
        const { loading } = ofNow(snapshot, asOf, asking.pin);
        if (span === undefined) return { points: [], dataVersion: 0, loading };
        admission.points(asking.cost, buckets.length - charged);
        charged = buckets.length;
        const isPublished = publicationOf(snapshot);
        const points: Point[] = [];
        for (let first = 0; first < buckets.length; first += POINTS_AT_ONCE) {
          if (first > 0) await nextTurn(undefined, { signal: asking.patience().signal });
          const those = buckets.slice(first, first + POINTS_AT_ONCE);
          const found = those.map((each) =>
            whenThere(ladder.histograms(snapshot, each.span, asking), ({ union: histograms }) => {
              const { from, to } = each.span;
              const complete = each.isWhole && isPublished(each.span);
              const [firstMonth, lastMonth] = [monthOf(from), monthOf(to - 1n)];
              const published = snapshot.publishedMonthsWithin(firstMonth, lastMonth) > 0;
              const rejected = snapshot.rejectedWithin(firstMonth, lastMonth);
              const percentile = percentileOf(histograms, level, interpolate);
              return { ...each, ...percentile, complete, published, rejected };
            }),
          );
          points.push(...(await whenAll(found)));
        }
        return { points, dataVersion: snapshot.versionOf(span), loading };
      });
    },

    /** @throws GraphQLError */
    by: (
      { span, dimension, level, interpolate, asOf }: BreakdownQuestion,
      asking: Asking,
    ): Promise<{ groups: (Percentile & { key: number })[]; dataVersion: number; loading: boolean }> =>
      answer(asOf, asking, async (snapshot) => {
        const rows = scans.rowsGrouped(snapshot, span, dimension);
        const found = await inTurn(asking, rows, (patience) =>
          scans.grouped(snapshot, span, dimension, patience),
        );
        const groups = DIMENSION_KEYS[dimension].map((key) => {
          const histogram = found.get(key);
          return { key, ...percentileOf(histogram === undefined ? [] : [histogram], level, interpolate) };
        });
        if (asOf === undefined) asking.reads.span(snapshot, span);
        const { loading } = ofNow(snapshot, asOf, asking.pin);
        return { groups, dataVersion: snapshot.versionOf(span), loading };
      }),

    /** @param edges miles, ascending; there is one bin more than edges. @throws GraphQLError */
    distribution: (
      { span, asOf, edges }: RangeQuestion & { edges: readonly number[] },
      asking: Asking,
    ): Promise<{ bins: Bin[]; trips: number; dataVersion: number; loading: boolean }> =>
      answer(asOf, asking, async (snapshot) => {
        const { union: histograms } = await ladder.histograms(snapshot, span, asking);
        if (asOf === undefined) asking.reads.span(snapshot, span);
        const trips = countTrips(histograms);
        const below = [0, ...edges.map((edge) => countBelow(histograms, edge)), trips];
        const bins = below.slice(1).map((count, index) => ({
          from: edges[index - 1] ?? null,
          to: edges[index] ?? null,
          trips: count - (below[index] ?? 0),
        }));
        const { loading } = ofNow(snapshot, asOf, asking.pin);
        return { bins, trips, dataVersion: snapshot.versionOf(span), loading };
      }),

    /** A page of the trips over a percentile. @throws GraphQLError */
    tripsOver: async (question: TripsOverQuestion, asking: Asking): Promise<TripsOverAnswer> => {
      // The last one only tells whether there is a next page.
      admission.nodes(asking.cost, question.limit - 1);
      return answer(question.asOf, asking, async (snapshot) => {
        const { span, level, order, after, limit } = question;
        const began = performance.now();
        const found = await ladder.histograms(snapshot, span, asking);
        const levels = [level];
        const { asOf } = question;
        const [percentile] = percentilesOf(snapshot, { span, levels, interpolate: false, asOf }, found, {
          pin: asking.pin,
          began,
        });
        if (percentile === undefined) throw new Error('one level was asked for');
        if (asOf === undefined) asking.reads.span(snapshot, span);
        const filenames = new Map(
          snapshot.loadsAround(span).map(({ loadId, filename }) => [loadId, filename]),
        );
        if (percentile.value === null || percentile.above === 0)
          return { percentile, rows: [], sequence: snapshot.sequence, filenames };
        const page = { above: percentile.value, order, after, limit };
        const rows = await inTurn(asking, snapshot.tripsAround(span), (patience) =>
          scans.tripsOver(snapshot, span, page, patience),
        );
        return { percentile, rows, sequence: snapshot.sequence, filenames };
      });
    },

    /**
     * All trips over a percentile as a stream of bytes.
     * @param asking until the first byte
     * @param gone aborts when nobody reads the stream any more
     * @throws GraphQLError
     */
    downloadTripsOver: (
      { span, level, format, asOf }: RangeQuestion & { level: Level; format: string },
      asking: Asking,
      gone: AbortSignal,
    ) =>
      answer(asOf, asking, async (snapshot) => {
        const { union: histograms } = await ladder.histograms(snapshot, span, asking);
        const { value, above } = percentileOf(histograms, level, false);
        const stream = await admission.download(asking.cost, { rows: snapshot.tripsAround(span) }, () =>
          scans.download(
            snapshot,
            span,
            { above: value ?? Infinity, format },
            { patience: asking.patience(), gone },
          ),
        );
        const { loading } = ofNow(snapshot, asOf, asking.pin);
        return { stream, trips: above, dataVersion: snapshot.versionOf(span), loading };
      }),
  };
}

export type Answers = ReturnType<typeof createAnswers>;

export interface SeriesQuestion {
  range: { from?: bigint | undefined; to?: bigint | undefined };
  bucket: Bucket['unit'];
  level: Level;
  interpolate: boolean;
  asOf?: number | undefined;
}

export interface BreakdownQuestion extends RangeQuestion {
  dimension: Dimension;
  level: Level;
  interpolate: boolean;
}

export interface TripsOverQuestion extends RangeQuestion {
  level: Level;
  order: TripOrder;
  after: TripPlace | undefined;
  limit: number;
}

export interface TripsOverAnswer {
  percentile: PercentileAnswer;
  rows: TripRow[];
  /** Of the snapshot: the next page is of the same. */
  sequence: number;
  /** By load id. */
  filenames: ReadonlyMap<string, string>;
}

export interface Bin {
  /** Miles; null: open. */
  from: number | null;
  to: number | null;
  trips: number;
}

const NO_PLAN = { years: 0, months: 0, days: 0, hours: 0, pagesHit: 0, pagesMissed: 0 };

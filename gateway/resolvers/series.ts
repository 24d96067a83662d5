import type { Point } from '../answers.ts';
import type { GatewayContext } from '../context.ts';
import { badUserInput } from '../errors.ts';
import type { Percentile } from '../ladder/rank.ts';
import { askLevel } from '../questions.ts';
import type { Dimension } from '../scans/dimensions.ts';
import { loadingOf, pickupOf, rangeOf, type RangeArguments } from './percentile.ts';

interface LevelArguments extends RangeArguments {
  p?: number | null;
  interpolate?: boolean | null;
}

const MOST_EDGES = 1_000;

const levelOf = ({ p, interpolate }: LevelArguments) => ({
  level: askLevel(p ?? 0.9),
  interpolate: interpolate ?? false,
});

export const seriesResolvers = {
  Query: {
    p90Series(_: unknown, args: LevelArguments & { bucket: Point['unit'] }, context: GatewayContext) {
      const { asOf } = rangeOf(args);
      const question = { range: pickupOf(args), bucket: args.bucket, asOf, ...levelOf(args) };
      return context.answers.series(question, context);
    },
    p90By(_: unknown, args: LevelArguments & { dimension: Dimension }, context: GatewayContext) {
      const { dimension } = args;
      return context.answers.by({ ...rangeOf(args), dimension, ...levelOf(args) }, context);
    },
    distribution(_: unknown, args: RangeArguments & { bins: readonly number[] }, context: GatewayContext) {
      const { bins: edges } = args;
      if (edges.length === 0 || edges.length > MOST_EDGES)
        throw badUserInput(`bins has ${edges.length} edges: give 1 to ${MOST_EDGES}, as in [0, 1, 2.5, 10]`);
      if (!edges.every(Number.isFinite)) throw badUserInput('bins must be numbers that a double holds');
      if (edges.some((edge, index) => edge <= (edges[index - 1] ?? -Infinity)))
        throw badUserInput('bins must be ascending and all different, as in [0, 1, 2.5, 10]');
      return context.answers.distribution({ ...rangeOf(args), edges }, context);
    },
  },
  Series: { loading: loadingOf },
  Breakdown: { loading: loadingOf },
  Distribution: { loading: loadingOf },
  SeriesPoint: {
    from: ({ span }: Point): bigint => span.from,
    to: ({ span }: Point): bigint => span.to,
    tripsOver: ({ above }: Percentile): number => above,
  },
  BreakdownGroup: { tripsOver: ({ above }: Percentile): number => above },
};

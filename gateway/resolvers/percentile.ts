import type { PercentileAnswer, PercentileQuestion } from '../answers.ts';
import type { GatewayContext } from '../context.ts';
import { badUserInput } from '../errors.ts';
import { parseLocalDateTime } from '../percentile/local-date-time.ts';
import type { PickupRange } from '../percentile/pickup-range.ts';
import { askLevel, askSpan } from '../questions.ts';
import { filterCondition, type TripCondition, type TripFilter } from '../scans/trip-filter.ts';

export interface RangeArguments {
  pickup?: { from?: bigint | null; to?: bigint | null } | null;
  asOf?: number | null;
}

interface PercentileArguments extends RangeArguments {
  interpolate?: boolean | null;
  filter?: TripFilter | null;
}

const MOST_LEVELS = 100;

export const pickupOf = ({ pickup }: RangeArguments): PickupRange => ({
  from: pickup?.from ?? undefined,
  to: pickup?.to ?? undefined,
});

/** The range and the data version of a question. */
export const rangeOf = (args: RangeArguments) => ({
  span: askSpan(pickupOf(args)),
  asOf: args.asOf ?? undefined,
});

/** Nothing filtered is nothing to scan. */
function conditionOf(filter: TripFilter | null | undefined): TripCondition | undefined {
  const params = {};
  const sql = filterCondition(filter ?? {}, params);
  return sql === undefined ? undefined : { sql, params };
}

function ask(args: PercentileArguments, levels: readonly number[]): PercentileQuestion {
  return {
    ...rangeOf(args),
    levels: levels.map(askLevel),
    interpolate: args.interpolate ?? false,
    filter: conditionOf(args.filter),
  };
}

function percentile(
  _: unknown,
  args: PercentileArguments & { p?: number },
  context: GatewayContext,
): Promise<PercentileAnswer> {
  return context.loaders.percentile.load(ask(args, [args.p ?? 0.9]));
}

function percentiles(
  _: unknown,
  args: PercentileArguments & { at: readonly number[] },
  context: GatewayContext,
): Promise<PercentileAnswer[]> {
  if (args.at.length === 0 || args.at.length > MOST_LEVELS)
    throw badUserInput(
      `at has ${args.at.length} levels: ask for 1 to ${MOST_LEVELS}, as in [0.5, 0.9, 0.99]`,
    );
  return context.answers.percentiles(ask(args, args.at), context);
}

/** Of any answer. */
export function loadingOf({ loading }: { loading: boolean }, _: unknown, { reads }: GatewayContext): boolean {
  reads.loading(loading);
  return loading;
}

export const percentileResolvers = {
  Query: { p90: percentile, percentile, percentiles },
  Percentile: {
    tripsOver: ({ above }: PercentileAnswer): number => above,
    exact: (): true => true,
    dataThrough({ dataThrough }: PercentileAnswer, _: unknown, { reads }: GatewayContext): bigint | null {
      reads.dataThrough(dataThrough);
      return warehouseMicros(dataThrough);
    },
    loading: loadingOf,
    certificate: (answer: PercentileAnswer) => (answer.trips === 0 ? null : answer),
    explain: ({ plan }: PercentileAnswer) => ({ ...plan, buckets: plan }),
  },
};

/** Microseconds since 1970 of ClickHouse's notation. */
export function warehouseMicros(moment: string | null): bigint | null {
  return moment === null ? null : parseLocalDateTime(moment.replace(' ', 'T'));
}

import type { PercentileAnswer } from '../answers.ts';
import type { GatewayContext } from '../context.ts';
import { parseLocalDateTime } from '../percentile/local-date-time.ts';
import type { PickupRange } from '../percentile/pickup-range.ts';
import { askPercentile } from '../questions.ts';

interface PercentileArguments {
  p?: number;
  pickup?: { from?: bigint | null; to?: bigint | null } | null;
  interpolate?: boolean | null;
}

function percentile(
  _: unknown,
  args: PercentileArguments,
  context: GatewayContext,
): Promise<PercentileAnswer> {
  const pickup: PickupRange = { from: args.pickup?.from ?? undefined, to: args.pickup?.to ?? undefined };
  const question = askPercentile({ p: args.p ?? 0.9, pickup, interpolate: args.interpolate ?? false });
  return context.loaders.percentile.load(question);
}

export const percentileResolvers = {
  Query: { p90: percentile, percentile },
  Percentile: {
    dataThrough: ({ dataThrough }: PercentileAnswer): bigint | null => warehouseMicros(dataThrough),
  },
};

/** Microseconds since 1970 of ClickHouse's notation. */
export function warehouseMicros(moment: string | null): bigint | null {
  return moment === null ? null : parseLocalDateTime(moment.replace(' ', 'T'));
}

import type { GraphQLError } from 'graphql';
import type { PercentileAnswer } from '../answers.ts';
import type { GatewayContext } from '../context.ts';
import type { IngestionState } from '../live/look-at-ingestion.ts';
import { askSpan } from '../questions.ts';
import { pickupOf, type RangeArguments } from './percentile.ts';

interface P90ChangedArguments extends Pick<RangeArguments, 'pickup'> {
  interpolate?: boolean | null;
  since?: number | null;
}

/** What a stream gives is the field's value, or the error in its place. */
const asItIs = <Value>(value: Value): Value => value;

export const liveResolvers = {
  Subscription: {
    ingestionProgress: {
      subscribe: (
        _: unknown,
        __: unknown,
        { live, caller }: GatewayContext,
      ): AsyncIterable<IngestionState | GraphQLError> => live.ingestionProgress(caller),
      resolve: asItIs,
    },
    p90Changed: {
      subscribe: (
        _: unknown,
        args: P90ChangedArguments,
        { live, caller }: GatewayContext,
      ): AsyncIterable<PercentileAnswer | GraphQLError> =>
        live.p90Changed(
          caller,
          { span: askSpan(pickupOf(args)), interpolate: args.interpolate ?? false },
          args.since ?? undefined,
        ),
      resolve: asItIs,
    },
  },
};

/** Mutations: each needs the operator token. */
import { randomUUID } from 'node:crypto';
import { mistakeInBackfill } from '../../workflows/backfill-request.ts';
import type { GatewayContext } from '../context.ts';
import { badUserInput, unauthenticated } from '../errors.ts';
import { WHERE_THE_TOKEN_IS } from '../operator.ts';
import { readSource, type SourceState } from './source.ts';

interface Accepted {
  accepted: true;
  source: SourceState;
}

type Mutation<Arguments, Payload> = (
  _: unknown,
  args: Arguments,
  context: GatewayContext,
) => Promise<Payload>;

/** @throws GraphQLError UNAUTHENTICATED before anything else is looked at */
function operatorsOnly<Arguments, Payload>(
  mutation: Mutation<Arguments, Payload>,
): Mutation<Arguments, Payload> {
  return async (parent, args, context) => {
    if (!context.isOperator) throw unauthenticated(`This needs the operator token: ${WHERE_THE_TOKEN_IS}.`);
    return mutation(parent, args, context);
  };
}

async function accepted(context: GatewayContext): Promise<Accepted> {
  return { accepted: true, source: await readSource(context) };
}

const pause: Mutation<unknown, Accepted> = async (_, __, context) => {
  await context.control.pause(context.source.name);
  return accepted(context);
};

const resume: Mutation<unknown, Accepted> = async (_, __, context) => {
  await context.control.resume(context.source.name);
  return accepted(context);
};

const backfill: Mutation<
  { from: string; to: string; force?: boolean | null },
  Accepted & { id: string }
> = async (_, { from, to, force }, context) => {
  const request = { from, to, force: force ?? false, id: randomUUID() };
  const mistake = mistakeInBackfill(request);
  if (mistake !== undefined) throw badUserInput(mistake);
  await context.control.backfill(context.source.name, request);
  return { ...(await accepted(context)), id: request.id };
};

export const controlResolvers = {
  Mutation: {
    pause: operatorsOnly(pause),
    resume: operatorsOnly(resume),
    backfill: operatorsOnly(backfill),
  },
};

/** Mutations: each needs an operator. */
import { randomUUID } from 'node:crypto';
import type { FileRecord } from '../../warehouse/files.ts';
import { mistakeInBackfill } from '../../workflows/backfill-request.ts';
import { mistakeInRetry, mistakeInFile } from '../../workflows/control-requests.ts';
import type { RetryAnswer } from '../../workflows/messages.ts';
import type { OriginLimits } from '../../workflows/origin-state.ts';
import { operatorRefusal } from '../access/refusal.ts';
import type { GatewayContext } from '../context.ts';
import { badUserInput } from '../errors.ts';
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

/** @throws GraphQLError UNAUTHENTICATED or FORBIDDEN before anything else is looked at */
function operatorsOnly<Arguments, Payload>(
  mutation: Mutation<Arguments, Payload>,
): Mutation<Arguments, Payload> {
  return async (parent, args, context) => {
    const refusal = operatorRefusal(context.caller);
    if (refusal !== undefined) throw refusal;
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

const retryQuarantined: Mutation<{ filenames?: string[] | null }, Accepted & RetryAnswer> = async (
  _,
  { filenames },
  context,
) => {
  const request = filenames === null || filenames === undefined ? {} : { filenames };
  const mistake = mistakeInRetry(request);
  if (mistake !== undefined) throw badUserInput(mistake);
  const answer = await context.control.retryQuarantined(context.source.name, request);
  return { ...(await accepted(context)), ...answer };
};

/** @throws GraphQLError BAD_USER_INPUT */
function requireFilename(filename: string): void {
  const mistake = mistakeInFile({ filename });
  if (mistake !== undefined) throw badUserInput(mistake);
}

/** What a mutation has made of a file: whoever asked for it sees it in the next answer of this gateway. */
async function acceptedFor(
  context: GatewayContext,
  filename: string,
): Promise<Accepted & { file: FileRecord | undefined }> {
  await context.liveLoads.refresh().catch(() => undefined);
  const file = (await context.readFiles()).find((each) => each.filename === filename);
  return { ...(await accepted(context)), file };
}

interface OfFile extends Accepted {
  version: string;
  file: FileRecord | undefined;
}
interface Changed extends OfFile {
  dataVersion: number;
}

const rollback: Mutation<{ filename: string }, Changed & { heldBack: string | null }> = async (
  _,
  { filename },
  context,
) => {
  requireFilename(filename);
  const { sequence, version, heldBack } = await context.control.rollback(context.source.name, { filename });
  return { ...(await acceptedFor(context, filename)), dataVersion: sequence, version, heldBack };
};

const withdraw: Mutation<{ filename: string }, Changed> = async (_, { filename }, context) => {
  requireFilename(filename);
  const { sequence, version } = await context.control.withdraw(context.source.name, { filename });
  return { ...(await acceptedFor(context, filename)), dataVersion: sequence, version };
};

const accept: Mutation<{ filename: string }, OfFile> = async (_, { filename }, context) => {
  requireFilename(filename);
  const { version } = await context.control.accept(context.source.name, { filename });
  return { ...(await acceptedFor(context, filename)), version };
};

interface LimitsArguments {
  minConcurrent?: number | null;
  maxConcurrent?: number | null;
  host?: string | null;
}

const setLimits: Mutation<LimitsArguments, Accepted & OriginLimits & { host: string }> = async (
  _,
  { minConcurrent, maxConcurrent, host: given },
  context,
) => {
  const host = given ?? context.source.host;
  if (host === undefined) throw badUserInput('This source is a folder: there is no host to be limited.');
  const limits = {
    ...(typeof minConcurrent === 'number' ? { minConcurrent } : {}),
    ...(typeof maxConcurrent === 'number' ? { maxConcurrent } : {}),
  };
  const now = await context.control.setLimits(host, limits);
  return { ...(await accepted(context)), ...now, host };
};

export const controlResolvers = {
  Mutation: {
    pause: operatorsOnly(pause),
    resume: operatorsOnly(resume),
    backfill: operatorsOnly(backfill),
    retryQuarantined: operatorsOnly(retryQuarantined),
    rollback: operatorsOnly(rollback),
    withdraw: operatorsOnly(withdraw),
    accept: operatorsOnly(accept),
    setLimits: operatorsOnly(setLimits),
  },
};

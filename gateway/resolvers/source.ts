import type { BackfillProgress, OriginView, WatcherStatus } from '../../workflows/messages.ts';
import type { GatewayContext } from '../context.ts';
import { countByStage, type StageCount } from '../stage-counts.ts';

export interface SourceState {
  name: string;
  url: string;
  generated: boolean;
  paused: boolean | null;
  lastPoll: number | null;
  nextPoll: number | null;
  problem: string | null;
  mistakes: string[];
  backfills: BackfillProgress[];
  ignored: WatcherStatus['ignored'];
}

export async function readSource(context: GatewayContext): Promise<SourceState> {
  const { name, host } = context.source;
  const [{ status, problem }, origin] = await Promise.all([
    context.ingestion.watcher(name),
    host === undefined ? null : context.ingestion.origin(host),
  ]);
  const problems = [context.liveLoads.trouble(), problem, longRest(origin)].filter(
    (each) => typeof each === 'string',
  );
  return {
    ...context.source,
    paused: status?.paused ?? null,
    lastPoll: status?.lastPollAtMs ?? null,
    nextPoll: status?.nextPollAtMs ?? null,
    problem: problems.length === 0 ? null : problems.join(' '),
    mistakes: status?.mistakes ?? [],
    // A watcher of before does not tell.
    backfills: status?.backfills ?? [],
    ignored: status?.ignored ?? [],
  };
}

/** A pause that people would take for a fault. */
const LONG_REST_MS = 60_000;

function longRest(origin: OriginView | null): string | undefined {
  const { breaker, openUntilMs } = origin ?? {};
  if (breaker !== 'open' || openUntilMs == null || openUntilMs - Date.now() < LONG_REST_MS) return undefined;
  return `The source's host asked to slow down: nothing is asked of it before ${new Date(openUntilMs).toISOString()}.`;
}

async function files(_: SourceState, __: unknown, context: GatewayContext): Promise<StageCount[]> {
  return countByStage(await context.loaders.files.load('all'));
}

async function gone(_: SourceState, __: unknown, context: GatewayContext): Promise<number> {
  const all = await context.loaders.files.load('all');
  return all.filter(({ goneAtMs }) => (goneAtMs ?? null) !== null).length;
}

function source(_: unknown, __: unknown, context: GatewayContext): Promise<SourceState> {
  return readSource(context);
}

export const sourceResolvers = { Query: { source }, Source: { files, gone } };

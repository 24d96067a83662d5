/** The courtesy towards the source's host, as its governor sees it. */
import type { OriginView } from '../../workflows/messages.ts';
import type { GatewayContext } from '../context.ts';

type OriginState = OriginView & { host: string };

const BREAKERS = { closed: 'CLOSED', open: 'OPEN', halfOpen: 'HALF_OPEN' } as const;

async function origin(_: unknown, __: unknown, context: GatewayContext): Promise<OriginState | null> {
  const { host } = context.source;
  if (host === undefined) return null;
  const view = await context.ingestion.origin(host);
  return view === null ? null : { ...view, host };
}

export const originResolvers = {
  Source: { origin },
  Origin: {
    minConcurrent: ({ limits }: OriginState): number => limits.minConcurrent,
    maxConcurrent: ({ limits }: OriginState): number => limits.maxConcurrent,
    breaker: ({ breaker }: OriginState): string => BREAKERS[breaker],
    openUntil: ({ openUntilMs }: OriginState): number | null => openUntilMs,
  },
};

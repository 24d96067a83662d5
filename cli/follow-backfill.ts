/** Looks after a backfill until it is done, with bars on a terminal. */
import { setTimeout as sleep } from 'node:timers/promises';
import { GatewayError, type Ask } from './gateway-client.ts';
import { bar, type Painter } from './progress-bars.ts';

export interface Backfill {
  id: string;
  from: string;
  to: string;
  force: boolean;
  found: number;
  remaining: number;
  looked: boolean;
}

interface FileUnderWay {
  filename: string;
  stage: string;
  progress: { chunks: number; chunksDone: number } | null;
}

interface Look {
  source: { paused: boolean | null; backfills: Backfill[] };
  fetching: { nodes: FileUnderWay[] };
  loading: { nodes: FileUnderWay[] };
}

const LOOK_EVERY_MS = 250;
/** Looks in vain, one after the other, before it is given up: half a minute. */
const MOST_IN_VAIN = 120;

/**
 * @returns how it stands when it is done, or when nothing more happens because the watcher is paused
 * @throws GatewayError when the gateway or Temporal stays away
 */
export async function followBackfill({
  ask,
  id,
  painter,
}: {
  ask: Ask;
  id: string;
  painter: Painter;
}): Promise<Backfill & { paused: boolean }> {
  let inVain = 0;
  try {
    for (;;) {
      const look = await ask<Look>('look').catch((error: unknown) => {
        if (error instanceof GatewayError && inVain < MOST_IN_VAIN) return undefined;
        throw error;
      });
      // Null while Temporal is away.
      if (look === undefined || look.source.paused === null) {
        inVain += 1;
        if (inVain > MOST_IN_VAIN)
          throw new GatewayError('Temporal does not answer: the backfill goes on when it is back');
      } else {
        inVain = 0;
        const backfill = look.source.backfills.find((each) => each.id === id);
        if (backfill === undefined)
          throw new GatewayError('the watcher lists this backfill no more: see npm run tripline -- status');
        const { paused } = look.source;
        if ((backfill.looked && backfill.remaining === 0) || paused) return { ...backfill, paused };
        painter.paint(progressLines(backfill, [...look.loading.nodes, ...look.fetching.nodes]));
      }
      await sleep(LOOK_EVERY_MS);
    }
  } finally {
    painter.clear();
  }
}

/** One bar for the whole backfill, one for each file that is under way. */
export function progressLines(backfill: Backfill, underWay: readonly FileUnderWay[]): string[] {
  const { from, to, found, remaining, looked } = backfill;
  const title = from === to ? from : `${from} to ${to}`;
  if (found === 0) return [`${title}  ${looked ? 'nothing found' : 'looking at the source …'}`];
  const width = Math.max(title.length, ...underWay.map(({ filename }) => filename.length));
  return [
    `${title.padEnd(width)}  ${bar(found - remaining, found)} files${looked ? '' : ', still looking'}`,
    ...underWay.map(({ filename, stage, progress }) => {
      const how =
        stage === 'LOADING' ? 'loading' : `${bar(progress?.chunksDone ?? 0, progress?.chunks ?? 0)} chunks`;
      return `${filename.padEnd(width)}  ${how}`;
    }),
  ];
}

import { expect, it } from 'vitest';
import { followBackfill, progressLines, type Backfill } from './follow-backfill.ts';
import { GatewayError, type Ask } from './gateway-client.ts';
import { createPainter } from './progress-bars.ts';

const backfill = (rest: Partial<Backfill>): Backfill => ({
  id: 'one',
  from: '2023-01',
  to: '2023-03',
  force: true,
  found: 0,
  remaining: 0,
  looked: false,
  ...rest,
});

it('shows a bar for the backfill and one for each file under way', () => {
  expect(progressLines(backfill({}), [])).toEqual(['2023-01 to 2023-03  looking at the source …']);
  expect(
    progressLines(backfill({ found: 4, remaining: 3, looked: true }), [
      { filename: 'yellow_tripdata_2023-01.parquet', stage: 'LOADING', progress: null },
      {
        filename: 'yellow_tripdata_2023-02.parquet',
        stage: 'FETCHING',
        progress: { chunks: 10, chunksDone: 5 },
      },
    ]),
  ).toEqual([
    `2023-01 to 2023-03               ${'█'.repeat(7)}${'░'.repeat(23)}  1/4 files`,
    'yellow_tripdata_2023-01.parquet  loading',
    `yellow_tripdata_2023-02.parquet  ${'█'.repeat(15)}${'░'.repeat(15)}  5/10 chunks`,
  ]);
});

/** Answers with one step after the other; an Error is thrown. */
function gateway(steps: ({ paused: boolean | null; backfills: Backfill[] } | Error)[]): Ask {
  return <Data>() => {
    const step = steps.length > 1 ? steps.shift() : steps[0];
    if (step instanceof Error) return Promise.reject(step);
    return Promise.resolve({ source: step, fetching: { nodes: [] }, loading: { nodes: [] } } as Data);
  };
}

function terminal(isTTY: boolean) {
  const written: string[] = [];
  const stream = { isTTY, columns: 60, write: (text: string) => written.push(text) };
  return { painter: createPainter(stream as unknown as NodeJS.WriteStream), written };
}

it('follows it until it is done, also when the gateway or Temporal is away for a moment', async () => {
  const { painter, written } = terminal(true);
  const done = backfill({ found: 2, looked: true });
  const ask = gateway([
    { paused: false, backfills: [backfill({})] },
    new GatewayError('away'),
    { paused: null, backfills: [] },
    { paused: false, backfills: [backfill({ found: 2, remaining: 1, looked: true })] },
    { paused: false, backfills: [done] },
  ]);
  expect(await followBackfill({ ask, id: 'one', painter })).toEqual({ ...done, paused: false });
  expect(written).toHaveLength(3);
  expect(written.every((text) => text.split('\n').every((line) => line.length < 70))).toBe(true);
  // What was painted is taken away again.
  expect(written.at(-1)).toBe('\u001b[1F\u001b[J');
});

it('paints nothing where nobody looks, and does not wait for a paused watcher', async () => {
  const { painter, written } = terminal(false);
  const ask = gateway([{ paused: true, backfills: [backfill({})] }]);
  expect(await followBackfill({ ask, id: 'one', painter })).toMatchObject({ looked: false, paused: true });
  expect(written).toEqual([]);
});

it('says so when the watcher knows nothing of it', async () => {
  const ask = gateway([{ paused: false, backfills: [] }]);
  await expect(followBackfill({ ask, id: 'one', painter: terminal(false).painter })).rejects.toThrow(
    /lists this backfill no more/,
  );
});

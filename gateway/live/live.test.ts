import { setImmediate as nextTurn } from 'node:timers/promises';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import type { PercentileAnswer } from '../answers.ts';
import { LoadLog, type Snapshot } from '../load-log.ts';
import { closeRange } from '../percentile/pickup-range.ts';
import { createLive } from './live.ts';

const everything = { span: closeRange({}), interpolate: false };

function scene(mostSubscriptions: number) {
  const registry = new Registry();
  const snapshot = new LoadLog().snapshot();
  const listeners: ((snapshot: Snapshot) => void)[] = [];
  const live = createLive({
    answers: { percentiles: async () => [{ dataVersion: 7 } as PercentileAnswer] },
    liveLoads: { current: () => snapshot, onSnapshot: (listener) => void listeners.push(listener) },
    lookAtIngestion: async () => ({ paused: false, stages: [], underWay: [], dataVersion: 0 }),
    requestTimeoutMs: 1_000,
    mostSubscriptions,
    registry,
    logger: pino({ level: 'silent' }),
  });
  const counted = async () => (await registry.getMetricsAsJSON())[0]!.values.map(({ value }) => value);
  const publish = () => listeners.forEach((listener) => listener({ ...snapshot, versionOf: () => 7 }));
  return { live, counted, publish };
}

it('takes no more subscriptions than it may, and others for those that ended', async () => {
  const { live, counted } = scene(2);
  const [range, progress] = [live.p90Changed(everything), live.ingestionProgress()];
  const waiting = range.next();
  expect((await progress.next()).value).toMatchObject({ paused: false });
  expect(await counted()).toEqual([1, 1]);
  expect(() => live.p90Changed(everything)).toThrow(
    expect.objectContaining({
      message: 'There are 2 subscriptions, and this gateway takes 2. Ask again in 10 s.',
      extensions: { code: 'OVERLOADED', retryAfterSeconds: 10 },
    }),
  );
  await range.return?.();
  expect((await waiting).done).toBe(true);
  const other = live.ingestionProgress();
  expect((await other.next()).done).toBe(false);
  live.close();
  expect(await counted()).toEqual([0, 0]);
});

it('ends its streams when it closes, and takes no new ones', async () => {
  const { live, publish } = scene(10);
  const [range, progress] = [live.p90Changed(everything), live.ingestionProgress()];
  const event = range.next();
  publish();
  expect((await event).value).toEqual({ dataVersion: 7 });
  await progress.next();
  const last = [range.next(), progress.next()];
  await nextTurn();
  live.close();
  expect((await Promise.all(last)).map(({ done }) => done)).toEqual([true, true]);
  for (const subscribe of [() => live.p90Changed(everything), () => live.ingestionProgress()])
    expect(subscribe).toThrow(expect.objectContaining({ extensions: { code: 'SERVICE_UNAVAILABLE' } }));
});

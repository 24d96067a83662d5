import { setImmediate as nextTurn } from 'node:timers/promises';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import type { PercentileAnswer } from '../answers.ts';
import { LoadLog, type Snapshot } from '../load-log.ts';
import { startSmallGateway } from '../../test/support/small-gateway.ts';
import { subscribe } from '../../test/support/sse.ts';
import { startTokenIssuer } from '../../test/support/token-issuer.ts';
import { closeRange } from '../percentile/pickup-range.ts';
import { createLive } from './live.ts';

/** As a client over HTTP sees it. */
const CHANGED = 'subscription { p90Changed { value } }';
const PROGRESS = 'subscription { ingestionProgress { paused } }';
const everything = { span: closeRange({}), interpolate: false };
const ann = { name: 'ann' };
const bob = { name: 'bob' };

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
  const [range, progress] = [live.p90Changed(ann, everything), live.ingestionProgress(bob)];
  const waiting = range.next();
  expect((await progress.next()).value).toMatchObject({ paused: false });
  expect(await counted()).toEqual([1, 1]);
  expect(() => live.p90Changed(bob, everything)).toThrow(
    expect.objectContaining({
      message: 'There are 2 subscriptions, and this gateway takes 2. Ask again in 10 s.',
      extensions: { code: 'OVERLOADED', retryAfterSeconds: 10 },
    }),
  );
  await range.return?.();
  expect((await waiting).done).toBe(true);
  const other = live.ingestionProgress(ann);
  expect((await other.next()).done).toBe(false);
  live.close();
  expect(await counted()).toEqual([0, 0]);
});

it('leaves as much to others as one client holds', async () => {
  const { live } = scene(4);
  const anns = [live.p90Changed(ann, everything), live.ingestionProgress(ann)];
  const waiting = anns.map((each) => each.next());
  for (const subscribe of [() => live.p90Changed(ann, everything), () => live.ingestionProgress(ann)])
    expect(subscribe).toThrow(
      expect.objectContaining({
        message: 'You have 2 subscriptions, and this gateway takes 2 of one client. Ask again in 10 s.',
        extensions: { code: 'OVERLOADED', retryAfterSeconds: 10 },
      }),
    );
  expect((await live.ingestionProgress(bob).next()).done).toBe(false);
  await anns[0]?.return?.();
  expect((await live.ingestionProgress(ann).next()).done).toBe(false);
  live.close();
  await Promise.all(waiting);
});

it('ends its streams when it closes, and takes no new ones', async () => {
  const { live, publish } = scene(10);
  const [range, progress] = [live.p90Changed(ann, everything), live.ingestionProgress(ann)];
  const event = range.next();
  publish();
  expect((await event).value).toEqual({ dataVersion: 7 });
  await progress.next();
  const last = [range.next(), progress.next()];
  await nextTurn();
  live.close();
  expect((await Promise.all(last)).map(({ done }) => done)).toEqual([true, true]);
  for (const subscribe of [() => live.p90Changed(ann, everything), () => live.ingestionProgress(ann)])
    expect(subscribe).toThrow(expect.objectContaining({ extensions: { code: 'SERVICE_UNAVAILABLE' } }));
});

it('ends a stream when the token has expired that it was asked for with, and says so', async () => {
  const issuer = await startTokenIssuer();
  const { live, counted } = scene(10);
  const gateway = await startSmallGateway({ live }, { JWT_JWKS_URL: issuer.jwksUrl });
  const lasts = await subscribe(gateway.url, PROGRESS, { token: await issuer.sign() });
  // For 2 s: a token is taken for 5 s more, as clocks differ.
  const token = await issuer.sign({ exp: Date.now() / 1000 - 3 });
  const ends = await Promise.all(
    [PROGRESS, CHANGED].map((query) => subscribe(gateway.url, query, { token })),
  );
  for (const { completed, errors } of ends) {
    expect(await completed).toBe(true);
    expect(errors).toMatchObject([
      {
        message: 'Your token has expired: subscribe again with a new one.',
        extensions: { code: 'UNAUTHENTICATED' },
      },
    ]);
  }
  expect(ends[0]?.events).toEqual([{ ingestionProgress: { paused: false } }]);
  expect(await counted()).toEqual([0, 1]);
  lasts.leave();
  await Promise.all([gateway.stop(), issuer.close()]);
});

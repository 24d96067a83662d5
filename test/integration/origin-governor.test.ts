/** The governor's workflow as it runs, on a server that skips time: hours of pauses in seconds. */
import { WorkflowUpdateFailedError, type WorkflowHandle } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findServer } from '../../launcher/servers/find-server.mjs';
import { workflowBundle } from '../../worker/workflow-bundle.ts';
import {
  governorId,
  originReport,
  originView,
  setLimits,
  type OriginView,
} from '../../workflows/messages.ts';
import type { OriginReport } from '../../workflows/origin-state.ts';
import type { originGovernor } from '../../workflows/origin-governor.ts';

const TASK_QUEUE = 'governor-test';
const QUIET = { inFlight: 0, waiting: 0, good: 0, throttled: 0, undecided: 0, failed: 0 };
let environment: TestWorkflowEnvironment;
let worker: Worker;
let running: Promise<void>;
let hosts = 0;

beforeAll(async () => {
  const logger = new DefaultLogger('ERROR');
  Runtime.install({ logger });
  const path = await findServer('temporal-test-server');
  if (path === undefined) throw new Error('no temporal-test-server was found');
  environment = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path } },
  });
  worker = await Worker.create({
    connection: environment.nativeConnection,
    taskQueue: TASK_QUEUE,
    workflowBundle: { code: (await workflowBundle({ logger })).code },
  });
  running = worker.run();
});

afterAll(async () => {
  worker?.shutdown();
  await running;
  await environment?.teardown();
});

async function start(): Promise<WorkflowHandle<typeof originGovernor>> {
  hosts += 1;
  return environment.client.workflow.start<typeof originGovernor>('originGovernor', {
    taskQueue: TASK_QUEUE,
    workflowId: governorId(`host-${hosts}`),
    args: [{}],
  });
}

const report = (handle: WorkflowHandle<typeof originGovernor>, seen: Partial<OriginReport>): Promise<void> =>
  handle.signal(originReport, { workerId: 'a', ...QUIET, ...seen });

/** Skips to so long after the end of the pause, and on until the workflow has noticed. */
async function untilHalfOpen(handle: WorkflowHandle<typeof originGovernor>): Promise<OriginView> {
  for (let tries = 0; tries < 60; tries += 1) {
    const view = await handle.query(originView);
    if (view.breaker === 'halfOpen') return view;
    const restMs = (view.openUntilMs ?? 0) - (await environment.currentTimeMs());
    await environment.sleep(Math.max(restMs, 250));
  }
  throw new Error('it stays open');
}

it(
  'doubles its pauses over an hour in which the host is down, lets one probe through after each, and comes back',
  { timeout: 120_000 },
  async () => {
    const governor = await start();
    const beganMs = await environment.currentTimeMs();
    await report(governor, { failed: 5, waiting: 3 });
    const pauses: number[] = [];
    while ((await environment.currentTimeMs()) - beganMs < 3_600_000) {
      const view = await governor.query(originView);
      expect(view).toMatchObject({ breaker: 'open', probe: null });
      expect(Object.values(view.shares)).toEqual([0]);
      const restMs = (view.openUntilMs ?? 0) - (await environment.currentTimeMs());
      pauses.push(restMs);
      if (restMs > 4_000) {
        await environment.sleep(restMs - 2_000);
        await report(governor, { waiting: 3 });
        expect((await governor.query(originView)).breaker).toBe('open');
      }
      const halfOpen = await untilHalfOpen(governor);
      expect(halfOpen.shares).toEqual({ a: 1 });
      await report(governor, { failed: 1, waiting: 3, probe: halfOpen.probe?.id ?? 0 });
    }
    const doubled = [2, 4, 8, 16, 32, 64, 128, 256, 300].map((seconds) => seconds * 1_000);
    for (const [index, pauseMs] of doubled.entries()) {
      expect(pauses[index]).toBeLessThanOrEqual(pauseMs);
      expect(pauses[index]).toBeGreaterThan(pauseMs - 2_000);
    }
    expect(pauses.length).toBeLessThan(25);

    const { openUntilMs } = await governor.query(originView);
    await environment.sleep((openUntilMs ?? 0) - (await environment.currentTimeMs()) - 2_000);
    await report(governor, { waiting: 3 });
    const { probe } = await untilHalfOpen(governor);
    await report(governor, { good: 1, waiting: 3, probe: probe?.id ?? 0 });
    expect(await governor.query(originView)).toMatchObject({ breaker: 'closed', limit: 1 });
    for (let count = 0; count < 12; count += 1) {
      await environment.sleep(500);
      await report(governor, { inFlight: 4, waiting: 3, good: 4 });
    }
    expect((await governor.query(originView)).limit).toBeGreaterThanOrEqual(4);
    await governor.terminate();
  },
);

it('obeys a Retry-After of half an hour', { timeout: 120_000 }, async () => {
  const governor = await start();
  await report(governor, { throttled: 1, waiting: 1, retryAfterMs: 1_800_000 });
  const { openUntilMs } = await governor.query(originView);
  await environment.sleep((openUntilMs ?? 0) - (await environment.currentTimeMs()) - 2_000);
  await report(governor, { waiting: 1 });
  expect(await governor.query(originView)).toMatchObject({ breaker: 'open', openUntilMs });
  await untilHalfOpen(governor);
  expect(await environment.currentTimeMs()).toBeGreaterThanOrEqual(openUntilMs ?? Infinity);
  await governor.terminate();
});

it('gives the probe of a worker that fell silent to another', async () => {
  const governor = await start();
  await report(governor, { throttled: 1, waiting: 1 });
  await report(governor, { workerId: 'b', waiting: 1 });
  await environment.sleep(3_000);
  expect((await governor.query(originView)).probe).toMatchObject({ workerId: 'a' });
  await environment.sleep(10_000);
  await report(governor, { workerId: 'b', waiting: 1 });
  await environment.sleep(6_000);
  expect((await governor.query(originView)).probe).toMatchObject({ workerId: 'b' });
  await governor.terminate();
});

it('takes limits that make sense and refuses others', async () => {
  const governor = await start();
  expect(await governor.executeUpdate(setLimits, { args: [{ maxConcurrent: 2 }] })).toEqual({
    minConcurrent: 1,
    maxConcurrent: 2,
  });
  expect(await governor.query(originView)).toMatchObject({ limit: 2 });
  const wrong: unknown[] = [
    {},
    { maxConcurrent: 0 },
    { minConcurrent: 3 },
    { maxConcurrent: 1.5 },
    { most: 3 },
    'many',
    null,
  ];
  for (const limits of wrong) {
    await expect(
      governor.executeUpdate(setLimits, { args: [limits as never] }),
      JSON.stringify(limits),
    ).rejects.toThrow(WorkflowUpdateFailedError);
  }
  expect((await governor.query(originView)).limits).toEqual({ minConcurrent: 1, maxConcurrent: 2 });
  await governor.terminate();
});

it('passes over reports that make no sense, and no task of it fails', async () => {
  const governor = await start();
  const nonsense: unknown[] = [
    undefined,
    null,
    7,
    'report',
    [],
    {},
    { workerId: 'a' },
    { workerId: 'a', ...QUIET, good: -1 },
    { workerId: '', ...QUIET },
    { workerId: 'a', ...QUIET, retryAfterMs: 'soon' },
  ];
  for (const seen of nonsense) await governor.signal('originReport', seen);
  await governor.signal('originReport');
  await governor.signal('nobodyKnowsThisSignal', { a: 1 });
  await report(governor, { good: 1 });
  expect((await governor.query(originView)).outcomes).toEqual({
    good: 1,
    throttled: 0,
    undecided: 0,
    failed: 0,
  });
  const { events } = await governor.fetchHistory();
  const failed = (events ?? []).filter(
    ({ workflowTaskFailedEventAttributes }) => workflowTaskFailedEventAttributes,
  );
  expect(failed).toEqual([]);
  await governor.terminate();
});

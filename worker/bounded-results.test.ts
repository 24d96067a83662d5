import type { ActivityExecuteInput } from '@temporalio/worker';
import { expect, it } from 'vitest';
import { boundedResults } from './bounded-results.ts';

const input: ActivityExecuteInput = { args: [], headers: {} };
const execute = (activity: () => Promise<unknown>): Promise<unknown> =>
  Promise.resolve(boundedResults().execute?.(input, activity));

it('passes on what a history takes', async () => {
  expect(await execute(() => Promise.resolve({ rows: 3 }))).toEqual({ rows: 3 });
  expect(await execute(() => Promise.resolve(undefined))).toBeUndefined();
});

it('refuses a larger result for good, with its size', async () => {
  await expect(execute(() => Promise.resolve({ names: ['x'.repeat(300_000)] }))).rejects.toMatchObject({
    type: 'ResultTooLarge',
    nonRetryable: true,
    message: 'a result of 300014 bytes, more than the 262144 that are kept of one activity',
  });
});

it('cuts what errors say, and their causes', async () => {
  let error: unknown = new Error('deep'.repeat(10_000));
  for (let depth = 0; depth < 20; depth += 1) error = new Error('x'.repeat(10_000), { cause: error });
  const thrown = await execute(() => Promise.reject(error as Error)).catch((caught: unknown) => caught);
  expect(thrown).toBe(error);
  let causes = 0;
  for (let at: unknown = thrown; at instanceof Error; at = at.cause) {
    causes += 1;
    expect(at.message).toHaveLength(2_000 + '… (10000 characters)'.length);
    expect(at.stack?.length).toBeLessThan(4_100);
  }
  expect(causes).toBe(6);
});

/** What is looked at before an answer is begun: whether it would be of today, whether there is room for it, and how much time is left. */
import { afterEach, expect, it } from 'vitest';
import { startSmallGateway } from '../../test/support/small-gateway.ts';
import type { Asking } from '../answers.ts';
import { overloaded, timedOut } from '../errors.ts';
import type { LoadShedding } from '../limits/load-shedding.ts';

let stop = (): Promise<void> => Promise.resolve();
afterEach(() => stop());

async function start(
  parts: object,
  { shedding }: { shedding?: LoadShedding } = {},
): Promise<(path: string, accept?: string) => Promise<[number, string]>> {
  const gateway = await startSmallGateway(parts, {}, shedding === undefined ? {} : { shedding });
  ({ stop } = gateway);
  return async (path, accept = 'application/json') => {
    const response = await fetch(gateway.url + path, { headers: { accept } });
    return [response.status, await response.text()];
  };
}

it.each([
  ['a question', '/graphql?query={p90{value}}', 'application/json'],
  ['a question by events', '/graphql?query={p90{value}}', 'text/event-stream'],
  ['REST', '/api/p90', 'application/json'],
  ['a download', '/api/trips-over-p90', 'text/csv'],
])('%s is not answered from older publications than another process knows', async (_, path, accept) => {
  const ask = await start({ liveLoads: { isBehind: () => true, catchUp: () => Promise.resolve(false) } });
  const [status, body] = await ask(path, accept);
  expect([status, body]).toEqual([503, expect.stringContaining('"SERVICE_UNAVAILABLE"')]);
});

it('a document that nobody sent before is not read when there is no room', async () => {
  let room = 1;
  const shedding: LoadShedding = {
    admit: () => {
      room -= 1;
      return room < 0 ? overloaded('There is no room.', { retryAfterSeconds: 1 }) : () => undefined;
    },
    look: () => undefined,
    rests: () => false,
    onAsked: () => undefined,
  };
  const ask = await start({}, { shedding });
  const wrong = '/graphql?query={nothing}';
  expect((await ask(wrong))[1]).toContain('GRAPHQL_VALIDATION_FAILED');
  expect((await ask(wrong))[1]).toContain('GRAPHQL_VALIDATION_FAILED');
  expect(await ask('/graphql?query={anything}')).toEqual([503, expect.stringContaining('OVERLOADED')]);
});

it('who waited for another has no more time than anybody', async () => {
  const given: number[] = [];
  const percentiles = (_: unknown, { patience }: Asking) =>
    new Promise((__, reject) => {
      const { signal, deadlineMs } = patience();
      given.push(deadlineMs);
      signal.addEventListener('abort', () => reject(timedOut('This took too long.')));
    });
  const ask = await start({ answers: { percentiles }, requestTimeoutMs: 1_500 });
  const replies = await Promise.all(['', '', ''].map(() => ask('/api/p90')));
  expect(replies.map(([status]) => status)).toEqual([504, 504, 504]);
  const [first = 0, ...others] = given.toSorted((a, b) => b - a);
  expect(first).toBeGreaterThan(100);
  for (const left of others) expect(left).toBeLessThan(100);
});

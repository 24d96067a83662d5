/** What clients see of errors that nobody foresaw: nothing of them. */
import { ClickHouseError } from '@clickhouse/client';
import { GraphQLError } from 'graphql';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { GatewayParts } from './context.ts';
import { startSmallGateway } from '../test/support/small-gateway.ts';

const SECRET = 'SELECT secret FROM trips';
/** What computing an answer gives, or throws. */
const TROUBLES: Record<string, () => unknown> = {
  'a value that fits no type': () => [{ value: SECRET }],
  'an error of ClickHouse': () =>
    new ClickHouseError({ message: `Syntax error: ${SECRET}`, code: '62', type: 'SYNTAX_ERROR' }),
  'a mistake of ours': () => new TypeError(`cannot read ${SECRET}`),
  'an error with another as its cause': () => new Error('it broke', { cause: new Error(SECRET) }),
  'an error of GraphQL around it': () =>
    new GraphQLError(SECRET, { originalError: new Error(`${SECRET}, too`) }),
};
let trouble: unknown;
let gateway: Awaited<ReturnType<typeof startSmallGateway>>;

beforeEach(async () => {
  vi.stubEnv('NODE_ENV', 'development');
  const answers = {
    percentiles: () => (trouble instanceof Error ? Promise.reject(trouble) : Promise.resolve(trouble)),
  };
  gateway = await startSmallGateway({ answers } as unknown as Partial<GatewayParts>);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await gateway.stop();
});

it.each(Object.keys(TROUBLES))('%s', async (name) => {
  trouble = TROUBLES[name]!();
  const asked = await fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: '{ p90 { value } }' }),
  });
  const answer = await asked.text();
  expect(JSON.parse(answer)).toMatchObject({
    errors: [
      {
        message: 'This is our fault. It is logged.',
        path: expect.arrayContaining(['p90']),
        extensions: { code: 'INTERNAL_SERVER_ERROR' },
      },
    ],
  });
  expect(answer).not.toMatch(/SELECT|stack|node_modules|\.ts:/);
});

it.each(Object.keys(TROUBLES).slice(0, 4))('%s, over REST', async (name) => {
  trouble = TROUBLES[name]!();
  const asked = await fetch(`${gateway.url}/api/p90`);
  expect([asked.status, await asked.json()]).toEqual([
    500,
    {
      status: 500,
      title: 'Internal Server Error',
      detail: 'This is our fault. It is logged.',
      code: 'INTERNAL_SERVER_ERROR',
    },
  ]);
});

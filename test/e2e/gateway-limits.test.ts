/** What gateways do at their limits: budgets, deadlines, heavy questions beside light ones; and audits of what they said. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type Gateway } from '../support/gateway.ts';
import { writeDirtyMonth } from '../support/dirty-trips.ts';
import { startTripline, type Tripline } from '../support/tripline.ts';
import { until } from '../support/until.ts';

const folder = mkdtempSync(join(tmpdir(), 'tripline-limits-'));
const sourceUrl = `file://${folder}`;
const TRIPS = 30_000;
let tripline: Tripline;
let strict: Gateway;

beforeAll(async () => {
  await writeDirtyMonth(folder, { month: '2023-12', rows: TRIPS });
  tripline = await startTripline({ sourceUrl, env: { AUDIT_SHARE: '1' } });
  await tripline.settled(1);
  strict = await startGateway(tripline, {
    sourceUrl,
    env: { SCAN_BUDGET_ROWS: '100', REQUEST_TIMEOUT_SECONDS: '1' },
  });
});

afterAll(async () => {
  await strict?.stop();
  await tripline?.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Answer {
  data?: Record<string, { trips?: number; totalCount?: number; value?: number }> | null;
  errors?: { message: string; extensions: Record<string, unknown> }[];
}

async function ask(gateway: { url: string }, query: string): Promise<Answer> {
  const response = await fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  return (await response.json()) as Answer;
}

describe('with a budget of 100 trips', () => {
  it.each([
    ['p90(filter: { vendorId: [1] }) { trips }', TRIPS],
    ['tripsOverP90 { totalCount }', TRIPS],
    ['p90By(dimension: HOUR_OF_WEEK) { dataVersion }', TRIPS / 10],
    ['p90By(dimension: DAY_OF_WEEK) { dataVersion }', TRIPS / 50],
  ])('%s is TOO_EXPENSIVE', async (question, estimatedRows) => {
    const { errors } = await ask(strict, `{ ${question} }`);
    expect(errors).toEqual([
      expect.objectContaining({
        message: `This would read ${estimatedRows} trips, and a question may read 100: ask about a shorter range.`,
        extensions: { code: 'TOO_EXPENSIVE', estimatedRows, budgetRows: 100 },
      }),
    ]);
  });

  it('what reads fewer is answered', async () => {
    const pickup = 'pickup: { from: "2008-12-01", to: "2009-01-01" }';
    const { data, errors } = await ask(
      strict,
      `{ filtered: p90(${pickup}, filter: { tripDistance: { min: -1e9 } }) { trips } tripsOverP90(${pickup}) { totalCount } }`,
    );
    expect(errors).toBeUndefined();
    expect(data).toEqual({ filtered: { trips: 1 }, tripsOverP90: { totalCount: 0 } });
  });

  it('what the histograms know costs nothing, and a filter of nothing is none', async () => {
    const { data, errors } = await ask(
      strict,
      `{ p90 { trips } open: p90(filter: { vendorId: null, fareAmount: {} }) { trips } distribution { trips }
         p90Series(bucket: DAY) { dataVersion } }`,
    );
    expect(errors).toBeUndefined();
    expect(data).toMatchObject({
      p90: { trips: TRIPS },
      open: { trips: TRIPS },
      distribution: { trips: TRIPS },
    });
  });

  it('a download is not refused: its cost is spread over the time that its reader takes', async () => {
    const response = await fetch(`${strict.url}/api/trips-over-p90`);
    const lines = (await response.text()).trimEnd().split('\n');
    expect([response.status, lines.length - 1]).toEqual([200, Number(response.headers.get('x-trips'))]);
    expect(lines.length).toBeGreaterThan(TRIPS / 20);
  });
});

it('a client that has had its minute is told when the next begins, and what costs nothing is answered', async () => {
  const frugal = await startGateway(tripline, {
    sourceUrl,
    env: { SCAN_BUDGET_ROWS_PER_MINUTE: String(2 * TRIPS - 1), REDIS_URL: '' },
  });
  try {
    const filtered = (miles: number): string => `p90(filter: { tripDistance: { min: ${miles} } }) { trips }`;
    expect((await ask(frugal, `{ ${filtered(1)} }`)).errors).toBeUndefined();
    const { data, errors } = await ask(frugal, `{ all: p90 { trips } some: ${filtered(2)} }`);
    expect([data, errors]).toEqual([
      null,
      [
        expect.objectContaining({
          path: ['some'],
          extensions: {
            code: 'RATE_LIMITED',
            estimatedRows: TRIPS,
            budgetRowsPerMinute: 2 * TRIPS - 1,
            remainingRows: TRIPS - 1,
            retryAfterSeconds: expect.toSatisfy((seconds: number) => seconds > 0 && seconds <= 60),
          },
        }),
      ],
    ]);
    const download = await fetch(`${frugal.url}/api/trips-over-p90`);
    const retryAfter = Number(download.headers.get('retry-after'));
    expect([download.status, await download.json()]).toMatchObject([
      429,
      { code: 'RATE_LIMITED', retryAfterSeconds: retryAfter },
    ]);
    expect((await ask(frugal, '{ p90 { trips } p90Series(bucket: MONTH) { dataVersion } }')).errors).toBe(
      undefined,
    );
  } finally {
    await frugal.stop();
  }
});

describe('with a second for each request', () => {
  it(
    'says TIMEOUT while the engine stands still, and answers what is in memory',
    { timeout: 60_000 },
    async () => {
      const { pid } = tripline.part('clickhouse');
      const warm = 'p90 { trips value }';
      const before = (await ask(strict, `{ ${warm} }`)).data;
      process.kill(pid, 'SIGSTOP');
      try {
        const [light, ...others] = await Promise.all([
          ask(strict, `{ ${warm} }`),
          ask(strict, '{ p90(pickup: { from: "2023-12-07T07:07:07" }) { trips } }'),
          ask(
            strict,
            '{ p90Series(bucket: HOUR, pickup: { from: "2023-12-09", to: "2023-12-10" }) { dataVersion } }',
          ),
          ask(
            strict,
            '{ p90By(dimension: DAY_OF_WEEK, pickup: { from: "2023-12-09", to: "2023-12-10" }) { groups { trips } } }',
          ),
          ask(
            strict,
            '{ p90(pickup: { from: "2008-12-01", to: "2009-01-01" }, filter: { vendorId: [1] }) { trips } }',
          ),
          ask(strict, '{ p90(asOf: 999999) { trips } }'),
        ]);
        expect(light.data).toEqual(before);
        for (const { errors } of others) {
          expect(errors).toHaveLength(1);
          expect(errors![0]).toMatchObject({
            message: 'This took longer than 1 s: ask about a shorter range.',
            extensions: { code: 'TIMEOUT' },
          });
        }
        const rest = await Promise.all([
          fetch(`${strict.url}/api/p90?from=2023-12-08T08:08:08`),
          fetch(`${strict.url}/api/trips-over-p90?from=2023-12-08T08:08:08`),
        ]);
        for (const response of rest)
          expect([response.status, await response.json()]).toMatchObject([504, { code: 'TIMEOUT' }]);
      } finally {
        process.kill(pid, 'SIGCONT');
      }
      const query =
        '{ p90By(dimension: DAY_OF_WEEK, pickup: { from: "2023-12-09", to: "2023-12-10" }) { groups { trips } } p90(pickup: { from: "2023-12-07T07:07:07" }) { trips } }';
      await until('the engine answers again', async () => (await ask(strict, query)).errors === undefined);
    },
  );
});

it('heavy questions hold up no light ones', { timeout: 60_000 }, async () => {
  const gone = new AbortController();
  const clickhouse = new URL(tripline.clickhouse('loader'));
  // Takes both permits of the lane of scans, as two endless questions would.
  const scan = new URLSearchParams({ log_comment: JSON.stringify({ by: 'scan' }) });
  const endless = [1, 2].map((seconds) =>
    fetch(`${clickhouse.origin}/?${scan}`, {
      headers: { 'X-ClickHouse-User': clickhouse.username, 'X-ClickHouse-Key': clickhouse.password },
      method: 'POST',
      body: `SELECT sum(sleepEachRow(0.1 + ${seconds} / 100)) FROM numbers(600) SETTINGS max_block_size = 1, function_sleep_max_microseconds_per_block = 0`,
      signal: gone.signal,
    }).catch(() => undefined),
  );
  const running = async (): Promise<string> => {
    const query =
      "SELECT count() FROM system.processes WHERE query LIKE '%sleepEachRow%' AND query NOT LIKE '%system.processes%'";
    return (await tripline.sql(query)).trim();
  };
  await until('both run', async () => (await running()) === '2');
  let heavyDone = 0;
  const heavy = Array.from({ length: 8 }, async (_, index) => {
    const answer = await ask(tripline, `{ p90(filter: { tripDistance: { min: ${index / 10} } }) { trips } }`);
    heavyDone += 1;
    return answer;
  });
  try {
    for (let day = 10; day < 28; day += 1) {
      const { data } = await ask(
        tripline,
        `{ p90(pickup: { from: "2023-12-${day}T05:30:00" }) { trips value } }`,
      );
      expect(data!['p90']!.trips).toBeGreaterThan(0);
    }
    expect(heavyDone).toBe(0);
  } finally {
    gone.abort();
    await Promise.all(endless);
  }
  for (const { data, errors } of await Promise.all(heavy)) {
    expect(errors).toBeUndefined();
    expect(data!['p90']!.trips).toBeGreaterThan(0);
  }
});

it('audits its answers, and finds them right', async () => {
  const outcomes = async (): Promise<Record<string, number>> => {
    const metrics = await (await fetch(`${tripline.url}/metrics`)).text();
    const lines = metrics.matchAll(/^tripline_audited_answers_total\{outcome="(\w+)"\} (\d+)$/gm);
    return Object.fromEntries([...lines].map(([, outcome = '', count]) => [outcome, Number(count)]));
  };
  const before = await outcomes();
  for (const question of [
    'p90 { trips }',
    'p90(pickup: { from: "2023-12-05T05:05:05.000005", to: "2023-12-06T06:06:06" }) { trips }',
    'percentile(p: 0.123, interpolate: true) { trips }',
    'percentile(p: 0.97) { trips }',
    'p90(pickup: { to: "1920-01-01" }) { trips }',
  ]) {
    const { equal = 0 } = await outcomes();
    // One is audited at a time: asked again until one was.
    await until(`${question} was audited`, async () => {
      await ask(tripline, `{ ${question} }`);
      return ((await outcomes())['equal'] ?? 0) > equal;
    });
  }
  const after = await outcomes();
  expect(after).toMatchObject({ mismatch: 0, skipped: before['skipped'] });
  expect(after['equal']).toBeGreaterThanOrEqual((before['equal'] ?? 0) + 5);
  const health = (await (await fetch(`${tripline.url}/healthz`)).json()) as unknown;
  expect(health).toEqual({ status: 'pass', checks: { audit: { status: 'pass', mismatches: 0 } } });
});

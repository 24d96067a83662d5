import { Histogram, Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { createRequestMetrics } from './request-metrics.ts';

/** Milliseconds: below and above all bounds, on one, and between. */
const TOOK = [0.01, 0.1, 0.3, 5, 5.000_001, 70, 999, 31_000];
const BOUNDS = [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

const linesOf = async (registry: Registry, part = ''): Promise<string[]> =>
  (await registry.metrics()).split('\n').filter((line) => line.startsWith('tripline') && line.includes(part));

it('is what prom-client would say', async () => {
  const [ours, theirs] = [new Registry(), new Registry()];
  const series = createRequestMetrics(ours, { known: [] }).series('P90', 'hit', 200);
  const histogram = new Histogram({
    name: 'tripline_request_duration_seconds',
    help: 'the same',
    labelNames: ['operation', 'cache', 'status'],
    buckets: BOUNDS,
    registers: [theirs],
  });
  for (const took of TOOK) {
    series.count(took);
    histogram.observe({ operation: 'P90', cache: 'hit', status: 200 }, took / 1000);
  }
  const valuesOf = (lines: readonly string[]) =>
    Object.fromEntries(
      lines.map((line) => {
        const [, name = '', labels = '', value] = /^(\w+)\{(.*)\} (.*)$/.exec(line) ?? [];
        return [`${name} ${labels.split(',').toSorted().join()}`, Number(value)];
      }),
    );
  const lines = await linesOf(ours);
  expect(lines).toHaveLength(BOUNDS.length + 3);
  expect(valuesOf(lines)).toEqual(valuesOf(await linesOf(theirs)));
  expect(lines.filter((line) => line.includes('le="+Inf"'))).toEqual([expect.stringMatching(/ 8$/)]);
  expect(await ours.metrics()).toMatch(/^# HELP .*\n# TYPE tripline_request_duration_seconds histogram\n/);
});

it('tells operations, outcomes and statuses apart', async () => {
  const registry = new Registry();
  const metrics = createRequestMetrics(registry, { known: [] });
  metrics.series('a', 'hit', 200).count(1);
  metrics.series('a', 'hit', 200).count(1);
  metrics.series('a', 'hit', 304).count(1);
  metrics.series('a', 'miss', 200).count(1);
  metrics.series('b', 'hit', 200).count(1);
  expect(await linesOf(registry, '_count')).toEqual([
    'tripline_request_duration_seconds_count{operation="a",cache="hit",status="200"} 2',
    'tripline_request_duration_seconds_count{operation="a",cache="hit",status="304"} 1',
    'tripline_request_duration_seconds_count{operation="a",cache="miss",status="200"} 1',
    'tripline_request_duration_seconds_count{operation="b",cache="hit",status="200"} 1',
  ]);
});

it('holds no more operations than it may, whatever clients call theirs, beside those that are known', async () => {
  const registry = new Registry();
  const metrics = createRequestMetrics(registry, { known: ['GET /api/p90'] });
  for (let operation = 0; operation < 1_000; operation += 1)
    metrics.series(`query${operation}`, 'miss', 200).count(1);
  metrics.series('query0', 'miss', 200).count(1);
  metrics.series('GET /api/p90', 'miss', 200).count(1);
  const lines = await linesOf(registry, '_count');
  expect(lines.length).toBe(202);
  expect(lines).toContainEqual(expect.stringMatching(/operation="GET \/api\/p90",.* 1$/));
  expect(lines).toContainEqual(expect.stringMatching(/operation="query0",.* 2$/));
  const counted = lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  expect(counted).toBe(1_002);
});

it('says of which process it is, where there are several', async () => {
  const registry = new Registry();
  registry.setDefaultLabels({ process: '1' });
  createRequestMetrics(registry, { known: [] }).series('P90', 'hit', 200).count(3);
  const lines = await linesOf(registry);
  expect(lines).toHaveLength(BOUNDS.length + 3);
  for (const line of lines) expect(line).toContain('process="1"');
});

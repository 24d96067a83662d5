import { graphql, type ExecutionResult } from 'graphql';
import { expect, it } from 'vitest';
import { createSchema } from '../schema.ts';

const schema = createSchema();
const point = { unit: 'HOUR', span: { from: 0n, to: 1n }, value: 1, trips: 1, above: 0, complete: true };
const answers = { series: () => Promise.resolve({ points: Array.from({ length: 10_000 }, () => point) }) };

const ask = async (source: string): Promise<ExecutionResult> =>
  graphql({ schema, source, contextValue: { answers, cost: { client: 'a', rows: 0 } } });

/** One series, whose points are written so many times, with so many fields. */
const written = (times: number, fields: number): string => {
  const selected = Array.from({ length: fields }, (_, index) => `f${index}: value`).join(' ');
  const points = Array.from({ length: times }, (_, index) => `a${index}: points { ...P }`);
  return `{ p90Series(bucket: HOUR) { ${points.join(' ')} } } fragment P on SeriesPoint { ${selected} }`;
};

it.each([
  [1, 20],
  [10, 2],
])('writes a list %i times with %i fields', async (times, fields) => {
  expect((await ask(written(times, fields))).errors).toBeUndefined();
});

it.each([
  [1, 21, 210_000],
  [11, 2, 220_000],
  [99, 1, 210_000],
])('writes no list %i times with %i fields', async (times, fields, values) => {
  const { data, errors } = await ask(written(times, fields));
  expect(data).toBeNull();
  expect(errors?.[0]?.toJSON()).toMatchObject({
    message: `The lists of this answer have more than 200000 values, ${values} so far: ask for fewer fields of them, or in several requests.`,
    extensions: { code: 'TOO_EXPENSIVE', values, mostValues: 200_000 },
  });
});

it('counts the series of one request together', async () => {
  const one = (name: string): string => `${name}: p90Series(bucket: HOUR) { points { from to value trips } }`;
  expect((await ask(`{ ${['a', 'b', 'c', 'd', 'e'].map(one).join(' ')} }`)).errors).toBeUndefined();
  const six = await ask(`{ ${['a', 'b', 'c', 'd', 'e', 'f'].map(one).join(' ')} }`);
  expect(six.errors?.[0]?.extensions['code']).toBe('TOO_EXPENSIVE');
});

import { buildSchema } from 'graphql';
import { describe, expect, it } from 'vitest';
import { createSchema } from '../schema.ts';
import { createRestRoute, createRestRoutes } from './routes.ts';

const routes = createRestRoutes(createSchema());

const variablesOf = (target: string): unknown => {
  const [path = '', query] = target.split('?');
  return routes.get(`/api/${path}`)!.variablesOf(new URLSearchParams(query));
};

it('has a route for each operation, in the order of the schema', () => {
  expect([...routes].map(([path, { operationName }]) => [path, operationName])).toEqual([
    ['/api/p90', 'p90'],
    ['/api/percentile', 'percentile'],
    ['/api/percentiles', 'percentiles'],
    ['/api/series', 'series'],
    ['/api/trips-over-p90', 'tripsOverP90'],
    ['/api/files', 'files'],
  ]);
});

describe('variables', () => {
  it.each([
    ['p90', {}],
    ['p90?to=2022-03-02&from=2022-03-01T00:00:00.5', { from: '2022-03-01T00:00:00.5', to: '2022-03-02' }],
    ['p90?interpolate=false&asOf=0', { interpolate: false, asOf: 0 }],
    ['percentile?p=0.07', { p: 0.07 }],
    ['percentile?p=.9', { p: 0.9 }],
    ['percentile?p=9e-1&_=17&utm_source=mail', { p: 0.9 }],
    ['percentile?p=9e-1', { p: 0.9 }],
    ['percentile?p=-1', { p: -1 }],
    ['percentiles?at=0.5&at=0.9', { at: [0.5, 0.9] }],
    ['percentiles?at=0.5', { at: [0.5] }],
    ['series?bucket=DAY&p=0.5', { bucket: 'DAY', p: 0.5 }],
    ['trips-over-p90?format=json&first=3&orderBy=PICKUP_ASC', { first: 3, orderBy: 'PICKUP_ASC' }],
    ['files?stage=QUARANTINED&after=a%20b', { stage: 'QUARANTINED', after: 'a b' }],
  ])('of %s are JSON, and none that was not given', (target, variables) => {
    expect(variablesOf(target)).toStrictEqual(variables);
  });

  it('come in one order, whatever the order of the query', () => {
    const both = ['p90?from=2022-03-01&asOf=3', 'p90?asOf=3&from=2022-03-01'].map(variablesOf);
    expect(new Set(both.map((each) => JSON.stringify(each))).size).toBe(1);
  });

  it.each([
    ['p90?form=2022-03-01', 'unknown parameter "form": there are from, to, interpolate, asOf'],
    ['p90?__proto__=1', 'unknown parameter "__proto__": there are from, to, interpolate, asOf'],
    ['p90?format=json', 'unknown parameter "format": there are from, to, interpolate, asOf'],
    ['p90?from=2022-03-01&from=2022-03-02', 'from is given more than once'],
    ['p90?interpolate=yes', 'interpolate must be true or false; got "yes"'],
    ['p90?interpolate=', 'interpolate must be true or false; got ""'],
    ['p90?from=2022-02-30', 'from: "2022-02-30" is no date of the calendar'],
    ['p90?to=2022-02-01T00:00:00Z', /^to: "2022-02-01T00:00:00Z" has a zone/],
    ['p90?asOf=-1', 'asOf must be a whole number; got "-1"'],
    ['p90?asOf=1e0', 'asOf must be a whole number; got "1e0"'],
    ['p90?asOf=9007199254740993', /^asOf: 9007199254740992 is not a Count/],
    ['percentile', 'p is missing: it must be a number'],
    ['percentile?p=x', 'p must be a number; got "x"'],
    ['percentile?p=', 'p must be a number; got ""'],
    ['percentile?p=0x1', 'p must be a number; got "0x1"'],
    ['percentile?p=1e999', /^p: Float cannot represent/],
    ['percentiles', 'at is missing: it must be a number, given once or more'],
    ['percentiles?at=0.5,0.9', 'at must be a number; got "0.5,0.9"'],
    ['series', 'bucket is missing: it must be one of HOUR, DAY, WEEK, MONTH, YEAR'],
    ['series?bucket=day', 'bucket is "day": it must be one of HOUR, DAY, WEEK, MONTH, YEAR'],
    ['series?bucket=constructor', /^bucket is "constructor": it must be one of/],
    ['files?first=99999999999', /^first: Int cannot represent/],
    ['files?first=2.5', 'first must be a whole number; got "2.5"'],
    ['trips-over-p90?format=json&format=csv', 'format is given more than once'],
  ])('of %s are BAD_USER_INPUT', (target, message) => {
    expect(() => variablesOf(target)).toThrow(
      expect.objectContaining({
        message: typeof message === 'string' ? message : expect.stringMatching(message),
        extensions: { code: 'BAD_USER_INPUT' },
      }),
    );
  });
});

it('values do not come back whole in a message', () => {
  expect(() => variablesOf(`files?first=${'x'.repeat(5_000)}`)).toThrow(`got "${'x'.repeat(60)}…"`);
});

describe('an operation that does not fit is refused at the start', () => {
  const schema = buildSchema('type Query { a(n: Int): Int, b: Int } type Mutation { c: Int }');
  it.each([
    ['query x { d }', /Cannot query field "d"/],
    ['query x($n: String) { a(n: $n) }', /of type "String" used in position expecting type "Int"/],
    ['query x { a b }', /one operation of one field/],
    ['query x { a } query y { b }', /one operation of one field/],
    ['{ a }', /a named query/],
    ['mutation x { c }', /a named query/],
    ['query x { ...f } fragment f on Query { a }', /a named query/],
  ])('%s', (document, message) => {
    expect(() => createRestRoute(schema, '/api/x', document)).toThrow(message);
  });
});

it('answers the root field alone, also under an alias', () => {
  const schema = buildSchema('type Query { a: Int }');
  const route = createRestRoute(schema, '/api/x', 'query x { one: a }');
  expect(route.answerOf({ one: 1 })).toBe(1);
});

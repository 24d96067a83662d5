import { GraphQLError } from 'graphql';
import { describe, expect, it } from 'vitest';
import { HTTP_LIMITS } from '../limits/http-limits.ts';
import { readBody, readQueryString } from './graphql-request.ts';

const HASH = 'a'.repeat(64);
const persisted = (persistedQuery: unknown) => JSON.stringify({ extensions: { persistedQuery } });
const NOTHING = { query: undefined, hash: undefined, operationName: undefined, variables: {} };

function codeOf(read: () => unknown): [code: unknown, message: string] {
  try {
    read();
  } catch (error) {
    if (error instanceof GraphQLError) return [error.extensions['code'], error.message];
    throw error;
  }
  throw new Error('it was read');
}

describe('a body', () => {
  it.each([
    ['{"query":"{ a }"}', { query: '{ a }' }],
    [
      '{"query":"{ a }","operationName":"A","variables":{"x":[1,{"y":null}]}}',
      { query: '{ a }', operationName: 'A', variables: { x: [1, { y: null }] } },
    ],
    ['{"query":"{ a }","operationName":null,"variables":null,"extensions":null}', { query: '{ a }' }],
    [persisted({ version: 1, sha256Hash: HASH.toUpperCase() }), { hash: HASH }],
    [persisted({ version: 1, sha256Hash: HASH, miss: true }), { hash: HASH }],
    [
      '{"query":"{ a }","extensions":{"clientLibrary":{"name":"a"},"persistedQuery":null}}',
      { query: '{ a }' },
    ],
    ['{"query":"","extensions":{"persistedQuery":{"version":1,"sha256Hash":""}}}', { query: '', hash: '' }],
    ['{"query":"{ a }","variables":{"__proto__":{"x":1}}}', { query: '{ a }', variables: expect.anything() }],
  ])('%s', (body, expected) => {
    expect(readBody(body)).toEqual({ ...NOTHING, ...expected });
    expect(({} as { x?: number }).x).toBeUndefined();
  });

  it.each([
    ['', /is not JSON/],
    ['{', /is not JSON/],
    ['{"query":"{ a }"}}', /is not JSON/],
    ["{'query':'{ a }'}", /is not JSON/],
    ['null', /must be a JSON object/],
    ['7', /must be a JSON object/],
    ['"{ a }"', /must be a JSON object/],
    ['[]', /not taken in batches/],
    ['[{"query":"{ a }"}]', /not taken in batches/],
    ['{}', /needs a query/],
    ['{"query":""}', /needs a query/],
    ['{"query":null}', /needs a query/],
    ['{"query":7}', /query must be a string/],
    ['{"query":["{ a }"]}', /query must be a string/],
    ['{"query":"{ a }","operationName":7}', /operationName must be a string/],
    ['{"query":"{ a }","variables":"[]"}', /variables must be a JSON object/],
    ['{"query":"{ a }","variables":"{"}', /variables is not JSON/],
    ['\uFEFF\uFEFF{"query":"{ a }"}', /the body is not JSON/],
    ['{"query":"{ a }","variables":[]}', /variables must be a JSON object/],
    ['{"query":"{ a }","extensions":7}', /extensions must be a JSON object/],
    ['{"query":"{ a }","querry":"{ a }"}', /Unexpected parameter "querry"/],
    [`{"query":"{ a }","${'x'.repeat(1_000)}":1}`, /^.{0,200}$/],
    [persisted('sha'), /persistedQuery must be a JSON object/],
    [persisted([]), /persistedQuery must be a JSON object/],
    [persisted({}), /version must be 1/],
    [persisted({ version: '1', sha256Hash: HASH }), /version must be 1/],
    [persisted({ version: 2, sha256Hash: HASH }), /version must be 1/],
    [persisted({ version: 1, sha256Hash: null }), /sha256Hash must be a string/],
  ])('%s is refused', (body, message) => {
    expect(codeOf(() => readBody(body))).toEqual(['BAD_REQUEST', expect.stringMatching(message)]);
  });

  it('may begin with a mark of its byte order, and hold objects as the strings of their JSON', () => {
    const body = `\uFEFF${JSON.stringify({
      query: '{ a }',
      variables: '{"x":1}',
      extensions: JSON.stringify({ persistedQuery: { version: 1, sha256Hash: HASH } }),
    })}`;
    expect(readBody(body)).toEqual({ ...NOTHING, query: '{ a }', hash: HASH, variables: { x: 1 } });
    expect(readBody('{"query":"{ a }","variables":" "}').variables).toEqual({});
  });

  it('is limited in depth, and its variables in length', () => {
    const deep = `{"query":"{ a }","variables":{"x":${'['.repeat(20)}${']'.repeat(20)}}}`;
    expect(codeOf(() => readBody(deep))[0]).toBe('LIMIT_EXCEEDED');
    const long = 'x'.repeat(HTTP_LIMITS.variablesCharacters);
    const wide = JSON.stringify({ query: '{ a }', variables: { x: long } });
    expect(codeOf(() => readBody(wide))[0]).toBe('LIMIT_EXCEEDED');
    expect(readBody(JSON.stringify({ query: long })).query).toBe(long);
  });
});

describe('a query string', () => {
  it.each([
    ['query=%7B+a+%7D', { query: '{ a }' }],
    [
      'query={a}&variables={"x":1}&operationName=A',
      { query: '{a}', variables: { x: 1 }, operationName: 'A' },
    ],
    ['query={a}&variables=&extensions=', { query: '{a}' }],
    ['query={a}&variables=null', { query: '{a}' }],
    ['query={a}&_=1732795200&utm_source=mail&utm_campaign=x&fbclid=y&_=2', { query: '{a}' }],
    [
      `extensions=${encodeURIComponent(`{"persistedQuery":{"version":1,"sha256Hash":"${HASH}"}}`)}`,
      { hash: HASH },
    ],
  ])('%s', (text, expected) => expect(readQueryString(text)).toEqual({ ...NOTHING, ...expected }));

  it.each([
    ['', /needs a query/],
    ['variables={}', /needs a query/],
    ['query={a}&query={b}', /query is given more than once/],
    ['query={a}&__proto__=x&__proto__=y', /__proto__ is given more than once/],
    ['query={a}&variables={', /variables is not JSON/],
    ['query={a}&variables=7', /variables must be a JSON object/],
    ['query={a}&extensions=[]', /extensions must be a JSON object/],
    ['query={a}&extensions=%00', /extensions is not JSON/],
    ['query={a}&callback=x', /Unexpected parameter "callback"/],
    ['query={a}&__proto__=x', /Unexpected parameter "__proto__"/],
  ])('%s is refused', (text, message) => {
    expect(codeOf(() => readQueryString(text))).toEqual(['BAD_REQUEST', expect.stringMatching(message)]);
  });
});

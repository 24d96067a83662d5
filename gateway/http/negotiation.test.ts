import { expect, it } from 'vitest';
import { createNegotiation } from './negotiation.ts';

const JSON_TYPE = 'application/json';
const GRAPHQL_TYPE = 'application/graphql-response+json';
const APOLLO = 'application/graphql-response+json,application/json;q=0.9';
/** By GraphQL over HTTP. */
const RECOMMENDED = 'application/graphql-response+json; charset=utf-8, application/json; charset=utf-8';
const URQL =
  'application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed';

it.each([
  [undefined, JSON_TYPE],
  ['*/*', JSON_TYPE],
  ['application/*', JSON_TYPE],
  ['application/json; charset=utf-8', JSON_TYPE],
  ['application/json;charset="UTF-8"', JSON_TYPE],
  ['application/json; charset=iso-8859-1', undefined],
  [RECOMMENDED, GRAPHQL_TYPE],
  ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', JSON_TYPE],
  [APOLLO, GRAPHQL_TYPE],
  [URQL, GRAPHQL_TYPE],
  ['application/json;q=0.1, application/graphql-response+json;q=0.2', GRAPHQL_TYPE],
  ['application/graphql-response+json;q=0, */*', JSON_TYPE],
  ['text/event-stream', undefined],
  ['text/html', undefined],
  ['application/json;q=0', undefined],
  ['nonsense', undefined],
])('accept: %s is answered in %s', (accept, mediaType) => {
  const negotiate = createNegotiation();
  // The second time it is remembered.
  for (let time = 0; time < 2; time += 1) expect(negotiate({ accept })?.mediaType).toBe(mediaType);
});

it.each([
  [undefined, 'identity'],
  ['', 'identity'],
  ['gzip', 'gzip'],
  ['br, gzip, deflate', 'gzip'],
  ['*', 'gzip'],
  ['gzip;q=0', 'identity'],
  ['identity, gzip;q=0.5', 'identity'],
  ['br', 'identity'],
])('accept-encoding: %s is answered in %s', (encodings, encoding) => {
  expect(createNegotiation()({ 'accept-encoding': encodings })?.encoding).toBe(encoding);
});

it('names each form', () => {
  const negotiate = createNegotiation();
  const indexes = [JSON_TYPE, GRAPHQL_TYPE].flatMap((accept) =>
    ['gzip', 'identity'].map((encodings) => negotiate({ accept, 'accept-encoding': encodings })?.index),
  );
  expect(new Set(indexes).size).toBe(4);
});

it('forgets headers rather than hold all there are', () => {
  const negotiate = createNegotiation();
  const first = negotiate({ accept: JSON_TYPE });
  for (let other = 0; other < 1_000; other += 1) negotiate({ accept: `x/${other}` });
  expect(negotiate({ accept: JSON_TYPE })).toEqual(first);
  expect(negotiate({ accept: JSON_TYPE })).not.toBe(first);
});

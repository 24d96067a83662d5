import { parse } from 'graphql';
import { expect, it } from 'vitest';
import { createSchema } from '../schema.ts';
import { operationsOf } from './operation-facts.ts';

const schema = createSchema();
const factsOf = (document: string) => operationsOf(schema, parse(document));
const JANUARY = 'pickup: { from: "2023-01-01" }';

it.each<[string, { isCached: boolean; scans: boolean }]>([
  ['{ p90 { value } }', { isCached: true, scans: false }],
  [`{ p90(${JANUARY}, interpolate: true) { value } }`, { isCached: true, scans: false }],
  ['{ p90(filter: { vendorId: [1] }) { value } }', { isCached: true, scans: true }],
  ['query ($f: TripFilter) { p90(filter: $f) { value } }', { isCached: true, scans: true }],
  ['{ p90 { value } p90By(dimension: HOUR_OF_DAY) { dataVersion } }', { isCached: true, scans: true }],
  ['{ tripsOverP90 { totalCount } }', { isCached: true, scans: true }],
  ['{ files { totalCount } }', { isCached: false, scans: false }],
  ['{ p90 { value } source { name } }', { isCached: false, scans: false }],
  ['{ p90By: source { name } }', { isCached: false, scans: false }],
  ['{ source: p90 { value } }', { isCached: true, scans: false }],
  ['{ p90 { explain { statements } } }', { isCached: false, scans: false }],
  ['{ p90 { why: explain { statements } } }', { isCached: false, scans: false }],
  ['{ tripsOverP90 { percentile { explain { statements } } } }', { isCached: false, scans: true }],
  [
    '{ ...F } fragment F on Query { ...G } fragment G on Query { files { totalCount } }',
    { isCached: false, scans: false },
  ],
  [
    '{ ...F } fragment F on Query { p90By(dimension: HOUR_OF_DAY) { dataVersion } }',
    { isCached: true, scans: true },
  ],
  ['{ ... on Query { ... { source { name } } } }', { isCached: false, scans: false }],
  [
    '{ p90 { ...F } } fragment F on Percentile { ... { explain { statements } } }',
    { isCached: false, scans: false },
  ],
  ['{ files @skip(if: true) { totalCount } p90 { value } }', { isCached: false, scans: false }],
  ['{ __typename }', { isCached: true, scans: false }],
  ['{ __schema { types { name } } p90 { __typename } }', { isCached: true, scans: false }],
  ['{ __type(name: "Query") { name } files { totalCount } }', { isCached: false, scans: false }],
  ['mutation { pause { accepted } }', { isCached: false, scans: false }],
  ['mutation { __typename }', { isCached: false, scans: false }],
  ['subscription { p90Changed { value } }', { isCached: false, scans: false }],
])('%s', (document, expected) => expect(factsOf(document)).toMatchObject([expected]));

it('tells each operation of a document apart, and which variables it has', () => {
  const facts = factsOf(`
    query Value($to: LocalDateTime, $from: LocalDateTime) { p90(pickup: { from: $from, to: $to }) { value } }
    mutation Stop { pause { accepted } }
    query Files($first: Int) { ...F }
    subscription Live { ingestionProgress { dataVersion } }
    fragment F on Query { files(first: $first) { totalCount } }
  `);
  expect(facts).toEqual([
    { name: 'Value', kind: 'query', isCached: true, scans: false, variables: ['from', 'to'] },
    { name: 'Stop', kind: 'mutation', isCached: false, scans: false, variables: [] },
    { name: 'Files', kind: 'query', isCached: false, scans: false, variables: ['first'] },
    { name: 'Live', kind: 'subscription', isCached: false, scans: false, variables: [] },
  ]);
});

it('keeps no answer of a document that explains itself somewhere', () => {
  const facts = factsOf('query A { p90 { value } } query B { p90 { explain { statements } } }');
  expect(facts.map(({ isCached }) => isCached)).toEqual([false, false]);
});

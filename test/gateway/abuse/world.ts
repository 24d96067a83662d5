/** What those who mean harm know of a gateway, and what they all do. */
import type { Dice } from './dice.ts';
import type { Shot } from './shot.ts';

export interface World {
  /** Of a server that must never be asked for anything. */
  canary: string;
  /** That the gateway has given out. */
  cursors: { trips: string; files: string };
  operatorToken: string;
}

/** Makes up a shot. */
export type Family = (dice: Dice, world: World) => Shot;

export const JSON_TYPE = ['content-type', 'application/json'] as const;

/** A GraphQL request as a client sends it. */
export function asPost(request: unknown, headers: Shot['headers'] = []): Shot {
  return { path: '/graphql', headers: [JSON_TYPE, ...headers], body: JSON.stringify(request) };
}

export function asGet(parameters: Readonly<Record<string, string>>): Shot {
  return { path: `/graphql?${new URLSearchParams(parameters)}` };
}

/** For a query string; unlike encodeURIComponent it takes any text. */
export const escaped = (text: string): string => new URLSearchParams([['', text]]).toString().slice(1);

export interface Question {
  query: string;
  operationName?: string;
  variables?: Record<string, unknown>;
  extensions?: Record<string, unknown>;
}

/** Nothing is wrong with these. */
export const QUESTIONS: readonly Question[] = [
  { query: '{ p90 { trips value } }' },
  {
    query:
      'query Range($from: LocalDateTime, $to: LocalDateTime) { p90(pickup: { from: $from, to: $to }) { value trips dataVersion } }',
    operationName: 'Range',
    variables: { from: '2024-01-03T04:05:06', to: '2024-02-01' },
  },
  {
    query: 'query Level($p: Float!) { percentile(p: $p) { value certificate { below } } }',
    variables: { p: 0.5 },
  },
  {
    query: 'query Series($bucket: SeriesBucket!) { p90Series(bucket: $bucket) { points { value } } }',
    variables: { bucket: 'MONTH' },
  },
  {
    query: 'query Bins($bins: [Float!]!) { distribution(bins: $bins) { trips bins { trips } } }',
    variables: { bins: [1, 2, 3] },
  },
  {
    query:
      'query Over($first: Int, $after: String) { tripsOverP90(first: $first, after: $after) { totalCount nodes { pickup tripDistance } pageInfo { endCursor } } }',
    variables: { first: 3 },
  },
  {
    query: 'query Filtered($filter: TripFilter) { p90(filter: $filter) { trips } }',
    variables: { filter: { vendorId: [1], fareAmount: { min: 2 } } },
  },
  {
    query: 'query By($dimension: Dimension!) { p90By(dimension: $dimension) { groups { key } } }',
    variables: { dimension: 'DAY_OF_WEEK' },
  },
  { query: '{ files(first: 2) { nodes { filename stage } } }' },
  { query: 'mutation { pause { accepted } }' },
  {
    query: 'mutation Back($name: String!) { rollback(filename: $name) { dataVersion } }',
    variables: { name: 'yellow_tripdata_2024-01.parquet' },
  },
  { query: '{ __schema { types { name } } }' },
];

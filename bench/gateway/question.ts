/** What the dashboards of this measurement ask: one persisted query, over many ranges. */
import { createHash } from 'node:crypto';
import { randomRanges, endOf, startOf, type Range } from '../query/ranges.ts';
import type { Request } from './load.ts';

export const DOCUMENT =
  'query P90($from: LocalDateTime, $to: LocalDateTime) { p90(pickup: { from: $from, to: $to }) { value trips tripsOver dataVersion } }';
export const HASH = createHash('sha256').update(DOCUMENT).digest('hex');
/** Apollo's protocol. */
const EXTENSIONS = { persistedQuery: { version: 1, sha256Hash: HASH } };
/** As Apollo Client and a browser send them. */
const HEADERS = {
  accept: 'application/graphql-response+json,application/json;q=0.9',
  'accept-encoding': 'gzip, deflate, br',
};
const DAY = 86_400_000;

const get = (parameters: Record<string, string>): Request => {
  const query = Object.entries(parameters).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return { method: 'GET', path: `/graphql?${query.join('&')}`, headers: HEADERS };
};
const post = (body: unknown): Request => ({
  method: 'POST',
  path: '/graphql',
  headers: { ...HEADERS, 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

/** Hash in place of the document, to be cached on the way. */
export const persistedGet = (variables: Range): Request =>
  get({
    operationName: 'P90',
    variables: JSON.stringify(variables),
    extensions: JSON.stringify(EXTENSIONS),
  });

export const persistedPost = (variables: Range): Request =>
  post({ operationName: 'P90', variables, extensions: EXTENSIONS });

/** With its document, which registers it. */
export const registeringPost = (variables: Range): Request =>
  post({ query: DOCUMENT, operationName: 'P90', variables, extensions: EXTENSIONS });

/** The same as GET. */
export const registeringGet = (variables: Range): Request =>
  get({
    query: DOCUMENT,
    operationName: 'P90',
    variables: JSON.stringify(variables),
    extensions: JSON.stringify(EXTENSIONS),
  });

/** The whole document each time: for servers without persisted queries. */
export const plainGet = (variables: Range): Request =>
  get({ query: DOCUMENT, operationName: 'P90', variables: JSON.stringify(variables) });

/** Mercurius's own form of a query that it knew before it was started. */
export const preparedGet = (variables: Range): Request =>
  get({ query: HASH, persisted: 'true', operationName: 'P90', variables: JSON.stringify(variables) });

/** Questions that all differ, of whole hours. */
export function manyRanges(months: readonly string[], count: number): Range[] {
  const within = { from: startOf(months[0] ?? ''), to: endOf(months.at(-1) ?? '') };
  const ranges = new Map<string, Range>();
  const drawn = randomRanges({ count: count * 20, within, unit: DAY / 24, shortest: DAY, seed: 8 });
  for (const range of drawn) if (ranges.size < count) ranges.set(`${range.from} ${range.to}`, range);
  return [...ranges.values()];
}

/** Addresses and names that lead elsewhere: out of a folder, to another server, to somebody else's file. */
import type { Shot } from './shot.ts';
import { asPost, escaped, JSON_TYPE, type Family } from './world.ts';

const CLIMBS = [
  '../',
  '..\\',
  '%2e%2e/',
  '%2e%2e%2f',
  '..%5c',
  '..%c0%af',
  '....//',
  '/./',
  '%252e%252e/',
  '..;/',
];
const GOALS = [
  'etc/passwd',
  'package.json',
  'gateway/main.ts',
  '.data/operator-token',
  'proc/self/environ',
  'graphql',
  'metrics',
  'windows/win.ini',
];
const ROOTS = [
  '/',
  '//',
  '/api/',
  '/api/docs/',
  '/graphql/',
  '/dashboard.js/',
  '/documents.json/',
  '\\',
  '/api\\',
  '/%00',
];

const paths: Family = (dice) => {
  const climb = dice.pick(CLIMBS).repeat(1 + dice.below(8));
  const path = `${dice.pick(ROOTS)}${climb}${dice.pick(GOALS)}${dice.pick(['', '', '%00.html', '?x=1', '#y', '/.', '%'])}`;
  return { path, ...(dice.once(3) ? { headers: [['accept', 'text/html']] } : {}) };
};

/** Bad percent-encoding, names that come twice, nothing where something should be. */
const queryStrings: Family = (dice) => {
  const piece = (): string =>
    dice.pick([
      'query={p90{trips}}',
      'query=%7Bp90%7Btrips%7D%7D',
      '%71uery=%7B__schema%7Btypes%7Bname%7D%7D%7D',
      'query=%',
      'query=%zz%00',
      'query=%ff%fe{p90{trips}}',
      'query',
      '=',
      '&&&',
      'variables={}',
      'variables=%7B',
      'variables=null&variables=null',
      'variables=[1]',
      'variables={%22__proto__%22:1}',
      'extensions=%7B%7D',
      'extensions={%22persistedQuery%22:{}}',
      'operationName=',
      'operationName=%00',
      '__proto__=1',
      'constructor[prototype][x]=1',
      'query[]={p90{trips}}',
      `query=${'%20'.repeat(dice.below(9_000))}{p90{trips}}`,
      `q${dice.below(1e6)}=${'x'.repeat(dice.below(3_000))}`,
      escaped(dice.text(30)),
    ]);
  const parts = Array.from({ length: dice.below(6) }, piece);
  const accept = dice.pick([
    undefined,
    'text/html',
    '*/*',
    'application/graphql-response+json',
    'text/event-stream',
    'image/png',
    'text/html;q=0.1, */*',
    'a/b;'.repeat(3_000),
  ]);
  return {
    path: `/graphql?${parts.join('&')}`.slice(0, 31_000),
    method: dice.pick(['GET', 'GET', 'GET', 'HEAD']),
    headers: accept === undefined ? [] : [['accept', accept]],
    ...(accept === 'text/event-stream' ? { leaveAfter: 500 } : {}),
  };
};

/** Targets and hosts that name another server. */
const otherHosts: Family = (dice, { canary }) => {
  const host = new URL(canary).host;
  const path = dice.pick(['/graphql', '/graphql?query={p90{trips}}', '/', '/api/p90', '/documents.json']);
  const target = dice.pick([
    path,
    path,
    `${canary}${path}`,
    `//${host}${path}`,
    `@${host}${path}`,
    `\\\\${host}\\x`,
    `http:${path}`,
    '*',
    '?',
    '//',
    host,
  ]);
  const named = dice.pick([
    host,
    `${host}@gateway`,
    '',
    ' ',
    '[',
    '[::1',
    'a b',
    '///',
    'gateway:99999',
    'gateway:x',
    '#',
    '?',
    '%',
    'x'.repeat(20_000),
    '127.0.0.1',
    '\u0081'.repeat(9),
    '169.254.169.254',
  ]);
  const accept = dice.pick(['text/html', 'application/json', 'text/event-stream', '*/*']);
  const headers: [string, string][] = [
    ['Host', named],
    ['accept', accept],
  ];
  if (dice.once(3))
    headers.push(['x-forwarded-host', host], ['x-forwarded-proto', 'gopher'], ['forwarded', `host=${host}`]);
  if (dice.once(4)) headers.push(['referer', canary], ['origin', canary]);
  const isQuestion = dice.once(3);
  return {
    path: isQuestion ? '/graphql' : target,
    headers: isQuestion ? [...headers, JSON_TYPE] : headers,
    ...(isQuestion
      ? {
          body: JSON.stringify({
            query: dice.pick(['{ p90 { trips } }', 'subscription { p90Changed { trips } }']),
          }),
        }
      : {}),
    ...(accept === 'text/event-stream' ? { leaveAfter: 500 } : {}),
  };
};

/** Names of files that are none, to those who would act on them: with the operator's token and without. */
const filenames: Family = (dice, { canary, operatorToken }) => {
  const name = dice.pick([
    `../../${dice.pick(GOALS)}`,
    `/${dice.pick(GOALS)}`,
    `yellow_tripdata_2024-01.parquet\0.txt`,
    '..',
    '.',
    '',
    `${canary}/yellow_tripdata_2024-01.parquet`,
    'http://169.254.169.254/latest/meta-data/',
    's3://elsewhere/x.parquet',
    '{a,b}*.parquet',
    "'; DROP TABLE trips; --",
    '\u202etxt.parquet',
    'x'.repeat(dice.below(40_000)),
    dice.text(30),
  ]);
  const isOperator = dice.once(40);
  const headers: Shot['headers'] = isOperator ? [['authorization', `Bearer ${operatorToken}`]] : [];
  return dice.pick([
    () =>
      asPost(
        {
          query: 'mutation M($name: String!) { rollback(filename: $name) { dataVersion } }',
          variables: { name },
        },
        headers,
      ),
    () =>
      asPost(
        {
          query: 'mutation M($names: [String!]) { retryQuarantined(filenames: $names) { retrying } }',
          variables: { names: [name, name] },
        },
        headers,
      ),
    () =>
      asPost(
        {
          query: 'mutation M($host: String) { setLimits(host: $host, maxConcurrent: 1) { host } }',
          variables: { host: name },
        },
        headers,
      ),
    () =>
      asPost(
        {
          query: 'mutation M($from: String!) { backfill(from: $from, to: $from) { id } }',
          variables: { from: name },
        },
        headers,
      ),
    () => ({ path: `/graphql?query=${encodeURIComponent('mutation { pause { accepted } }')}`, headers }),
  ])();
};

export const ADDRESS_FAMILIES = { paths, queryStrings, otherHosts, filenames } satisfies Record<
  string,
  Family
>;

/** What is barely HTTP, or HTTP that is larger than anybody needs. */
import type { Shot } from './shot.ts';
import { JSON_TYPE, type Family } from './world.ts';

const QUESTION = JSON.stringify({ query: '{ p90 { trips } }' });
const PATHS = [
  '/graphql',
  '/graphql?query={p90{trips}}',
  '/api/p90',
  '/api/trips-over-p90',
  '/api/arrivals',
  '/',
  '/healthz',
  '/metrics',
  '/nowhere',
  '/documents.json',
  '/api/openapi.json',
];

const methods: Family = (dice) => ({
  path: dice.pick(PATHS),
  method: dice.pick([
    'TRACE',
    'PUT',
    'DELETE',
    'PATCH',
    'OPTIONS',
    'OPTIONS',
    'HEAD',
    'PROPFIND',
    'PURGE',
    'M-SEARCH',
    'SEARCH',
    'LOCK',
    'POST',
  ]),
  headers: [
    ...(dice.once(2)
      ? ([['origin', dice.pick(['https://evil.example.org', 'null', '*', 'x'.repeat(9_000)])]] as const)
      : []),
    ...(dice.once(3) ? ([['access-control-request-method', 'DELETE']] as const) : []),
    ...(dice.once(4) ? ([['x-http-method-override', 'DELETE']] as const) : []),
  ],
  ...(dice.once(3) ? { body: QUESTION } : {}),
});

const headers: Family = (dice) => {
  const given: [string, string][] = dice.pick<() => [string, string][]>([
    () => Array.from({ length: dice.pick([200, 1_000, 2_100]) }, (_, index) => [`x-${index}`, 'y']),
    () => [['x-long', 'x'.repeat(dice.pick([1_000, 32_000, 33_000, 200_000]))]],
    () => [['if-none-match', Array.from({ length: 4_000 }, (_, index) => `"${index}"`).join(',')]],
    () => [['if-none-match', dice.pick(['*', '', 'W/', '"', 'W/"1-x", *', '\\"'])]],
    () => [['accept', '*/*;q=0.'.repeat(3_000)]],
    () => [
      [
        'accept',
        dice.pick([
          '',
          ',,,',
          ';q=',
          'application/json;q=nan',
          'application/json;q=0',
          '*/*;q=1e9',
          'x'.repeat(30_000),
        ]),
      ],
    ],
    () => [
      [
        'accept-encoding',
        dice.pick(['gzip;q=0', '*;q=0', 'gzip, gzip, br', 'identity;q=0', 'gzip,'.repeat(6_000)]),
      ],
    ],
    () => [['x-forwarded-for', Array.from({ length: 2_000 }, () => '1.2.3.4').join(',')]],
    () => [
      ['range', 'bytes=0-,1-,2-'],
      ['te', 'trailers'],
      ['upgrade', 'h2c'],
      ['http2-settings', 'AAAA'],
    ],
    () => [
      ['upgrade', 'websocket'],
      ['connection', 'Upgrade'],
      ['sec-websocket-key', 'AAAAAAAAAAAAAAAAAAAAAA=='],
      ['sec-websocket-version', '13'],
    ],
    () => [['expect', dice.pick(['200-ok', 'x'.repeat(500)])]],
    () => [
      ['cookie', 'a=b; '.repeat(5_000)],
      ['cookie', 'c'],
    ],
    () => [['last-event-id', dice.text(40).replaceAll(/[^\x20-\x7e]/g, '')]],
    () => [
      ['origin', 'null'],
      ['origin', 'https://evil.example.org'],
    ],
    () => [
      ['constructor', 'x'],
      ['__proto__', 'x'],
      ['hasownproperty', 'x'],
    ],
  ])();
  const isPost = dice.once(3);
  return {
    path: isPost ? '/graphql' : dice.pick(PATHS),
    headers: isPost ? [...given, JSON_TYPE] : given,
    ...(isPost ? { body: QUESTION } : {}),
    // What switches protocols, or waits for it to happen, is nobody's answer.
    ...(given.some(([name]) => name === 'upgrade') ? { leaveAfter: 500 } : {}),
  };
};

const LARGE = [131_072, 131_073, 200_000, 1_048_576, 1_048_577, 4_000_000];

const largeBodies: Family = (dice) => {
  const size = dice.pick(LARGE);
  const filler = dice.pick(['x', ' ', '{', '"', '\\']).repeat(size);
  const body = dice.pick([
    filler,
    `{"query":"{ p90 { trips } }","variables":{"a":"${'x'.repeat(size)}"}}`,
    `{"query":"${'#'.repeat(size)}"}`,
  ]);
  const path = dice.pick(['/graphql', '/api/arrivals', '/api/p90', '/nowhere']);
  if (dice.once(2)) return { path, headers: [JSON_TYPE], body };
  const piece = `${(4_096).toString(16)}\r\n${'x'.repeat(4_096)}\r\n`;
  return {
    path,
    headers: [JSON_TYPE, ['transfer-encoding', 'chunked']],
    body: `${piece.repeat(Math.ceil(size / 4_096))}0\r\n\r\n`,
  };
};

const post = (lines: readonly string[], body: string): string =>
  ['POST /graphql HTTP/1.1', 'Host: gateway', 'Content-Type: application/json', ...lines, '', body].join(
    '\r\n',
  );
const GET = 'GET /api/p90 HTTP/1.1\r\nHost: gateway\r\n';

/** Bytes on which two parsers might not agree, and bytes that are no HTTP at all. */
const smuggling: Family = (dice, { canary }) => {
  const raw = dice.pick<() => string | Buffer>([
    () => post(['Content-Length: 5', 'Content-Length: 50'], QUESTION),
    () => post([`Content-Length: ${QUESTION.length}`, 'Transfer-Encoding: chunked'], `0\r\n\r\n${GET}\r\n`),
    () => post(['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'], '0\r\n\r\n'),
    () => post(['Transfer-Encoding: xchunked'], QUESTION),
    () => post(['Transfer-Encoding : chunked'], '0\r\n\r\n'),
    () => post(['Content-Length: -1'], QUESTION),
    () => post(['Content-Length: +5'], QUESTION),
    () => post(['Content-Length: 0x10'], QUESTION),
    () => post([`Content-Length: ${'9'.repeat(1 + dice.below(60))}`], QUESTION),
    () => post(['Transfer-Encoding: chunked'], `${'f'.repeat(20)}\r\nx`),
    () => post(['Transfer-Encoding: chunked'], `5;${'x'.repeat(30_000)}\r\nhello\r\n0\r\n\r\n`),
    () => post(['Transfer-Encoding: chunked'], `-1\r\nx\r\n0\r\n\r\n`),
    () => post(['Content-Length: 0'], `${GET}\r\n`),
    () => `${GET}X: a\nY: b\r\n\r\n`,
    () => `${GET} folded: 1\r\n\r\n`,
    () => `${GET}X\0Y: 1\r\n\r\n`,
    () => `${GET}: 1\r\n\r\n`,
    () => 'GET /\r\n\r\n',
    () => 'GET / HTTP/9.9\r\n\r\n',
    () => 'GET / HTTP/1.0\r\n\r\n',
    () => 'GET / HTTP/1.1\r\n\r\n',
    () => `GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n`,
    () => `CONNECT ${new URL(canary).host} HTTP/1.1\r\nHost: x\r\n\r\n`,
    () => `GET ${'/x'.repeat(dice.pick([100, 20_000]))} HTTP/1.1\r\nHost: a\r\n\r\n`,
    () => `GET /\u00e9\u0001 HTTP/1.1\r\nHost: a\r\n\r\n`,
    () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    () => Buffer.from('16030100c8010000c40303', 'hex'),
    () => dice.bytes(1 + dice.below(400)),
    () => `${dice.text(dice.below(100))}\r\n\r\n`,
    () => `${GET}\r\n`.repeat(100),
    () => `FLUSHALL\r\nSET x y\r\n\r\n`,
    () => Buffer.alloc(100_000, 'A'),
  ])();
  // Some of them a parser waits for the rest of.
  return { path: '', raw, leaveAfter: 700 };
};

/** Hangs up in the midst: of the headers, of the body, of the answer. */
const aborts: Family = (dice) => {
  const path = dice.pick([
    '/graphql?query={p90Series(bucket:HOUR){points{value}}}',
    '/api/trips-over-p90',
    '/api/series?bucket=DAY',
    `/api/percentile?p=0.${1 + dice.below(1e9)}`,
  ]);
  const whole = `GET ${path} HTTP/1.1\r\nHost: gateway\r\n\r\n`;
  const posted = post([`Content-Length: ${QUESTION.length}`], QUESTION);
  const shot = (raw: string): Shot => ({ path: '', raw, leaveAfter: dice.below(60) });
  return dice.once(2)
    ? shot(whole.slice(0, dice.once(2) ? undefined : dice.below(whole.length)))
    : shot(posted.slice(0, dice.below(posted.length)));
};

export const PROTOCOL_FAMILIES = { methods, headers, largeBodies, smuggling, aborts } satisfies Record<
  string,
  Family
>;

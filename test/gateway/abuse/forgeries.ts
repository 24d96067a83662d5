/** What is made up to look like somebody else's word: notifications of a bucket, tokens of an issuer. */
import { createHmac } from 'node:crypto';
import type { Dice } from './dice.ts';
import { asPost, type Family } from './world.ts';

const NOWHERE = [
  'http://169.254.169.254/latest/meta-data/iam',
  'file:///etc/passwd',
  'gopher://127.0.0.1:6379/_FLUSHALL',
  'http://[::1]:8123/?query=SELECT%201',
];

/** Each tells of a bucket that is not the source's, or of something that is no file. */
const notifications: Family = (dice, { canary, operatorToken }) => {
  const address = dice.pick([canary, ...NOWHERE]);
  const key = dice.pick([
    `${address}/yellow_tripdata_2024-01.parquet`,
    encodeURIComponent(`${address}/x.parquet`),
    '../../lake/x.parquet',
    '..%2f..%2fx.parquet',
    '%E0%A4%A',
    '%00.parquet',
    `${'a'.repeat(dice.below(5_000))}.parquet`,
    dice.text(40),
  ]);
  const record = {
    eventName: dice.pick(['ObjectCreated:Put', 's3:ObjectCreated:Copy', 'ObjectRemoved:Delete', '']),
    s3: {
      bucket: { name: dice.pick(['elsewhere', new URL(canary).host, canary, '', '*']) },
      object: { key },
    },
  };
  const count = dice.once(10) ? 1_500 : 1 + dice.below(4);
  const body = dice.pick([
    () => JSON.stringify({ Records: Array.from({ length: count }, () => record) }),
    () => JSON.stringify({ Type: 'SubscriptionConfirmation', SubscribeURL: canary, TopicArn: 'x' }),
    () => JSON.stringify({ Records: dice.pick([null, 1, [null], [{}], [{ s3: {} }], [[[]]]]) }),
    () => `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "${canary}">]><x>&e;</x>`,
    () => '{"Records":'.repeat(9_000),
    () => '['.repeat(200_000),
    () => dice.text(dice.below(500)),
    () => Buffer.alloc(dice.pick([1, 1 << 20, (1 << 20) + 1]), 0x20),
  ])();
  return {
    path: '/api/arrivals',
    method: dice.once(12) ? dice.pick(['PUT', 'DELETE', 'PATCH']) : 'POST',
    headers: dice.once(4) ? [] : [['authorization', `Bearer ${operatorToken}`]],
    body,
  };
};

const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function forgedToken(dice: Dice, canary: string): string {
  const header = {
    alg: dice.pick(['none', 'None', 'HS256', 'RS256', 'ES256', 'EdDSA', 'dir', '', 7, 'PBES2-HS512+A256KW']),
    typ: 'JWT',
    kid: dice.pick([
      'first',
      '../../../dev/null',
      "' OR 1=1",
      `${canary}/key`,
      `k${dice.below(1e9)}`,
      undefined,
    ]),
    ...(dice.once(2) ? { jku: `${canary}/jwks`, x5u: `${canary}/x5u` } : {}),
    ...(dice.once(4) ? { jwk: { kty: 'oct', k: 'AAAA' }, x5c: ['AAAA'] } : {}),
    ...(dice.once(6) ? { crit: ['b64'], b64: false } : {}),
    ...(dice.once(6) ? { zip: 'DEF', p2c: 2_000_000_000, p2s: 'AAAA' } : {}),
  };
  const payload = {
    sub: 'mallory',
    roles: ['operator'],
    scope: 'tripline:operator',
    iss: dice.pick(['https://id.example.org/', canary]),
    aud: 'tripline',
    exp: dice.pick([9_999_999_999, 0, -1, '1', 1e300, null]),
  };
  const signed = `${encoded(header)}.${encoded(payload)}`;
  return dice.pick([
    `${signed}.`,
    `${signed}.${createHmac('sha256', 'secret').update(signed).digest('base64url')}`,
    `${signed}.${dice.bytes(64).toString('base64url')}`,
    `${signed}.${'A'.repeat(20_000)}`,
    `${encoded('x')}..`,
    '..',
    'a.b.c',
    `${'A'.repeat(9_000)}.${'A'.repeat(9_000)}.A`,
  ]);
}

const tokens: Family = (dice, { canary }) => {
  const token = forgedToken(dice, canary);
  const header = dice.pick([
    ['authorization', `Bearer ${token}`],
    ['authorization', `bearer  ${token} `],
    ['authorization', `Bearer ${token} ${token}`],
    ['authorization', 'Bearer'],
    ['authorization', 'Basic b3BlcmF0b3I6eA=='],
    ['authorization', dice.text(50).replaceAll(/[^\x20-\x7e]/g, '')],
    ['x-api-key', token],
    ['x-api-key', ''],
    ['x-api-key', 'the-dashboards-secret-kez'],
    ['cookie', `token=${token}`],
  ] as const);
  const query = dice.pick(['{ p90 { trips } }', 'mutation { pause { accepted } }', '{ __typename }']);
  if (dice.once(4))
    return { path: dice.pick(['/api/p90', '/api/trips-over-p90', '/api/files']), headers: [header] };
  return asPost({ query }, [header]);
};

export const FORGERY_FAMILIES = { notifications, tokens } satisfies Record<string, Family>;

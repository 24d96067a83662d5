import { expect, it } from 'vitest';
import { requireOuterRedirect, type Lookup } from './inner-address.ts';

const NAMES: Record<string, string[]> = {
  'source.example': ['93.184.216.34'],
  'cdn.example': ['93.184.216.35', '2606:2800:220::1'],
  'rebound.example': ['93.184.216.34', '127.0.0.1'],
  'beside.example': ['10.1.2.3'],
};
const lookup: Lookup = (name) => {
  const found = NAMES[name];
  return found === undefined
    ? Promise.reject(new Error('ENOTFOUND'))
    : Promise.resolve(found.map((address) => ({ address })));
};
const outcome = (from: string, to: string): Promise<string> =>
  requireOuterRedirect({ origin: new URL(from), target: new URL(to), shown: from, lookup }).then(
    () => 'followed',
    ({ kind }: { kind: string }) => kind,
  );

it.each([
  ...[
    ...[
      'http://127.0.0.1:8123/',
      'http://127.1.2.3/',
      'http://2130706433/',
      'http://0/',
      'http://localhost:4000/',
    ],
    ...['http://[::1]/', 'http://[::ffff:127.0.0.1]/', 'http://169.254.169.254/latest/', 'http://10.0.0.1/'],
    ...[
      'http://192.168.1.1/',
      'http://172.31.0.1/',
      'http://[fd00::1]/',
      'http://[fe80::1]/',
      'http://x.localhost/',
    ],
    ...['http://rebound.example/', 'http://beside.example/'],
  ].map((target) => ['http://source.example/', target, 'broken']),
  ['http://source.example/', 'http://cdn.example/file', 'followed'],
  ['http://source.example/', 'http://source.example/file', 'followed'],
  ['http://source.example/', 'http://172.32.0.1/', 'followed'],
  ['http://source.example/', 'http://nobody.example/', 'unavailable'],
  // Who is beside us may send us beside us.
  ['http://127.0.0.1:1/', 'http://127.0.0.1:2/', 'followed'],
  ['http://beside.example/', 'http://10.0.0.1/', 'followed'],
])('from %s to %s: %s', async (from, to, expected) => {
  expect(await outcome(from, to)).toBe(expected);
});

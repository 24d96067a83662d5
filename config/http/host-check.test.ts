import { describe, expect, it } from 'vitest';
import { createHostCheck } from './host-check.ts';

const check = createHostCheck({ names: ['gateway', '*.example.org', 'tripline.lan'], advice: 'Do this.' });
const ask = (...hosts: string[]) =>
  check({
    headers: hosts[0] === undefined ? {} : { host: hosts[0] },
    rawHeaders: ['Accept', '*/*', ...hosts.flatMap((host, at) => [at % 2 === 0 ? 'Host' : 'hoSt', host])],
  })?.status;

describe('Host', () => {
  it.each([
    ...['127.0.0.1', '127.0.0.1:4000', '10.1.2.3:80', '[::1]', '[::1]:4000', '[2001:DB8::1]:1'],
    ...['[::ffff:127.0.0.1]:4000', '[fe80::1%25eth0]:4000', 'localhost', 'LocalHost:4000', 'localhost.:4000'],
    ...['tripline.localhost:4000', 'gateway:4000', 'GATEWAY', 'a.example.org', 'a.b.Example.org.:443'],
    ...['tripline.lan', 'localhost:'],
  ])('%s is ours', (host) => {
    expect(ask(host)).toBeUndefined();
    // From what was kept.
    expect(ask(host)).toBeUndefined();
  });

  it.each([
    ...[
      'evil.example',
      'evil.example:4000',
      '127.0.0.1.evil.example',
      'localhost.evil.example',
      'xlocalhost',
    ],
    ...[
      'example.org',
      '.example.org',
      'evilexample.org',
      'a.example.org.evil.example',
      'gateway.evil.example',
    ],
    ...[
      '127.0.0.1@evil.example',
      'evil.example@127.0.0.1',
      '127.0.0.1,evil.example',
      '127.0.0.1 evil.example',
    ],
    ...['[evil.example]', '[::1', '::1', '[::1]evil', '127.0.0.1:4000:80', '127.0.0.1:x', '2130706433'],
    ...[
      '0x7f.1',
      '127.1',
      '127.0.0.1..',
      'localhost..',
      '*',
      '*.example.org',
      'http://localhost',
      'localhost/',
      '%6cocalhost',
    ],
  ])('%s is not', (host) => {
    expect(ask(host)).toBe(421);
  });

  it('is there once', () => {
    expect(ask()).toBe(400);
    expect(ask('')).toBe(400);
    expect(ask('localhost', 'localhost')).toBe(400);
    expect(ask('localhost', 'evil.example')).toBe(400);
  });

  it('says what to do, and shows no more than a line of what came', () => {
    const host = 'x'.repeat(10_000);
    const { detail = '' } = check({ headers: { host }, rawHeaders: [] }) ?? {};
    expect(detail).toMatch(/^This server is not called "x{100}"\. Do this\.$/);
  });

  it('may be any name where that is wanted', () => {
    const any = createHostCheck({ names: ['*'], advice: '' });
    expect(any({ headers: { host: 'evil.example' }, rawHeaders: [] })).toBeUndefined();
    expect(any({ headers: { host: 'a@b' }, rawHeaders: [] })?.status).toBe(421);
  });
});

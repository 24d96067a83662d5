import { describe, expect, it } from 'vitest';
import { createCors } from './cors.ts';

const OURS = 'https://dashboards.example.org';
const THEIRS = 'https://evil.example.org';
const ORIGINS = [undefined, 'null', OURS, THEIRS];

it.each(ORIGINS)('says nothing to %s by default', (origin) => {
  const { headersFor, preflightHeadersFor } = createCors([]);
  expect(headersFor(origin)).toEqual({});
  expect(preflightHeadersFor(origin)).toEqual({ allow: 'GET, HEAD, POST, OPTIONS' });
});

it.each(ORIGINS)('lets everybody in with *, %s too, the same for all', (origin) => {
  const { headersFor, preflightHeadersFor } = createCors([OURS, '*']);
  expect(headersFor(origin)).toEqual({
    'access-control-allow-origin': '*',
    'access-control-expose-headers': expect.stringMatching(/\bETag, Retry-After\b/),
  });
  expect(preflightHeadersFor(origin)).toMatchObject({ 'access-control-allow-origin': '*' });
  expect(preflightHeadersFor(origin)).not.toHaveProperty('vary');
});

describe('with a list', () => {
  const { headersFor, preflightHeadersFor } = createCors(['https://other.example.org', OURS]);

  it('lets in who is on it', () => {
    expect(headersFor(OURS)).toMatchObject({ vary: 'Origin', 'access-control-allow-origin': OURS });
    expect(preflightHeadersFor(OURS)).toEqual({
      vary: 'Origin',
      allow: 'GET, HEAD, POST, OPTIONS',
      'access-control-allow-origin': OURS,
      'access-control-allow-methods': 'GET, HEAD, POST',
      'access-control-allow-headers': expect.stringMatching(
        /^content-type, authorization, x-api-key, if-none-match,/,
      ),
      'access-control-max-age': 7_200,
    });
  });

  it.each([
    undefined,
    'null',
    '',
    THEIRS,
    `${OURS}.evil.example.org`,
    `${OURS}:8443`,
    'http://dashboards.example.org',
    OURS.toUpperCase(),
    '*',
  ])('keeps %s out, and caches apart', (origin) => {
    expect(headersFor(origin)).toEqual({ vary: 'Origin' });
    expect(preflightHeadersFor(origin)).toEqual({ vary: 'Origin', allow: 'GET, HEAD, POST, OPTIONS' });
  });
});

it('never takes credentials', () => {
  for (const origins of [[], [OURS], ['*']]) {
    const { headersFor, preflightHeadersFor } = createCors(origins);
    expect(headersFor(OURS)).not.toHaveProperty('access-control-allow-credentials');
    expect(preflightHeadersFor(OURS)).not.toHaveProperty('access-control-allow-credentials');
  }
});

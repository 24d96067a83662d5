import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSmallGateway } from '../test/support/small-gateway.ts';
import { exchange } from '../test/support/exchange.ts';

let gateway: Awaited<ReturnType<typeof startSmallGateway>>;

beforeAll(async () => {
  gateway = await startSmallGateway({}, { CORS_ORIGINS: 'https://dashboards.example.org' });
});
afterAll(() => gateway.stop());

const accept = 'text/html,application/xhtml+xml,*/*;q=0.8';

describe.each(['/', '/dashboard.js', '/api', '/api/openapi.json', '/documents.json', '/graphql'])(
  '%s',
  (path) => {
    it('may be in no frame, send no form, have no other base, and be taken for nothing else', async () => {
      const { status, headers } = await exchange(gateway.url + path, { headers: { accept } });
      expect(status).toBe(200);
      expect(headers['content-security-policy']).toMatch(
        /^default-src .*; frame-ancestors 'none'; base-uri 'none'; form-action 'none'$/,
      );
      expect(headers['x-content-type-options']).toBe('nosniff');
    });

    it('is sent compressed, and once', async () => {
      const headers = { accept, 'accept-encoding': 'gzip' };
      const first = await exchange(gateway.url + path, { headers });
      expect(first.headers).toMatchObject({
        'content-encoding': 'gzip',
        'cache-control': 'no-cache',
        vary: expect.stringMatching(/\baccept-encoding\b/),
      });
      const etag = String(first.headers.etag);
      const again = await exchange(gateway.url + path, { headers: { ...headers, 'if-none-match': etag } });
      expect([again.status, again.headers.etag, again.body.length]).toEqual([304, etag, 0]);
    });
  },
);

it.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('%s asks for no page', async (method) => {
  const { status, headers } = await exchange(`${gateway.url}/`, {
    method,
    ...(method === 'POST' && { body: 'x'.repeat(100_000) }),
  });
  expect([status, headers.allow, headers['content-type']]).toEqual([
    405,
    'GET, HEAD',
    'application/problem+json',
  ]);
});

it('has GraphiQL where GraphQL is, for those who take pages', async () => {
  const headers = { accept, origin: 'https://dashboards.example.org' };
  const page = await exchange(`${gateway.url}/graphql`, { headers });
  expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
  expect(page.headers.vary).toBe('Origin, accept, accept-encoding');
  expect(page.headers['content-security-policy']).toMatch(/; script-src 'sha256-[\w+/]{43}='; /);
  const answer = await exchange(`${gateway.url}/graphql?query={__typename}`, { headers });
  expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
});

/** Who may ask a gateway what, over HTTP. There is an engine and an issuer of tokens; Redis and Temporal are away. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrate } from '../../warehouse/migrate.ts';
import { createWarehouse } from '../../warehouse/warehouse.ts';
import { startEngineProcess, temporaryFolder, type EngineProcess } from '../integration/engine-process.ts';
import { freePort } from '../support/tripline.ts';
import { startGateway, type Gateway } from '../support/gateway.ts';
import { until } from '../support/until.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';

const OPERATOR = 'the-operators-secret-token';
const KEY = 'the-dashboards-secret-key';
const PAGE = 'https://dashboards.example.org';
const FOR_US = { iss: 'https://id.example.org/', aud: 'tripline' };

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let engine: EngineProcess;
let issuer: TokenIssuer;
let closed: Gateway;
let open: Gateway;
/** Good until it expires, and seen by the closed gateway before its issuer went away. */
let reader: string;
let steering: string;
/** Everything that nobody may find in a log. */
const secrets: string[] = [OPERATOR, KEY];

beforeAll(async () => {
  [folder, issuer] = await Promise.all([temporaryFolder(), startTokenIssuer()]);
  engine = await startEngineProcess(folder.path);
  secrets.push(engine.credentials.headers('gateway')['X-ClickHouse-Key']);
  const warehouse = createWarehouse({ url: engine.as('loader'), by: 'worker' });
  await migrate(warehouse);
  await warehouse.close();
  const away = 'redis://127.0.0.1:1';
  const some = {
    dataDir: folder.path,
    part: () => ({ pid: 0, url: away }),
    clickhouse: () => engine.as('gateway'),
  };
  const start = (env: Record<string, string>) =>
    startGateway(some, {
      sourceUrl: 'https://source.example.org/',
      env: {
        OPERATOR_TOKEN: OPERATOR,
        API_KEYS: `dashboards:${KEY}`,
        LOG_LEVEL: 'trace',
        LOG_FORMAT: 'json',
        ...env,
      },
    });
  [closed, open] = await Promise.all([
    start({
      READING: 'authenticated',
      JWT_JWKS_URL: issuer.jwksUrl,
      JWT_ISSUER: FOR_US.iss,
      JWT_AUDIENCE: FOR_US.aud,
    }),
    // Its issuer never comes.
    start({ CORS_ORIGINS: PAGE, JWT_JWKS_URL: `http://127.0.0.1:${await freePort()}/jwks` }),
  ]);
  reader = await issuer.sign(FOR_US);
  steering = await issuer.sign({ ...FOR_US, sub: 'op', roles: ['operator'] });
  secrets.push(reader, steering);
});

afterAll(async () => {
  await Promise.all([closed?.stop(), open?.stop(), issuer?.close()]);
  await engine?.stop();
  await folder?.remove();
  expectNoSecretInLogs();
});

/** Whatever was asked; the gateways have ended, so that their logs are whole. */
function expectNoSecretInLogs(): void {
  for (const gateway of [closed, open]) {
    expect(gateway?.log()).toMatch(/gateway is listening/);
    for (const secret of secrets) expect(gateway?.log()).not.toContain(secret);
  }
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

interface Answer {
  status: number;
  headers: Headers;
  body: { data?: Record<string, unknown>; errors?: { message: string; extensions: { code: string } }[] };
}

async function post(gateway: Gateway, query: string, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
  });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Answer['body'],
  };
}
const ask = (gateway: Gateway, headers: Record<string, string> = {}) =>
  post(gateway, '{ p90 { trips } }', headers);
/** Past the gate it is a mistake, so that nothing needs to be there to do it. */
const steer = (gateway: Gateway, headers: Record<string, string> = {}) =>
  post(gateway, 'mutation { backfill(from: "2022-13", to: "2022-13") { id } }', headers);
const tell = (gateway: Gateway, headers: Record<string, string> = {}) =>
  fetch(`${gateway.url}/api/arrivals`, { method: 'POST', headers, body: '{"Records":[]}' });

describe('where reading needs a key', () => {
  it('says so in GraphQL to those who ask in GraphQL', async () => {
    const { status, headers, body } = await ask(closed);
    expect([status, headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    expect(body).toEqual({
      errors: [
        {
          message: expect.stringMatching(/needs a key or a token here: .*Authorization: Bearer/),
          extensions: { code: 'UNAUTHENTICATED' },
        },
      ],
    });
    const get = await fetch(`${closed.url}/graphql?query={p90{trips}}`, {
      headers: { accept: 'application/graphql-response+json' },
    });
    expect([get.status, get.headers.get('content-type')]).toEqual([
      401,
      'application/graphql-response+json; charset=utf-8',
    ]);
  });

  it.each(['/api/p90', '/api/trips-over-p90'])('says so as a problem to those who ask %s', async (path) => {
    const response = await fetch(`${closed.url}${path}`);
    expect([response.status, response.headers.get('content-type')]).toEqual([
      401,
      'application/problem+json',
    ]);
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
    expect(await response.json()).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' });
    expect((await fetch(`${closed.url}${path}`, { headers: { 'x-api-key': KEY } })).status).toBe(200);
  });

  it('shows its page and how it is to everybody', async () => {
    for (const path of ['/', '/dashboard.js', '/healthz', '/readyz', '/metrics'])
      expect((await fetch(`${closed.url}${path}`)).status).toBe(200);
  });

  it('answers who has a key or a token', async () => {
    for (const headers of [
      bearer(KEY),
      { 'x-api-key': KEY },
      bearer(OPERATOR),
      bearer(reader),
      bearer(reader),
      bearer(steering),
    ]) {
      const { status, body } = await ask(closed, headers);
      expect([status, body]).toEqual([200, { data: { p90: { trips: 0 } } }]);
    }
  });
});

describe('credentials that are not right', () => {
  it('are refused with what is wrong with them', async () => {
    const hour = 3600;
    const past = Math.floor(Date.now() / 1000) - hour;
    await issuer.addKey('stranger', 'ES256');
    const unknown = await issuer.sign(FOR_US, { kid: 'stranger' });
    issuer.withdrawKey('stranger');
    const tokens: [string, RegExp][] = [
      [await issuer.sign({ ...FOR_US, exp: past }), /it has expired/],
      [await issuer.sign({ ...FOR_US, aud: 'another' }), /another audience/],
      [unknown, /publishes no such key/],
      [`${reader.slice(0, -8)}AAAAAAAA`, /its signature is wrong/],
      ['no-key-of-anybodys', /is not known here/],
    ];
    secrets.push(...tokens.map(([token]) => token));
    for (const [token, message] of tokens) {
      const { status, headers, body } = await ask(closed, bearer(token));
      expect([status, headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
      expect(body.errors?.[0]?.message).toMatch(message);
      expect(JSON.stringify(body)).not.toContain(token);
    }
    const malformed = await ask(closed, { authorization: `Bearer ${KEY} ${OPERATOR}` });
    expect([malformed.status, malformed.body.errors?.[0]?.message]).toEqual([
      401,
      expect.stringMatching(/malformed/),
    ]);
  });

  it('are refused where none are needed, too', async () => {
    expect((await ask(open)).status).toBe(200);
    expect((await ask(open, bearer(KEY))).status).toBe(200);
    const { status, body } = await ask(open, bearer('no-key-of-anybodys'));
    expect([status, body.errors?.[0]?.extensions.code]).toEqual([401, 'UNAUTHENTICATED']);
  });

  it('are not told from others while the issuer is away', async () => {
    const { status, headers, body } = await ask(open, bearer(reader));
    expect([status, headers.get('retry-after')]).toEqual([503, '1']);
    expect(body.errors?.[0]).toMatchObject({
      message: expect.stringMatching(/cannot be checked right now/),
      extensions: { code: 'SERVICE_UNAVAILABLE' },
    });
    const rest = await fetch(`${open.url}/api/p90`, { headers: bearer(reader) });
    expect([rest.status, await rest.json()]).toMatchObject([503, { code: 'SERVICE_UNAVAILABLE' }]);
    expect((await ask(open, bearer(OPERATOR))).status).toBe(200);
    await until('it is logged', () => open.log().includes('the keys of JWT_JWKS_URL cannot be fetched'));
    // Of an issuer that goes away: what was checked before stays good.
    await ask(closed, bearer(reader));
    await ask(closed, bearer(steering));
    await issuer.close();
    try {
      for (const known of [reader, steering]) expect((await ask(closed, bearer(known))).status).toBe(200);
    } finally {
      await issuer.comeBack();
    }
  });
});

describe('what only operators may do', () => {
  it('is refused to strangers', async () => {
    const { status, headers, body } = await steer(open);
    expect([status, headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    expect(body.errors).toEqual([
      expect.objectContaining({
        message: expect.stringMatching(/Only an operator .*operator-token in DATA_DIR/),
        extensions: { code: 'UNAUTHENTICATED' },
      }),
    ]);
    const told = await tell(open);
    expect([told.status, told.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    expect((await tell(closed)).status).toBe(401);
  });

  it('is forbidden to readers', async () => {
    for (const headers of [bearer(KEY), { 'x-api-key': KEY }, bearer(reader)]) {
      const { status, body } = await steer(closed, headers);
      expect([status, body.errors?.[0]?.extensions]).toEqual([403, { code: 'FORBIDDEN' }]);
      const told = await tell(closed, headers);
      expect([told.status, await told.json()]).toMatchObject([403, { code: 'FORBIDDEN' }]);
    }
    expect((await steer(open, bearer(KEY))).status).toBe(403);
  });

  it('is done for the holder of the token, and for who has the role', async () => {
    for (const headers of [bearer(OPERATOR), bearer(steering)]) {
      const { status, body } = await steer(closed, headers);
      expect([status, body.errors?.[0]?.extensions]).toEqual([200, { code: 'BAD_USER_INPUT' }]);
      const told = await tell(closed, headers);
      expect([told.status, await told.json()]).toEqual([202, { accepted: 0, ignored: 0 }]);
    }
  });
});

describe('pages of elsewhere', () => {
  const MUTATION = 'mutation { pause { accepted } }';

  it.each([
    'text/plain',
    'text/plain; charset=application/json',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/graphql',
    undefined,
  ])('cannot make a browser change anything with %s, which it sends without asking', async (type) => {
    const response = await fetch(`${open.url}/graphql`, {
      method: 'POST',
      headers: {
        ...bearer(OPERATOR),
        origin: 'https://evil.example.org',
        ...(type && { 'content-type': type }),
      },
      body: new TextEncoder().encode(JSON.stringify({ query: MUTATION })),
    });
    expect(response.status).toBe(415);
  });

  it.each(['GET', 'HEAD'])('cannot by %s', async (method) => {
    const query = new URLSearchParams({ query: MUTATION });
    const response = await fetch(`${open.url}/graphql?${query}`, { method, headers: bearer(OPERATOR) });
    expect(response.status).toBe(405);
  });

  it('may ask where they are on the list', async () => {
    const preflight = (origin: string, gateway = open, path = '/graphql') =>
      fetch(`${gateway.url}${path}`, {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'content-type,authorization',
        },
      });
    const allowed = (response: { headers: Headers }) => [
      response.headers.get('access-control-allow-origin'),
      response.headers.get('vary'),
    ];
    for (const path of ['/graphql', '/api/p90']) {
      const asked = await preflight(PAGE, open, path);
      expect([asked.status, ...allowed(asked)]).toEqual([204, PAGE, 'Origin']);
      expect(asked.headers.get('access-control-allow-headers')).toMatch(/content-type, authorization/);
    }
    const answers = await Promise.all([
      ask(open, { origin: PAGE }),
      fetch(`${open.url}/api/p90`, { headers: { origin: PAGE } }),
      ask(open, { origin: PAGE, ...bearer('no-key-of-anybodys') }),
    ]);
    for (const answer of answers) expect(allowed(answer)).toEqual([PAGE, expect.stringMatching(/Origin/)]);
    for (const refused of [
      await preflight('https://evil.example.org'),
      await ask(open, { origin: 'https://evil.example.org' }),
    ])
      expect(allowed(refused)).toEqual([null, expect.stringMatching(/Origin/)]);
    for (const silent of [await preflight(PAGE, closed), await ask(closed, { origin: PAGE, ...bearer(KEY) })])
      expect(allowed(silent)[0]).toBeNull();
  });
});

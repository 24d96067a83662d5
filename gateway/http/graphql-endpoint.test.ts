import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exchange, type Reply } from '../../test/support/exchange.ts';
import { startSmallGateway } from '../../test/support/small-gateway.ts';

type Gateway = Awaited<ReturnType<typeof startSmallGateway>>;
let gateway: Gateway;
/** Without GraphiQL and introspection. */
let plain: Gateway;

beforeAll(async () => {
  [gateway, plain] = await Promise.all([
    startSmallGateway({}),
    startSmallGateway({}, { GRAPHIQL: '0', INTROSPECTION: '0' }),
  ]);
});

afterAll(async () => {
  await Promise.all([gateway.stop(), plain.stop()]);
});

interface Mistakes {
  errors: { message: string; extensions: unknown }[];
}

async function post(
  body: unknown,
  headers: Record<string, string> = {},
  { url } = gateway,
): Promise<Response> {
  return fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}
const mistakes = async (body: unknown): Promise<Mistakes> => (await (await post(body)).json()) as Mistakes;

describe('an operation that is not told', () => {
  const TWO = 'query A { __typename } query B { __typename }';

  it.each([
    [{ query: TWO }, /has 2 operations: operationName must say which/],
    [{ query: TWO, operationName: 'C' }, /has no operation "C"/],
    [{ query: TWO, operationName: 'C'.repeat(5_000) }, /has no operation "C{60}…"/],
  ])('is the client’s to mend: %j', async (body, message) => {
    expect(await mistakes(body)).toEqual({
      errors: [{ message: expect.stringMatching(message), extensions: { code: 'BAD_USER_INPUT' } }],
    });
  });

  it.each(['', 'null', null, undefined])('is the only one there is: %j', async (operationName) => {
    const response = await post({ query: '{ __typename }', operationName });
    expect(await response.json()).toEqual({ data: { __typename: 'Query' } });
  });
});

describe('a variable of another type', () => {
  const QUERY = 'query ($p: Float!) { percentile(p: $p) { value } }';

  it('is the client’s to mend, and is not sent back whole', async () => {
    const { errors } = await mistakes({ query: QUERY, variables: { p: 'x'.repeat(50_000) } });
    expect(errors).toEqual([
      expect.objectContaining({
        message: expect.stringMatching(/^Variable "\$p" got invalid value "x+…$/),
        extensions: { code: 'BAD_USER_INPUT' },
      }),
    ]);
    expect(errors[0]!.message.length).toBeLessThan(600);
  });

  it('has its code in a stream too', async () => {
    const response = await post({ query: QUERY, variables: { p: 'x' } }, { accept: 'text/event-stream' });
    expect(await response.text()).toContain('"extensions":{"code":"BAD_USER_INPUT"}');
  });

  it('is the client’s to mend also where a default made the document valid', async () => {
    const query = 'query ($p: Float = 0.5) { percentile(p: $p) { value } }';
    expect(await mistakes({ query, variables: { p: null } })).toMatchObject({
      errors: [
        {
          message: 'Argument "p" of non-null type "Float!" must not be null.',
          extensions: { code: 'BAD_USER_INPUT' },
        },
      ],
    });
  });
});

describe('a name that is nearly right', () => {
  const BUCKET = 'query ($bucket: SeriesBucket!) { p90Series(bucket: $bucket) { __typename } }';
  const FILTER = 'query ($filter: TripFilter) { p90(filter: $filter) { trips } }';

  it.each([
    ['of an enum', BUCKET, { bucket: 'MONT' }, 'the enum value "MONTH"'],
    ['of several', BUCKET, { bucket: 'HEAR' }, 'the enum value "YEAR" or "HOUR"'],
    ['of a field', FILTER, { filter: { tripDistances: {} } }, '"tripDistance"'],
  ])('%s is suggested, unless the schema is not shown', async (_of, query, variables, name) => {
    const events = { accept: 'text/event-stream' };
    for (const headers of [{}, events]) {
      const [open, closed] = await Promise.all(
        [gateway, plain].map(async (each) => (await post({ query, variables }, headers, each)).text()),
      );
      const suggested = ` Did you mean ${name}?`.replaceAll('"', String.raw`\"`);
      expect(open).toContain(suggested);
      expect(closed).toBe(open?.replace(suggested, ''));
    }
  });
});

describe('what comes past our own reading of a request', () => {
  /** Its host and target as they are, which fetch would mend. */
  const ask = (url: string, path: string, headers: Record<string, string>): Promise<[number, string]> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(url);
      const asked = request({ hostname, port, path, headers }, (response) => {
        let body = '';
        response.on('data', (piece) => (body += String(piece)));
        response.once('end', () => resolve([response.statusCode ?? 0, body]));
      });
      asked.once('error', reject);
      asked.end();
    });

  it.each(['', '?', '?x=1', '?%71uery={__typename}'])(
    'is not read by anybody: /graphql%s for people',
    async (search) => {
      const [status, body] = await ask(plain.url, `/graphql${search}`, { accept: 'text/html' });
      expect([status, JSON.parse(body)]).toEqual([
        406,
        {
          errors: [
            { message: expect.stringMatching(/no page here/), extensions: { code: 'NOT_ACCEPTABLE' } },
          ],
        },
      ]);
      const [shown, page] = await ask(gateway.url, `/graphql${search}`, { accept: 'text/html' });
      expect([shown, page]).toEqual([200, expect.stringMatching(/<!doctype html>/i)]);
    },
  );

  it.each([
    ['a b', 421],
    ['[', 421],
    ['gateway:x', 421],
    [' ', 400],
  ])('does not hang on the host, which is none: %j', async (host, status) => {
    const [shown] = await ask(gateway.url, '/graphql', { accept: 'text/html', host });
    const [told] = await ask(gateway.url, '/graphql?query={__typename}', {
      accept: 'text/event-stream',
      host,
    });
    expect([shown, told]).toEqual([status, status]);
  });

  it('streams', async () => {
    const [told, events] = await ask(gateway.url, '/graphql?query={__typename}', {
      accept: 'text/event-stream',
    });
    expect(told).toBe(200);
    expect(events).toContain('{"data":{"__typename":"Query"}}');
  });
});

describe('from memory', () => {
  const target = '/graphql?query={__typename}';

  it('pages of other origins get what they got the first time', async () => {
    const open = await startSmallGateway({}, { CORS_ORIGINS: '*' });
    const asked = [{}, {}, { headers: { origin: 'https://elsewhere.example.org' } }];
    const replies: Reply[] = [];
    for (const sent of asked) replies.push(await exchange(open.url + target, sent));
    expect(replies[0]!.headers['access-control-allow-origin']).toBe('*');
    expect(replies.slice(1)).toEqual([replies[0], replies[0]]);
    expect(await (await fetch(`${open.url}/metrics`)).text()).toMatch(/cache="hit",status="200"} 2$/m);
    await open.stop();
  });

  it('no body is taken for an address', async () => {
    await exchange(gateway.url + target);
    const sent = { method: 'POST', headers: { 'content-type': 'application/json' }, body: target };
    expect((await exchange(`${gateway.url}/graphql`, sent)).status).toBe(400);
  });
});

it('keeps names that clients make up short in its metrics, and tells of what it knows apart', async () => {
  await post({ query: `query ${'Q'.repeat(30_000)} { __typename }` });
  const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
  expect(metrics).toMatch(/operation="Q{60}…"/);
  expect(metrics.length).toBeLessThan(100_000);

  // More of them than it tells apart, and then what it knows.
  const ask = (path: string) => fetch(gateway.url + path).then((response) => response.text());
  const made = Array.from({ length: 250 }, (_, index) => `/graphql?query=query Made${index} {__typename}`);
  await Promise.all(made.map(ask));
  const [trusted = { name: '', body: '' }] = (
    JSON.parse(await ask('/documents.json')) as { operations: { name: string; body: string }[] }
  ).operations;
  await Promise.all([ask('/api/p90'), ask('/graphql?query=nonsense'), post({ query: trusted.body })]);
  const told = [...(await ask('/metrics')).matchAll(/_count\{operation="(.*?)"/g)].map(([, name]) => name);
  expect(told).toEqual(expect.arrayContaining(['GET /api/p90', 'refused', trusted.name, 'other']));
});

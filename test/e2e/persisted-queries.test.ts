/** Documents by their hash, as stock clients send them, and gateways that answer trusted documents alone. */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import {
  ApolloClient,
  ApolloLink,
  CombinedGraphQLErrors,
  gql,
  HttpLink,
  InMemoryCache,
} from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { Client, fetchExchange } from '@urql/core';
import { persistedExchange } from '@urql/exchange-persisted';
import { print } from 'graphql';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectGateway } from '../../cli/gateway-client.ts';
import type { DocumentManifest } from '../../gateway/documents/trusted-documents.ts';
import { exchange, jsonOf } from '../support/exchange.ts';
import { addressOf, ask, outcomesOf, postOf, sha256, type Question } from '../support/graphql-request.ts';
import { OPERATOR_TOKEN, startStage, type Stage, type StagedGateway } from '../support/stage.ts';
import { until } from '../support/until.ts';
import { programArguments } from '../../config/program/program.ts';

let stage: Stage;
let one: StagedGateway;
let other: StagedGateway;
let trusting: StagedGateway;

beforeAll(async () => {
  stage = await startStage();
  const noon = BigInt(Date.parse('2023-01-10T12:00:00Z')) * 1000n;
  await stage.publish({
    filename: 'yellow_tripdata_2023-01.parquet',
    trips: Array.from({ length: 10 }, (_, index) => ({ pickup: noon, distance: index + 1 })),
  });
  [one, other, trusting] = await Promise.all([
    stage.startGateway(),
    stage.startGateway(),
    stage.startGateway({ TRUSTED_DOCUMENTS_ONLY: '1' }),
  ]);
});

afterAll(() => stage?.stop());

/** A document of its own for each test. */
const documentOf = (name: string): string => `query ${name} { p90 { value } }`;
const ANSWER = { data: { p90: { value: 9 } } };
const NOT_FOUND = {
  errors: [{ message: 'PersistedQueryNotFound', extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } }],
};
const METHODS = ['GET', 'POST'] as const;
/** Where gateways keep a document in Redis. */
const keyOf = (hash: string): string => `tripline:1:document:${hash}`;

describe('a hash', () => {
  it.each([
    ['GET', 'application/json', 200],
    ['POST', 'application/json', 200],
    ['GET', 'application/graphql-response+json', 400],
    ['POST', 'application/graphql-response+json', 400],
  ])('that nobody registered, by %s with accept: %s', async (method, accept, status) => {
    const question = { hash: sha256('nobody has sent this') };
    const reply =
      method === 'GET'
        ? await exchange(addressOf(one, question), { headers: { accept } })
        : await exchange(`${one.url}/graphql`, postOf(question, { accept }));
    expect([reply.status, reply.headers['content-type'], reply.headers['cache-control']]).toEqual([
      status,
      `${accept}; charset=utf-8`,
      'no-store',
    ]);
    expect(jsonOf(reply)).toEqual(NOT_FOUND);
  });

  it.each(METHODS)('is known everywhere once its document came with it by %s', async (method) => {
    const query = documentOf(`Registered${method}`);
    const hash = sha256(query);
    expect(await ask(other, { hash })).toEqual(NOT_FOUND);
    expect(await ask(one, { query, hash }, { method })).toEqual(ANSWER);
    for (const gateway of [one, other])
      for (const by of METHODS) expect(await ask(gateway, { hash }, { method: by })).toEqual(ANSWER);
    expect(await ask(one, { hash: hash.toUpperCase() })).toEqual(ANSWER);
  });

  it('is known after a restart', async () => {
    const query = documentOf('Restarted');
    await ask(one, { query, hash: sha256(query) });
    await one.stop();
    one = await stage.startGateway();
    expect(await ask(one, { hash: sha256(query) }, { method: 'GET' })).toEqual(ANSWER);
  });

  it('picks one of its operations by name', async () => {
    const query = `${documentOf('Value')} query Count { p90 { trips } }`;
    const hash = sha256(query);
    await ask(one, { query, hash, operationName: 'Value' });
    expect(await ask(other, { hash, operationName: 'Value' })).toEqual(ANSWER);
    expect(await ask(other, { hash, operationName: 'Count' })).toEqual({ data: { p90: { trips: 10 } } });
    for (const question of [{ hash }, { hash, operationName: 'Nothing' }])
      expect(codesOf(await ask(other, question))).toEqual(['BAD_USER_INPUT']);
  });

  it('of another document is refused', async () => {
    const query = documentOf('Mismatched');
    const wrong = sha256('something else');
    for (const method of METHODS) {
      const { errors } = await ask(one, { query, hash: wrong }, { method });
      expect(errors).toMatchObject([
        {
          message: expect.stringContaining(sha256(query)),
          extensions: { code: 'PERSISTED_QUERY_HASH_MISMATCH' },
        },
      ]);
    }
    expect(await ask(one, { hash: wrong })).toEqual(NOT_FOUND);
    expect(await ask(one, { hash: sha256(query) })).toEqual(NOT_FOUND);
  });

  it.each([
    [{ version: 2, sha256Hash: sha256('') }, /version must be 1/],
    [{ sha256Hash: sha256('') }, /version must be 1/],
    [{ version: 1 }, /sha256Hash must be a string/],
    [{ version: 1, sha256Hash: 7 }, /sha256Hash must be a string/],
    ['sha', /persistedQuery must be a JSON object/],
  ])('sent as %j is a bad request', async (persistedQuery, message) => {
    const body = JSON.stringify({ extensions: { persistedQuery } });
    const reply = await exchange(`${one.url}/graphql`, { ...postOf({}), body });
    expect([reply.status, jsonOf(reply)]).toMatchObject([
      400,
      { errors: [{ message: expect.stringMatching(message), extensions: { code: 'BAD_REQUEST' } }] },
    ]);
  });

  it.each(['', 'abc', '../../etc/passwd', 'é'.repeat(64), `${sha256('')}0`])(
    'that is none, %j, is not found',
    async (hash) => expect(await ask(one, { hash })).toEqual(NOT_FOUND),
  );
});

const codesOf = ({ errors = [] }: { errors?: { extensions: { code: string } }[] }): string[] =>
  errors.map(({ extensions }) => extensions.code);

it.each([
  ['{ nothing }', 'GRAPHQL_VALIDATION_FAILED'],
  ['{ p90 { value }', 'GRAPHQL_PARSE_FAILED'],
])('%s is not registered', async (query, code) => {
  const hash = sha256(query);
  expect(codesOf(await ask(one, { query, hash }))).toContain(code);
  for (const gateway of [one, other]) expect(await ask(gateway, { hash })).toEqual(NOT_FOUND);
  expect(await stage.redis.command('exists', keyOf(hash))).toBe(0);
});

it('another text under a hash in Redis is not believed', async () => {
  const query = documentOf('Planted');
  const hash = sha256(query);
  const key = keyOf(hash);
  await stage.redis.command('set', key, 'query Planted { source { url } }');
  expect(await ask(one, { hash })).toEqual(NOT_FOUND);
  await stage.redis.command('del', key);
  await stage.redis.command('lpush', key, query);
  expect(await ask(one, { hash })).toEqual(NOT_FOUND);
  expect(await ask(one, { query, hash })).toEqual(ANSWER);
  expect(await ask(one, { hash })).toEqual(ANSWER);
  await until('it is where the others were', async () => (await stage.redis.command('get', key)) === query);
});

it('a mutation by hash needs POST and the token', async () => {
  const query = 'mutation ByHash { backfill(from: "2022-13", to: "2022-13") { id } }';
  const hash = sha256(query);
  expect(codesOf(await ask(one, { query, hash }))).toEqual(['UNAUTHENTICATED']);
  expect((await exchange(addressOf(one, { hash }))).status).toBe(405);
  const headers = { authorization: `Bearer ${OPERATOR_TOKEN}` };
  expect(codesOf(await ask(other, { hash }, { headers }))).toEqual(['BAD_USER_INPUT']);
});

/** What a client sends, as its own fetch sees it. */
interface Seen {
  method: string;
  /** Is the document in it? */
  text: boolean;
  status: number;
}
function watchedFetch(seen: Seen[]): typeof fetch {
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const body = typeof init?.body === 'string' ? (JSON.parse(init.body) as { query?: string }) : undefined;
    const response = await fetch(input, init);
    const text = url.searchParams.has('query') || body?.query !== undefined;
    seen.push({ method: init?.method ?? 'GET', text, status: response.status });
    return response;
  };
}

interface StockClient {
  query: (document: string, variables?: Record<string, unknown>) => Promise<Outcome>;
  mutate: (document: string, headers?: Record<string, string>) => Promise<Outcome>;
}
interface Outcome {
  data: unknown;
  codes: unknown[];
}

const IS_SHA256 = { sha256: (text: string): string => sha256(text) };

function apolloClient(fetcher: typeof fetch, useGETForHashedQueries: boolean): StockClient {
  const client = new ApolloClient({
    link: ApolloLink.from([
      new PersistedQueryLink({ ...IS_SHA256, useGETForHashedQueries }),
      new HttpLink({ uri: `${one.url}/graphql`, fetch: fetcher }),
    ]),
    cache: new InMemoryCache(),
    defaultOptions: { query: { fetchPolicy: 'no-cache' }, mutate: { fetchPolicy: 'no-cache' } },
  });
  const outcomeOf = async (run: Promise<{ data?: unknown }>): Promise<Outcome> => {
    try {
      return { data: (await run).data, codes: [] };
    } catch (error) {
      if (!CombinedGraphQLErrors.is(error)) throw error;
      return { data: error.data ?? null, codes: error.errors.map(({ extensions }) => extensions?.['code']) };
    }
  };
  return {
    query: (document, variables = {}) => outcomeOf(client.query({ query: gql(document), variables })),
    mutate: (document, headers = {}) =>
      outcomeOf(client.mutate({ mutation: gql(document), context: { headers } })),
  };
}

function urqlClient(fetcher: typeof fetch, preferGetForPersistedQueries: boolean): StockClient {
  const client = new Client({
    url: `${one.url}/graphql`,
    fetch: fetcher,
    preferGetMethod: false,
    requestPolicy: 'network-only',
    exchanges: [
      persistedExchange({
        generateHash: (text) => Promise.resolve(sha256(text)),
        preferGetForPersistedQueries,
      }),
      fetchExchange,
    ],
  });
  const outcomeOf = ({ data, error }: { data?: unknown; error?: UrqlError | undefined }): Outcome => {
    if (error?.networkError !== undefined) throw error.networkError;
    return {
      data: data ?? null,
      codes: error?.graphQLErrors.map(({ extensions }) => extensions['code']) ?? [],
    };
  };
  return {
    query: async (document, variables = {}) => outcomeOf(await client.query(document, variables)),
    mutate: async (document, headers = {}) =>
      outcomeOf(await client.mutation(document, {}, { fetchOptions: { headers } })),
  };
}
interface UrqlError {
  networkError?: Error | undefined;
  graphQLErrors: readonly { extensions: Record<string, unknown> }[];
}

describe.each([
  { name: 'Apollo Client', create: apolloClient, byGet: true, textBy: 'POST' },
  { name: 'Apollo Client', create: apolloClient, byGet: false, textBy: 'POST' },
  { name: 'urql', create: urqlClient, byGet: true, textBy: 'GET' },
  { name: 'urql', create: urqlClient, byGet: false, textBy: 'POST' },
])('a stock $name with GET: $byGet', ({ name, create, byGet, textBy }) => {
  const operationOf = (test: string): string => `${name.split(' ')[0]}${byGet}${test}`;
  const documentOfTest = (operation: string): string =>
    `query ${operation}($from: LocalDateTime) { p90(pickup: { from: $from }) { trips } }`;
  const hashBy = byGet ? 'GET' : 'POST';
  const ten = { trips: 10 };
  let seen: Seen[];
  let client: StockClient;
  beforeEach(() => {
    seen = [];
    client = create(watchedFetch(seen), byGet);
  });

  it('sends the document once, and its hash alone from then on', async () => {
    const operation = operationOf('Once');
    const document = documentOfTest(operation);
    expect(await client.query(document)).toMatchObject({ data: { p90: ten }, codes: [] });
    expect(seen.map(({ method, text }) => [method, text])).toEqual([
      [hashBy, false],
      [textBy, true],
    ]);
    seen.length = 0;
    for (const [from, trips] of [
      ['2023-01-01', 10],
      ['2023-02-01', 0],
      ['2023-01-01', 10],
    ])
      expect(await client.query(document, { from })).toMatchObject({ data: { p90: { trips } }, codes: [] });
    const again = create(watchedFetch(seen), byGet);
    expect(await again.query(document)).toMatchObject({ data: { p90: ten }, codes: [] });
    expect(seen).toEqual(Array.from({ length: 4 }, () => ({ method: hashBy, text: false, status: 200 })));
    expect(await outcomesOf(one, operation)).toEqual({ 'miss 200': 3, 'hit 200': 2 });
  });

  it('is told of mistakes as GraphQL errors', async () => {
    const operation = operationOf('Mistaken');
    const document = documentOfTest(operation);
    for (const from of ['2023-01-01Z', '2023-02-30'])
      expect(await client.query(document, { from })).toEqual({ data: null, codes: ['BAD_USER_INPUT'] });
    expect((await client.query(`query Wrong${operation} { nothing }`)).codes).toEqual([
      'GRAPHQL_VALIDATION_FAILED',
    ]);
  });

  it('sends mutations by POST, with the token', async () => {
    const mutation = `mutation ${operationOf('Mutation')} { backfill(from: "2022-13", to: "2022-13") { id } }`;
    expect((await client.mutate(mutation)).codes).toEqual(['UNAUTHENTICATED']);
    const headers = { authorization: `Bearer ${OPERATOR_TOKEN}` };
    expect((await client.mutate(mutation, headers)).codes).toEqual(['BAD_USER_INPUT']);
    expect(new Set(seen.map(({ method }) => method))).toEqual(new Set(['POST']));
  });
});

describe('a gateway of trusted documents alone', () => {
  const FOLDERS = ['gateway/documents/trusted', 'gateway/rest/operations'];
  const texts = FOLDERS.flatMap((folder) =>
    readdirSync(folder)
      .filter((file) => file.endsWith('.graphql'))
      .map((file) => readFileSync(`${folder}/${file}`, 'utf8')),
  );
  const VARIABLES: Record<string, Record<string, unknown>> = {
    percentile: { p: 0.5 },
    percentiles: { at: [0.5] },
    series: { bucket: 'DAY' },
    Backfill: { from: '2022-13', to: '2022-13', force: false },
    Rollback: { filename: 'none' },
    Withdraw: { filename: 'none' },
    Accept: { filename: 'none' },
  };
  const nameOf = (query: string): string => /^\w+ (\w+)/.exec(query)?.[1] ?? '';
  const NOT_TRUSTED = ['DOCUMENT_NOT_TRUSTED'];

  it('tells which they are', async () => {
    const manifest = jsonOf(await exchange(`${trusting.url}/documents.json`)) as DocumentManifest;
    expect(manifest).toMatchObject({ format: 'apollo-persisted-query-manifest', version: 1 });
    expect(manifest.operations.map(({ body }) => body).toSorted()).toEqual(texts.toSorted());
    for (const { id, name, type, body } of manifest.operations) {
      expect(id).toBe(sha256(body));
      expect(body).toMatch(new RegExp(`^${type} ${name}\\b`));
    }
  });

  it('answers each of them, by text and by hash', async () => {
    const questions = texts.flatMap((query): { query: string; question: Question }[] => {
      const variables = VARIABLES[nameOf(query)] ?? {};
      return [
        { query, question: { query, variables } },
        { query, question: { hash: sha256(query), variables } },
      ];
    });
    // At once, as those that ask Temporal wait until it is clear that nobody is there.
    const answers = await Promise.all(questions.map(({ question }) => ask(trusting, question)));
    for (const [at, { query }] of questions.entries()) {
      const { data, errors } = answers[at]!;
      if (query.startsWith('mutation'))
        expect(codesOf({ errors: errors ?? [] })).toEqual(['UNAUTHENTICATED']);
      else expect([nameOf(query), data, errors]).toEqual([nameOf(query), expect.anything(), undefined]);
    }
  });

  it('answers nothing else', async () => {
    const query = documentOf('Untrusted');
    const hash = sha256(query);
    expect(await ask(one, { query, hash })).toEqual(ANSWER);
    const [first = ''] = texts;
    for (const question of [
      { query },
      { hash },
      { query, hash },
      { query: `${first} ` },
      { query: '{ __schema { types { name } } }' },
      { query: '{ __typename }' },
      { query: 'subscription { ingestionProgress { dataVersion } }' },
      { hash: 'none' },
    ])
      for (const method of METHODS) {
        expect(codesOf(await ask(trusting, question, { method }))).toEqual(NOT_TRUSTED);
        const headers = { accept: 'application/graphql-response+json' };
        expect((await exchange(addressOf(trusting, question), { headers })).status).toBe(403);
      }
    const page = await exchange(`${trusting.url}/graphql`, { headers: { accept: 'text/html' } });
    expect([page.status, page.headers['content-type']]).not.toEqual([200, expect.stringMatching(/html/)]);
  });

  it('serves REST, the dashboard and the command line', async () => {
    expect(jsonOf(await exchange(`${trusting.url}/api/p90`))).toMatchObject({ value: 9 });
    const script = (await exchange(`${trusting.url}/dashboard.js`)).body.toString();
    const asked = [...script.matchAll(/\bask\('(\w+)'/g)].map(([, name]) => name);
    expect(asked).toEqual(expect.arrayContaining(['P90', 'Months', 'Ingestion']));
    const { operations } = jsonOf(await exchange(`${trusting.url}/documents.json`)) as DocumentManifest;
    const byPage = asked.map((operationName = '') => {
      const { id: hash } = operations.find(({ name }) => name === operationName) ?? { id: '' };
      return ask(trusting, { operationName, hash, variables: {} }, { method: 'GET' });
    });
    const environment = { url: trusting.url, dataDir: '/nowhere', operatorToken: OPERATOR_TOKEN };
    const cli = connectGateway(environment);
    const byCli = ['status', 'files', 'look', 'p90'].map((document) => cli<object>(document));
    const typed = promisify(execFile)(process.execPath, [...programArguments('cli/main.ts'), 'status'], {
      env: { ...process.env, TRIPLINE_URL: trusting.url, DATA_DIR: '/nowhere', OPERATOR_TOKEN },
    });
    for (const { errors } of await Promise.all(byPage)) expect(errors).toBeUndefined();
    expect(await Promise.all(byCli)).toHaveLength(4);
    await expect(cli('backfill', VARIABLES['Backfill'])).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    expect((await typed).stdout).toMatch(/^source +yellow at file:/);
  });

  it('is asked by Apollo Client with the manifest', async () => {
    const { operations } = jsonOf(await exchange(`${trusting.url}/documents.json`)) as DocumentManifest;
    const seen: Seen[] = [];
    const client = new ApolloClient({
      link: ApolloLink.from([
        new PersistedQueryLink({
          generateHash: (document) =>
            operations.find(({ name }) => print(document).startsWith(`query ${name}(`))?.id ?? '',
          useGETForHashedQueries: true,
        }),
        new HttpLink({ uri: `${trusting.url}/graphql`, fetch: watchedFetch(seen) }),
      ]),
      cache: new InMemoryCache(),
    });
    const query = gql(operations.find(({ name }) => name === 'P90')?.body ?? '');
    expect((await client.query({ query })).data).toMatchObject({ p90: { value: 9 } });
    expect(seen).toEqual([{ method: 'GET', text: false, status: 200 }]);
  });
});

it('without Redis a gateway knows what was registered with it', async () => {
  const before = documentOf('BeforeRedisLeft');
  await ask(one, { query: before, hash: sha256(before) });
  await stage.redis.command('flushall');
  await stage.redis.kill();
  const query = documentOf('WithoutRedis');
  const hash = sha256(query);
  try {
    expect(await ask(one, { query, hash })).toEqual(ANSWER);
    expect(await ask(one, { hash })).toEqual(ANSWER);
    expect(await ask(one, { hash: sha256(before) })).toEqual(ANSWER);
    expect(await ask(other, { hash })).toEqual(NOT_FOUND);
  } finally {
    await stage.redis.comeBack();
  }
  expect(await ask(other, { query, hash })).toEqual(ANSWER);
  await until('what one gateway knows is shared when it is sent again', async () => {
    await ask(one, { query: before, hash: sha256(before) });
    return (await stage.redis.command('exists', keyOf(sha256(before)))) === 1;
  });
  const late = documentOf('RedisIsBack');
  await until('documents are shared again', async () => {
    await ask(one, { query: late, hash: sha256(late) });
    await stage.redis.command('set', 'probe', '1');
    const again = documentOf(`RedisIsBack${Date.now()}`);
    await ask(one, { query: again, hash: sha256(again) });
    return (await ask(other, { hash: sha256(again) })).errors === undefined;
  });
});

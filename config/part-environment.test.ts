import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { publicSourceUrl, readEnvironment } from './environment.ts';
import { FIELDS_OF_PARTS, VARIABLES_OF_FIELDS, variablesFor } from './part-environment.ts';

const ROOT = resolve(import.meta.dirname, '..');

/** One of each kind of secret, and what anything may need. */
const VARIABLES = {
  PATH: '/bin',
  HOME: '/home/me',
  LC_ALL: 'C',
  NODE_OPTIONS: '--trace-warnings',
  LOG_FORMAT: 'json',
  DATA_DIR: '/data',
  HTTPS_PROXY: 'http://me:secret@proxy',
  SOURCE_URL: 'https://me:secret@host/',
  LAKE_URL: 's3://lake/',
  OPERATOR_TOKEN: 'secret',
  API_KEYS: 'a:secret',
  JWT_ISSUER: 'https://id',
  REDIS_URL: 'redis://:secret@redis',
  CLICKHOUSE_URL: 'http://me:secret@clickhouse',
  TEMPORAL_ADDRESS: 'temporal:7233',
  AWS_ACCESS_KEY_ID: 'secret',
  AWS_SECRET_ACCESS_KEY: 'secret',
  AWS_WEB_IDENTITY_TOKEN_FILE: '/token',
  NODE_AUTH_TOKEN: 'secret',
  GITHUB_TOKEN: 'secret',
  POSTGRES_PASSWORD: 'secret',
  npm_config__auth: 'secret',
};
const given = (part: Parameters<typeof variablesFor>[0]): string[] =>
  Object.keys(variablesFor(part, VARIABLES));

it('gives each part what is its business', () => {
  const any = ['PATH', 'HOME', 'LC_ALL', 'DATA_DIR'];
  const ours = ['PATH', 'HOME', 'LC_ALL', 'NODE_OPTIONS', 'LOG_FORMAT', 'DATA_DIR'];
  expect(given('temporal')).toEqual(any);
  expect(given('redis')).toEqual(any);
  expect(given('demo')).toEqual(ours);
  expect(given('clickhouse')).toEqual([...ours, 'HTTPS_PROXY']);
  expect(given('helper')).toEqual([...ours, 'HTTPS_PROXY']);
  const shared = ['REDIS_URL', 'CLICKHOUSE_URL', 'TEMPORAL_ADDRESS'];
  expect(given('gateway')).toEqual([
    ...[...ours, 'HTTPS_PROXY', 'SOURCE_URL', 'OPERATOR_TOKEN', 'API_KEYS', 'JWT_ISSUER'],
    ...shared,
  ]);
  expect(given('worker')).toEqual([
    ...[...ours, 'HTTPS_PROXY', 'SOURCE_URL', 'LAKE_URL', ...shared],
    ...['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_WEB_IDENTITY_TOKEN_FILE'],
  ]);
});

describe('no variable is forgotten', () => {
  const read = new Set<string>();
  readEnvironment(new Proxy({}, { get: (_, name) => void read.add(String(name)) }));
  const passed = new Set(
    Object.values(FIELDS_OF_PARTS).flatMap((fields) =>
      fields.flatMap((field) => [...VARIABLES_OF_FIELDS[field]]),
    ),
  );

  it('that the environment is made of', () => {
    expect([...read].toSorted()).toEqual([...new Set(Object.values(VARIABLES_OF_FIELDS).flat())].toSorted());
    // The gateway's PORT and the worker's WORKER_PORT, too: each variable is some part's.
    expect([...read].filter((name) => !passed.has(name as never))).toEqual([]);
  });

  /** Whose code it is; config is everybody's. */
  const FOLDERS = {
    config: 'demo',
    'launcher/engine': 'clickhouse',
    'sources/demo': 'demo',
    sources: 'worker',
    lake: 'worker',
    warehouse: 'worker',
    activities: 'worker',
    worker: 'worker',
    gateway: 'gateway',
  } as const;
  /** What the launcher tells them, and what one of our libraries is told. */
  const NOT_INHERITED = ['CLICKHOUSE_URL', 'AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'];

  it.each(Object.entries(FOLDERS))('that code in %s reads by itself', (folder, part) => {
    const code = readdirSync(join(ROOT, folder), { recursive: folder !== 'sources', encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
      .map((name) => readFileSync(join(ROOT, folder, name), 'utf8'));
    expect(code.length).toBeGreaterThan(0);
    const names = code.flatMap((text) =>
      [...text.matchAll(/process\.env(?:\.|\[')(\w+)/g)].map(([, name]) => name ?? ''),
    );
    for (const name of names.filter((name) => !NOT_INHERITED.includes(name)))
      expect(variablesFor(part, { [name]: 'x' }), name).toEqual({ [name]: 'x' });
  });
});

it.each([
  [{ SOURCE_URL: 'https://me:key@host/path/?sig=key' }],
  [{ SOURCE_URL: 'https://host/yellow_tripdata_{month}.parquet?sig=key', SOURCE_FROM: '2024-01' }],
  [{ SOURCE_URL: 'https://host/get?file={month}&sig=key', SOURCE_FROM: '2024-01' }],
  [{ SOURCE_URL: 'file:///a%20b/%23c' }],
  [{ SOURCE_URL: 's3://bucket/prefix' }],
  [{ SOURCE_URL: 'demo:' }],
])('the gateway is told which source %j is, and no secret of it', (env) => {
  const { source } = readEnvironment(env);
  const told = publicSourceUrl(source);
  expect(told).not.toMatch(/me|key/);
  const again = readEnvironment({ ...env, SOURCE_URL: told });
  expect(again.source.kind).toBe(source.kind);
  expect(publicSourceUrl(again.source)).toBe(told);
});

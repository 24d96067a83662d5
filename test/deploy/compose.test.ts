/** docker-compose.yml against the Compose specification's schema (it comes with dclint), and against what we promise of it. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DCLinter } from 'dclint';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readClientEnvironment, readEnvironment } from '../../config/environment.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const FILE = join(ROOT, 'docker-compose.yml');
const text = readFileSync(FILE, 'utf8');

interface Service {
  image?: string;
  build?: { context: string; target: string };
  environment?: Record<string, string>;
  ports?: string[];
  volumes?: string[];
  restart: string;
  stop_grace_period?: string;
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: { test: string[] };
}
const { services, volumes } = parse(text, { merge: true }) as {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
};
const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
/** Of a service, or of the stage of the Dockerfile that it is built from. */
const hasHealthcheck = ({ healthcheck, build }: Service): boolean =>
  healthcheck !== undefined ||
  new RegExp(`^FROM runtime AS ${build?.target}\n(?:(?!FROM ).*\n)*HEALTHCHECK `, 'm').test(dockerfile);

/** Rules about the order of keys are matters of taste; the rest are not. */
const TASTE = [
  'service-keys-order',
  'services-alphabetical-order',
  'top-level-properties-order',
  'no-quotes-in-volumes',
];

/** Its types do not resolve in ES modules. */
interface Linted {
  messages: { rule: string; message: string }[];
}
const lint = (path: string): string[] =>
  new DCLinter({
    rules: Object.fromEntries(TASTE.map((rule) => [rule, 0 as const])),
    quiet: true,
    debug: false,
    exclude: [],
  })
    .lintFiles([path], false)
    .flatMap(({ messages }: Linted) => messages.map(({ rule, message }) => `${rule}: ${message}`));

it('is valid by the schema and by the rules of a linter', () => {
  expect(lint(FILE)).toEqual([]);
});

it('would not pass with a key that Compose does not know', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tripline-compose-'));
  const path = join(folder, 'docker-compose.yml');
  writeFileSync(path, text.replace('stop_grace_period: 30s', 'stop_grace_periods: 30s'));
  expect(lint(path).join()).toMatch(/stop_grace_periods|invalid-schema/);
  rmSync(folder, { recursive: true });
});

describe.each(Object.entries(services))('%s', (name, service) => {
  it('has a pinned image or is built from the Dockerfile', () => {
    if (service.build === undefined) expect(service.image).toMatch(/:\d+(\.\d+)*$/);
    else expect(dockerfile).toContain(` AS ${service.build.target}\n`);
  });

  it('waits for what it needs until that is healthy, or done', () => {
    for (const [needed, { condition }] of Object.entries(service.depends_on ?? {})) {
      const other = services[needed];
      if (other === undefined) throw new Error(`${name} needs ${needed}, which is not there`);
      const endsByItself = other.restart.startsWith('on-failure');
      expect(condition).toBe(endsByItself ? 'service_completed_successfully' : 'service_healthy');
      if (!endsByItself) expect(hasHealthcheck(other)).toBe(true);
    }
  });

  it('opens ports to this machine alone, and mounts what exists', () => {
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
    for (const volume of service.volumes ?? []) {
      const [from = ''] = volume.split(':');
      if (from.startsWith('./')) expect(existsSync(join(ROOT, from))).toBe(true);
      else expect(volumes).toHaveProperty(from);
    }
  });

  it('has no secret of its own', () => {
    const secrets = Object.entries(service.environment ?? {}).filter(([variable]) =>
      /PASSWORD|PWD|TOKEN|KEY|SECRET/.test(variable),
    );
    expect(secrets.filter(([, value]) => !/^\$\{\w+:(\?[^}]+|-)\}$/.test(value))).toEqual([]);
  });
});

it('asks for exactly the secrets that .env.example lists', () => {
  const asked = [...text.matchAll(/\$\{(\w+):\?/g)].map(([, variable]) => variable);
  const listed = [...readFileSync(join(ROOT, '.env.example'), 'utf8').matchAll(/^(\w+)=$/gm)].map(
    ([, name]) => name,
  );
  expect(new Set(asked)).toEqual(new Set(listed));
});

/** As Compose gives it where nobody has chosen anything but secrets. */
const environmentOf = (name: string) =>
  readEnvironment(
    Object.fromEntries(
      Object.entries(services[name]?.environment ?? {}).map(([variable, value]) => [
        variable,
        value.replace(/\$\{\w+:\?[^}]*\}/g, 'abcdefghijklmnop').replace(/\$\{\w+:-([^}]*)\}/g, '$1'),
      ]),
    ),
  );

it('gives worker and gateway an environment that they accept', () => {
  const both = { temporal: { address: 'temporal:7233' }, source: { kind: 's3', bucket: 'tripline' } };
  expect(environmentOf('worker')).toMatchObject({
    ...both,
    clickhouseUrl: 'http://tripline:abcdefghijklmnop@clickhouse:8123',
    lake: { kind: 's3', bucket: 'tripline' },
  });
  expect(environmentOf('gateway')).toMatchObject({
    ...both,
    clickhouseUrl: 'http://tripline_reader:abcdefghijklmnop@clickhouse:8123',
  });
});

it('gives the gateway time for what it has begun', () => {
  const { requestTimeoutMs, drainDelayMs } = environmentOf('gateway');
  const [, seconds] = /^(\d+)s$/.exec(services['gateway']?.stop_grace_period ?? '') ?? [];
  expect(Number(seconds) * 1000).toBeGreaterThan(requestTimeoutMs + drainDelayMs + 5_000);
});

describe('every variable that is read', () => {
  function namesReadBy(read: (env: Record<string, string | undefined>) => unknown): string[] {
    const names = new Set<string>();
    read(new Proxy({}, { get: (_, name) => void names.add(String(name)) }));
    return [...names].toSorted();
  }
  const names = namesReadBy(readEnvironment);
  const given = (name: string) => Object.keys(services[name]?.environment ?? {});

  const OTHERWISE = {
    'the gateway itself sets them for its processes': ['GATEWAY_SLOT', 'GATEWAY_NEWEST'],
    'the AWS SDK has two names for them': ['AWS_ENDPOINT_URL', 'AWS_DEFAULT_REGION'],
    'the Dockerfile sets them': ['HOST', 'PORT', 'WORKER_PORT'],
    'the containers keep nothing': ['DATA_DIR'],
    'the containers have no embedded engine': ['ENGINE_MEMORY_MB'],
    'the containers have a Temporal of their own network': [
      'TEMPORAL_API_KEY',
      'TEMPORAL_TLS',
      'TEMPORAL_TLS_CLIENT_CERT_PATH',
      'TEMPORAL_TLS_CLIENT_KEY_PATH',
      'TEMPORAL_TLS_SERVER_CA_CERT_PATH',
      'TEMPORAL_TLS_SERVER_NAME',
    ],
  };
  const otherwise = Object.values(OTHERWISE).flat();
  /** The gateway reads no file, neither of the source nor of the lake. */
  const OF_THE_WORKER = [
    'LAKE_URL',
    'POLL_SECONDS',
    'KEEP_LOADS_HOURS',
    'MAX_FILE_BYTES',
    'CHUNK_BYTES',
    'ON_SOURCE_DELETE',
    'MAX_REJECTED_SHARE',
    'FILE_PATTERN',
    'AWS_ENDPOINT_URL_S3',
    'AWS_REGION',
  ];

  it('is one of many, and each exception is one of them', () => {
    expect(names.length).toBeGreaterThan(40);
    expect(names).toEqual(expect.arrayContaining([...otherwise, ...OF_THE_WORKER]));
  });

  it('is documented', () => {
    const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
    const undocumented = [...names, ...namesReadBy(readClientEnvironment)].filter(
      (name) => !readme.includes(`\`${name}\``),
    );
    expect(undocumented.toSorted()).toEqual(
      [
        ...OTHERWISE['the gateway itself sets them for its processes'],
        ...OTHERWISE['the AWS SDK has two names for them'],
      ].toSorted(),
    );
  });

  it('reaches the gateway, or the worker when it is of the worker alone', () => {
    const theirs = names.filter((name) => !otherwise.includes(name));
    expect(given('gateway').toSorted()).toEqual(theirs.filter((name) => !OF_THE_WORKER.includes(name)));
    expect(given('worker')).toEqual(expect.arrayContaining(OF_THE_WORKER));
  });

  it('is in .env.example when docker-compose.yml lets people choose', () => {
    const chosen = [...text.matchAll(/^ +(\w+): \$\{(\w+):-.*\}$/gm)];
    expect(chosen.filter(([, name, from]) => name !== from)).toEqual([]);
    const example = readFileSync(join(ROOT, '.env.example'), 'utf8');
    const listed = [...example.matchAll(/^#(\w+)=/gm)].map(([, name]) => name);
    expect(new Set(listed)).toEqual(new Set(chosen.map(([, name]) => name)));
    // As they are there, with all of them chosen.
    const lines = [...example.matchAll(/^#(\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]);
    expect(() => readEnvironment(Object.fromEntries(lines))).not.toThrow();
  });
});

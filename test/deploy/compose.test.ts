/** docker-compose.yml against the Compose specification's schema (it comes with dclint), and against what we promise of it. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DCLinter } from 'dclint';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readEnvironment } from '../../config/environment.ts';

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

it('gives worker and gateway an environment that they accept', () => {
  const users = { worker: 'tripline', gateway: 'tripline_reader' };
  for (const [name, user] of Object.entries(users)) {
    const given = Object.entries(services[name]?.environment ?? {}).map(
      ([variable, value]): [string, string] => [
        variable,
        value.replace(/\$\{\w+:\?[^}]*\}/g, 'abcdefghijklmnop').replace(/\$\{\w+:-([^}]*)\}/g, '$1'),
      ],
    );
    expect(readEnvironment(Object.fromEntries(given))).toMatchObject({
      temporalAddress: 'temporal:7233',
      clickhouseUrl: `http://${user}:abcdefghijklmnop@clickhouse:8123`,
      source: { kind: 's3', bucket: 'tripline' },
      lake: { kind: 's3', bucket: 'tripline' },
    });
  }
});

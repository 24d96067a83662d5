import { expect, test } from 'vitest';
import { readEnvironment } from '../config/environment.ts';
import { watcherId } from '../workflows/messages.ts';
import { banner } from './banner.ts';

function lines(env: Record<string, string>, month: string | undefined): string {
  return banner({
    environment: readEnvironment(env),
    temporalUi: 'http://127.0.0.1:8233',
    tokenFile: '/data/operator-token',
    month,
    notes: [],
  }).join('\n');
}

test('the curl line asks about a whole month, also over the end of a year', () => {
  expect(lines({}, '2023-12')).toContain(
    "curl 'http://127.0.0.1:4000/api/p90?from=2023-12-01T00:00:00&to=2024-01-01T00:00:00'",
  );
  expect(lines({}, undefined)).toContain("curl 'http://127.0.0.1:4000/api/p90'");
});

test('names the workflow that watches the source, and the folder that everything is in', () => {
  expect(lines({ DATA_DIR: '/data' }, undefined)).toContain(
    `  Workflow     ${watcherId('demo')} (npm run temporal -- workflow describe -w ${watcherId('demo')})`,
  );
  expect(lines({ SOURCE_URL: 'file:///trips' }, undefined)).toContain(watcherId('yellow'));
  expect(lines({ DATA_DIR: '/data' }, undefined)).toMatch(/^ {2}Data +\/data$/m);
});

test('demo data is called generated, and other data is not', () => {
  expect(lines({}, undefined)).toContain('generated');
  expect(lines({ SOURCE_URL: 'file:///trips' }, undefined)).not.toContain('generated');
});

test('addresses are those that this machine can open', () => {
  expect(lines({ HOST: '0.0.0.0', PORT: '80' }, undefined)).toContain('http://127.0.0.1:80/graphql');
  expect(lines({ HOST: '::' }, undefined)).toContain('http://[::1]:4000/graphql');
});

/** deploy/clickhouse/users.xml, and the role of the migrations, as ClickHouse itself understands them. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { programArguments } from '../../config/program/program.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const MIGRATIONS = join(ROOT, 'warehouse/migrations');
const USERS = readFileSync(join(ROOT, 'deploy/clickhouse/users.xml'), 'utf8');
const GRANTS = readFileSync(join(MIGRATIONS, '0007_reader_grants.sql'), 'utf8');
const TABLES_READ = ['files', 'loads', 'trips', 'trips_by_hour', 'trips_by_day'];

const [ACCESS_DENIED, NO_WRITEABLE_STORAGE, READONLY, STORAGE_READONLY] = [497, 514, 164, 495];

const folder = mkdtempSync(join(tmpdir(), 'tripline-users-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/**
 * The embedded engine has one user, `default`, and reads one file: the user under test takes its name, and what ClickHouse's own image has beside ours
 * is put in.
 */
async function as(user: string, statements: readonly string[], users = USERS): Promise<unknown[]> {
  const home = mkdtempSync(join(folder, 'config-'));
  const ours = new RegExp(`<${user}>(.*?)<password from_env="\\w+"/>(.*?)</${user}>`, 's');
  const [head = '', accounts = ''] = users.replace('<default remove="remove"/>', '').split('<users>');
  writeFileSync(
    join(home, 'users.xml'),
    `${head.replace('<profiles>', '<quotas><default/></quotas><profiles><default/>')}<users>${accounts.replace(ours, '<default>$1<no_password/>$2</default>')}`,
  );
  writeFileSync(
    join(home, 'config.xml'),
    '<clickhouse><user_directories><users_xml><path>users.xml</path></users_xml></user_directories></clickhouse>',
  );
  return new Promise((done, failed) => {
    const child = execFile(
      process.execPath,
      programArguments('test/deploy/as-user-process.ts', join(folder, 'tables'), home),
      { env: { ...process.env, CLICKHOUSE_PASSWORD: 'a', CLICKHOUSE_READER_PASSWORD: 'b' } },
      (error, stdout, stderr) =>
        error === null ? done(JSON.parse(stdout) as unknown[]) : failed(new Error(stderr, { cause: error })),
    );
    child.stdin?.end(JSON.stringify(statements));
  });
}

const statementsOf = (file: string): string[] =>
  readFileSync(join(MIGRATIONS, file), 'utf8')
    .split(/;\s*$/m)
    .filter((sql) => sql.replace(/^--.*$/gm, '').trim() !== '');
const MIGRATED = readdirSync(MIGRATIONS)
  .filter((name) => !name.endsWith('_grants.sql'))
  .toSorted()
  .flatMap(statementsOf);

const [ROLE = '', ...ROLE_GRANTS] = statementsOf('0007_reader_grants.sql').map((sql) =>
  sql.replace(/^--.*$/gm, '').trim(),
);
/** As the worker's user: by what its own work is refused. */
let work: unknown[];
let role: unknown;
let understood: unknown[];
beforeAll(async () => {
  const publish = `INSERT INTO loads (sequence, kind, source, filename, load_id) VALUES (1, 'published', 'yellow', 'a', generateUUIDv4())`;
  const statements = [...MIGRATED, publish, 'DELETE FROM trips WHERE 0'];
  const answers = await as('tripline', [
    ...statements,
    ROLE,
    ...[ROLE, ...ROLE_GRANTS].map((sql) => `SELECT formatQuery('${sql}')`),
  ]);
  work = answers.slice(0, statements.length);
  [role, ...understood] = answers.slice(statements.length);
});

it('the worker’s user may do its work', () => {
  expect(work.filter((answer) => answer !== '')).toEqual([]);
});

it('the gateway’s user reads what the gateway reads, nothing else, and writes nothing', async () => {
  const reads = TABLES_READ.map(
    (table) => `SELECT count() FROM ${table} SETTINGS max_execution_time = 7, log_comment = 'x'`,
  );
  const others = [
    'SELECT count() FROM rejected_rows',
    'SELECT count() FROM load_attempts',
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
  ];
  const writes = [
    "INSERT INTO loads (sequence, kind) VALUES (2, 'published')",
    'DELETE FROM trips WHERE 1',
    'DROP TABLE trips',
    'SET readonly = 0',
  ];
  const answers = await as('tripline_reader', [...reads, ...others, ...writes]);
  expect(answers.slice(0, 5)).toEqual(['0', '1', '0', '0', '0']);
  expect(answers.slice(5, 9)).toEqual(others.map(() => ({ code: ACCESS_DENIED })));
  for (const answer of answers.slice(9))
    expect([ACCESS_DENIED, READONLY]).toContain((answer as { code: number }).code);
});

describe('the role', () => {
  it('is granted the same tables', () => {
    const granted = (text: string) =>
      [...text.matchAll(/GRANT SELECT ON (?:default\.)?(\w+)/g)].map(([, table]) => table);
    expect(granted(GRANTS)).toEqual(TABLES_READ);
    expect(granted(USERS)).toEqual(TABLES_READ);
  });

  it('is made by statements that ClickHouse understands', () => {
    expect(understood).toEqual([
      'CREATE ROLE IF NOT EXISTS tripline_reader',
      ...TABLES_READ.map((table) => `GRANT SELECT ON ${table} TO tripline_reader`),
    ]);
  });

  it('is refused with what the migration skips', async () => {
    expect(role).toEqual({ code: ACCESS_DENIED });
    const managed = USERS.replace('<tripline>', '<tripline><access_management>1</access_management>');
    // Here is nowhere to write it, and the user of that name is in users.xml.
    expect(
      await as('tripline', [ROLE, ROLE_GRANTS[0] ?? '', 'SHOW GRANTS FOR tripline_reader'], managed),
    ).toEqual([
      { code: NO_WRITEABLE_STORAGE },
      { code: STORAGE_READONLY },
      expect.stringContaining('GRANT SELECT ON default.files TO tripline_reader'),
    ]);
  });
});

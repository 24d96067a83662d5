import { expect, it } from 'vitest';
import { COMMANDS, parseCommandLine, UsageError } from './command-line.ts';
import { helpText } from './help.ts';

const parse = (line: string) => parseCommandLine(line.split(' ').filter((word) => word !== ''));

it.each([
  ['status', { name: 'status', json: false }],
  ['status --json', { name: 'status', json: true }],
  ['pause', { name: 'pause', json: false }],
  [
    'backfill --from 2023-01 --to 2023-06',
    { name: 'backfill', json: false, from: '2023-01', to: '2023-06', force: false, wait: true },
  ],
  [
    'backfill --from=2023-01 --force --no-wait --json',
    { name: 'backfill', json: true, from: '2023-01', to: '2023-01', force: true, wait: false },
  ],
  ['files', { name: 'files', json: false, stage: undefined }],
  ['files --stage quarantined', { name: 'files', json: false, stage: 'QUARANTINED' }],
  ['retry', { name: 'retry', json: false, filenames: [] }],
  ['retry a.parquet --json b.parquet', { name: 'retry', json: true, filenames: ['a.parquet', 'b.parquet'] }],
  ['retry -- --odd.parquet', { name: 'retry', json: false, filenames: ['--odd.parquet'] }],
  ['rollback a.parquet', { name: 'rollback', json: false, filename: 'a.parquet' }],
  ['withdraw a.parquet', { name: 'withdraw', json: false, filename: 'a.parquet' }],
  ['accept a.parquet --json', { name: 'accept', json: true, filename: 'a.parquet' }],
  ['limits --max 8', { name: 'limits', json: false, min: undefined, max: 8, host: undefined }],
  ['limits --min 2 --host h:1', { name: 'limits', json: false, min: 2, max: undefined, host: 'h:1' }],
  ['p90', { name: 'p90', json: false, from: undefined, to: undefined, interpolate: false }],
  [
    'p90 --from 2024-01-01 --to 2024-02-01T00:00:00 --interpolate',
    { name: 'p90', json: false, from: '2024-01-01', to: '2024-02-01T00:00:00', interpolate: true },
  ],
  ['', { name: 'help', about: undefined }],
  ['--help', { name: 'help', about: undefined }],
  ['help rollback', { name: 'help', about: 'rollback' }],
  ['rollback --help', { name: 'help', about: 'rollback' }],
  ['backfill -h', { name: 'help', about: 'backfill' }],
])('understands %j', (line, command) => {
  expect(parse(line)).toEqual(command);
});

it.each([
  ['frobnicate', /^there is no command "frobnicate"; there are status, files, p90, /],
  ['--json status', /^the command comes first/],
  ['status now', /^status: "now" is too much/],
  ['status --from 2023-01', /^status: unknown option '--from'/],
  ['backfill', /^backfill: --from is missing/],
  ['backfill --to 2023-06', /^backfill: --from is missing/],
  ['backfill --from', /^backfill: .*--from <value>' argument missing/],
  ['backfill --from 2023-13', /^backfill: --from must be a month, as in "2023-01"/],
  ['backfill --from 2023-06 --to 2023-01', /^backfill: --from is after --to/],
  ['backfill --from 2023-01 --force=yes', /^backfill: option '--force' does not take an argument/],
  ['files --stage BROKEN', /^files: there is no stage "BROKEN"; there are DISCOVERED, /],
  ['rollback', /^rollback: which file\?/],
  ['rollback a b', /^rollback: one file at a time/],
  ['withdraw', /^withdraw: which file\? As in: withdraw yellow/],
  ['accept a b', /^accept: one file at a time/],
  ['limits', /^limits: --min or --max is missing/],
  ['limits --max many', /^limits: --max must be a whole number/],
  ['p90 2024-01-01', /^p90: "2024-01-01" is too much/],
])('does not understand %j', (line, message) => {
  expect(() => parse(line)).toThrow(UsageError);
  expect(() => parse(line)).toThrow(message);
});

it('has help for every command, and every command in its overview', () => {
  for (const name of COMMANDS) {
    expect(helpText(name)).toMatch(new RegExp(`^tripline ${name} `));
    expect(helpText(undefined)).toMatch(new RegExp(`\\b${name}\\b`));
  }
});

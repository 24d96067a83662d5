/** Names and kinds of files that no listing expects. What they are made of is a true month unless said otherwise. */
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  renameSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

/** A name, as bytes where it is no text; each becomes a true file of its own month. */
export const NAMES: readonly (string | Buffer)[] = [
  'tab\tnew\nline.parquet',
  'carriage\rreturn.parquet',
  'escape\u001b[2J\u001b]0;pwned\u0007.parquet',
  'right-to-left\u202eteuqrap.parquet',
  'zero\u200bwidth\ufeff.parquet',
  'quote\'"`\\.parquet',
  '{a,b}*?[c].parquet',
  '**.parquet',
  '{1..3}.parquet',
  '-rf --force.parquet',
  '..parquet',
  '...parquet',
  '.. .parquet',
  '%00%2e%2e%2fetc%2fpasswd.parquet',
  '%s%n%x${jndi:ldap:x}.parquet',
  '🚕🚕.parquet',
  'e\u0301 and \u00e9.parquet',
  'UPPER.PARQUET',
  ' leading and trailing .parquet',
  '<img src=x onerror=alert(1)>.parquet',
  '=cmd|calc!A0.parquet',
  '__proto__.parquet',
  'constructor.parquet',
  'a;b&c|d$(id)`id`.parquet',
  'http:__evil.example_x.parquet',
  '1e309.parquet',
  'null.parquet',
  '{"Records":[]}.parquet',
  `${'n'.repeat(247)}.parquet`,
  `${'é'.repeat(123)}.parquet`,
  'yellow_tripdata_9999-12.parquet',
  'yellow_tripdata_0000-00.parquet',
  'yellow_tripdata_2024-13.parquet',
  'con.parquet',
  Buffer.concat([Buffer.from('no-utf8-'), Buffer.from([0xff, 0xfe, 0xc3, 0x28]), Buffer.from('.parquet')]),
];

/** Where a kind of file is made, and what goes on with it until it is stopped. */
export type Kind = (at: {
  path: string;
  folder: string;
  month: () => Buffer;
  secret: string;
}) => void | (() => void);

export const KINDS: Readonly<Record<string, Kind>> = {
  'a folder': ({ path }) => mkdirSync(path),
  'a link to the secret': ({ path, secret }) => symlinkSync(secret, path),
  'a link to /etc/passwd': ({ path }) => symlinkSync('/etc/passwd', path),
  'a link to /dev/zero': ({ path }) => symlinkSync('/dev/zero', path),
  'a link to /proc/kmsg': ({ path }) => symlinkSync('/proc/kmsg', path),
  'a link to /proc/self/environ': ({ path }) => symlinkSync('/proc/self/environ', path),
  'a link to a file of /sys': ({ path }) => symlinkSync('/sys/kernel/notes', path),
  'a link to itself': ({ path }) => symlinkSync(path, path),
  'a link to nothing': ({ path }) => symlinkSync('/nowhere/at/all', path),
  'a link to its folder': ({ path, folder }) => symlinkSync(folder, path),
  'a pipe': ({ path }) => void execFileSync('mkfifo', [path]),
  'a socket': ({ path }) => {
    // A socket's address has 108 bytes.
    const short = `/tmp/attack-${process.pid}.sock`;
    const server = createServer().listen(short, () => renameSync(short, path));
    return () => void server.close();
  },
  'a terabyte of nothing': ({ path }) => {
    writeFileSync(path, '');
    truncateSync(path, 2 ** 40);
  },
  'two gigabytes of nothing': ({ path }) => {
    writeFileSync(path, '');
    truncateSync(path, 2 ** 31);
  },
  'a file that grows': ({ path }) => {
    writeFileSync(path, 'PAR1');
    const timer = setInterval(() => appendFileSync(path, 'more'), 50);
    return () => clearInterval(timer);
  },
  'a file that is replaced all the time': ({ path, month }) => {
    const [one, other] = [month(), month()];
    let turn = 0;
    const timer = setInterval(() => {
      writeFileSync(`${path}.new`, (turn += 1) % 2 === 0 ? one : other);
      renameSync(`${path}.new`, path);
    }, 400);
    return () => clearInterval(timer);
  },
  'a file that is a pipe now and then': ({ path, month, folder }) => {
    const [file, pipe] = [join(folder, '.file'), join(folder, '.pipe')];
    writeFileSync(path, month());
    let turn = 0;
    const timer = setInterval(() => {
      if ((turn += 1) % 2 === 0) {
        writeFileSync(file, month());
        renameSync(file, path);
        return;
      }
      execFileSync('mkfifo', [pipe]);
      renameSync(pipe, path);
    }, 300);
    return () => clearInterval(timer);
  },
  'a file that comes and goes': ({ path, month, folder }) => {
    const [away] = [join(folder, '.away')];
    writeFileSync(path, month());
    let turn = 0;
    const timer = setInterval(() => {
      if ((turn += 1) % 2 === 0) renameSync(away, path);
      else renameSync(path, away);
    }, 300);
    return () => clearInterval(timer);
  },
  'a file that is cut while it is read': ({ path, month }) => {
    const whole = month();
    let turn = 0;
    const timer = setInterval(() => {
      if ((turn += 1) % 2 === 0) writeFileSync(path, whole);
      else truncateSync(path, 300);
    }, 250);
    writeFileSync(path, whole);
    return () => clearInterval(timer);
  },
  'the same month under two names': ({ path, month, folder }) => {
    writeFileSync(path, month());
    copyFileSync(path, join(folder, 'nasty copy.parquet'));
  },
};

import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { ENGINE_USERS, PASSWORD_DIGESTS, type EngineUser } from './engine-credentials.ts';
import { exceptionOf } from './exception.ts';

/** SHA-256 of each user's password. */
export type PasswordDigests = Readonly<Record<EngineUser, Buffer>>;

/** @throws Error that says what `PASSWORD_DIGESTS` must be; it repeats nothing of what it is */
export function readPasswordDigests(text: string | undefined): PasswordDigests {
  const digests = ENGINE_USERS.map((user) => {
    const hex = new RegExp(`(?:^|,)${user}:([0-9a-f]{64})(?:,|$)`).exec(text ?? '')?.[1] ?? '';
    return [user, Buffer.from(hex, 'hex')] as const;
  });
  if (digests.every(([, digest]) => digest.length === 32)) {
    return Object.fromEntries(digests) as Record<EngineUser, Buffer>;
  }
  const form = ENGINE_USERS.map((user) => `${user}:<hex>`).join(',');
  throw new Error(`${PASSWORD_DIGESTS} must hold the SHA-256 of each user's password, as in ${form}`);
}

const WHERE =
  'npm start writes what a reader sends to run/clickhouse.json in DATA_DIR: the headers X-ClickHouse-User and X-ClickHouse-Key.';

/** User and password by ClickHouse's headers, else by the address, else by HTTP's Basic; undefined where none of them is there. */
function givenCredentials(
  { headers }: IncomingMessage,
  url: URLSearchParams,
): { user: string; password: string } | undefined {
  const basic = /^Basic (.*)$/i.exec(headers.authorization ?? '')?.[1];
  const [, basicUser, basicPassword] =
    basic === undefined ? [] : (/^([^:]*):?(.*)$/s.exec(Buffer.from(basic, 'base64').toString('utf8')) ?? []);
  const header = (name: string) => (typeof headers[name] === 'string' ? headers[name] : undefined);
  const user = header('x-clickhouse-user') ?? url.get('user') ?? basicUser;
  const password = header('x-clickhouse-key') ?? url.get('password') ?? basicPassword;
  // As a server does, which has a user of this name. Clients send it when they were told nothing.
  if ((user ?? '') === '' && (password ?? '') === '') return undefined;
  return { user: user === undefined || user === '' ? 'default' : user, password: password ?? '' };
}

/**
 * Who asks. The time it takes tells nothing of a password: digests are compared, all of them, and wholly. Attempts are not counted, as nobody guesses
 * 256 random bits, and one costs a digest: nothing of the request's body has been read.
 * @throws ClickHouseException 194 (status 401) for a request without credentials, 516 (status 403) for wrong ones
 */
export function authenticate(
  request: IncomingMessage,
  url: URLSearchParams,
  digests: PasswordDigests,
): EngineUser {
  const given = givenCredentials(request, url);
  if (given === undefined) {
    throw exceptionOf('REQUIRED_PASSWORD', `Credentials are needed. ${WHERE}`);
  }
  const digest = createHash('sha256').update(given.password).digest();
  let found: EngineUser | undefined;
  for (const user of ENGINE_USERS) {
    const isRight = timingSafeEqual(digest, digests[user]);
    if (isRight && user === given.user) found = user;
  }
  if (found !== undefined) return found;
  throw exceptionOf(
    'AUTHENTICATION_FAILED',
    `${given.user.slice(0, 100)}: Authentication failed: password is incorrect, or there is no user with such name. ${WHERE}`,
  );
}

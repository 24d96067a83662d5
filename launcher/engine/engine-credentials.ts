import { createHash, randomBytes } from 'node:crypto';

/**
 * Who may ask the engine:
 * - `gateway`: reads, in lanes of its own
 * - `reader`: reads what the gateway reads; people, their tools and the demo source
 * - `loader`: does everything else: the worker
 */
export const ENGINE_USERS = ['gateway', 'reader', 'loader'] as const;
export type EngineUser = (typeof ENGINE_USERS)[number];

/** The variable that tells the engine the SHA-256 of each user's password: `gateway:<hex>,reader:<hex>,loader:<hex>`. */
export const PASSWORD_DIGESTS = 'ENGINE_PASSWORD_DIGESTS';

export interface EngineCredentials {
  /** For `PASSWORD_DIGESTS`: who reads the engine's environment gets no password. */
  digests: string;
  /** What a client of ClickHouse's HTTP interface sends. */
  headers(user: EngineUser): { 'X-ClickHouse-User': string; 'X-ClickHouse-Key': string };
  /** An address of the engine with user and password in it. */
  url(user: EngineUser, address: string): string;
}

export const digestOf = (password: string): string => createHash('sha256').update(password).digest('hex');

/** A password of 256 random bits for each user. */
export function createEngineCredentials(): EngineCredentials {
  const passwords = Object.fromEntries(
    ENGINE_USERS.map((user) => [user, randomBytes(32).toString('base64url')]),
  ) as Record<EngineUser, string>;
  return {
    digests: ENGINE_USERS.map((user) => `${user}:${digestOf(passwords[user])}`).join(','),
    headers: (user) => ({ 'X-ClickHouse-User': user, 'X-ClickHouse-Key': passwords[user] }),
    url: (user, address) => address.replace('://', `://${user}:${passwords[user]}@`),
  };
}

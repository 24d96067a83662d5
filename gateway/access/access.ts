/** Who asks: by the operator token, an API key, a signed token, or by nothing but an address. */
import { hash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { GraphQLError } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { AccessSettings } from '../../config/access-settings.ts';
import type { Logger } from '../../config/logging.ts';
import { unauthenticated, type ErrorCode } from '../errors.ts';
import type { Caller, SignedCaller } from './caller.ts';
import { budgetAddress, clientAddress } from './client-address.ts';
import { WHERE_THE_TOKEN_IS } from './refusal.ts';
import { createSignedTokens, KEYS_FOR_MS } from './signed-tokens.ts';

/** Of each: a caller has some 300 bytes. */
const MOST_REMEMBERED = 10_000;

export interface Access {
  /**
   * At once for all but a signed token that was not seen before, or not since it was forgotten.
   * @throws GraphQLError UNAUTHENTICATED for credentials that are wrong, expired or malformed, whether or not reading needs any; rejects with it
   *   for a signed token, and with SERVICE_UNAVAILABLE while such cannot be checked. What is sent is in no message
   */
  callerOf(headers: IncomingHttpHeaders, remoteAddress: string | undefined): Caller | Promise<Caller>;
}

/** A signed token that was found good. */
interface Remembered {
  caller: SignedCaller;
  checkedAtMs: number;
}

export function createAccess({
  access: { reading, apiKeys, jwt },
  operatorToken,
  trustProxy,
  logger,
}: {
  access: AccessSettings;
  operatorToken: string;
  trustProxy: boolean;
  logger: Logger;
}): Access {
  const known = { isKnown: true, mayRead: true };
  // By digest: a lookup takes as long for a token that is nearly right as for any other.
  const holders = new Map<string, Caller>();
  for (const [key, name] of apiKeys)
    holders.set(digestOf(key), { ...known, name: `key:${name}`, isOperator: false });
  holders.set(digestOf(operatorToken), { ...known, name: 'operator', isOperator: true });
  const signed = jwt === undefined ? undefined : createSignedTokens({ jwt, logger });
  const remembered = new LRUCache<string, Remembered>({ max: MOST_REMEMBERED });
  const checks = new Map<string, Promise<Caller>>();
  const strangers = new LRUCache<string, Caller>({ max: MOST_REMEMBERED });

  function stranger(address: string): Caller {
    let caller = strangers.get(address);
    if (caller === undefined) {
      caller = {
        name: `address:${budgetAddress(address)}`,
        isKnown: false,
        mayRead: reading === 'open',
        isOperator: false,
      };
      strangers.set(address, caller);
    }
    return caller;
  }

  /** The same token at the same time is checked once. */
  function check(token: string, digest: string, tokens: NonNullable<typeof signed>): Promise<Caller> {
    let running = checks.get(digest);
    if (running === undefined) {
      running = tokens
        .verify(token)
        .then((caller) => {
          remembered.set(digest, { caller, checkedAtMs: Date.now() });
          return caller;
        })
        .finally(() => checks.delete(digest));
      checks.set(digest, running);
    }
    return running;
  }

  /** Its key may have been withdrawn. Nobody waits for this, and as long as the keys cannot be fetched what was good stays good. */
  function checkAgain(token: string, digest: string, tokens: NonNullable<typeof signed>): void {
    check(token, digest, tokens).catch((error: unknown) => {
      const code = error instanceof GraphQLError ? error.extensions['code'] : undefined;
      if (code === ('UNAUTHENTICATED' satisfies ErrorCode)) remembered.delete(digest);
    });
  }

  return {
    callerOf(headers, remoteAddress) {
      const token = tokenIn(headers);
      if (token === undefined) return stranger(clientAddress(headers, remoteAddress, trustProxy));
      const digest = digestOf(token);
      const holder = holders.get(digest);
      if (holder !== undefined) return holder;
      if (signed === undefined) throw unknownToken();
      const before = remembered.get(digest);
      const now = Date.now();
      if (before === undefined || now >= before.caller.expiresAtMs) {
        // Three parts: anything else is a key that nobody has.
        if (!/^[\w-]+\.[\w-]+\.[\w-]*$/.test(token)) throw unknownToken();
        return check(token, digest, signed);
      }
      if (now >= before.checkedAtMs + KEYS_FOR_MS) {
        before.checkedAtMs = now;
        checkAgain(token, digest, signed);
      }
      return before.caller;
    },
  };
}

const digestOf = (token: string): string => hash('sha256', token, 'base64');

const unknownToken = (): GraphQLError =>
  unauthenticated(`This key or token is not known here. As an operator, ${WHERE_THE_TOKEN_IS}.`);

/**
 * `Authorization: Bearer <token>`, else `X-Api-Key: <key>`. Other schemes are not ours (a proxy may have asked for a password): they are as nothing.
 * @throws GraphQLError UNAUTHENTICATED for a Bearer without one token
 */
function tokenIn(headers: IncomingHttpHeaders): string | undefined {
  const { authorization, 'x-api-key': key } = headers;
  if (authorization !== undefined && /^bearer(?![^ ])/i.test(authorization)) {
    const token = /^bearer +([^ ]+) *$/i.exec(authorization)?.[1];
    if (token === undefined)
      throw unauthenticated('Authorization is malformed: it must be "Bearer <token>", with one token.');
    return token;
  }
  if (key === undefined) return undefined;
  if (typeof key !== 'string' || key === '') throw unauthenticated('X-Api-Key must be one key.');
  return key;
}

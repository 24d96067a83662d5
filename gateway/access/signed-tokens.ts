/** JSON Web Tokens: whom they name, once their signature is checked with the keys that the issuer publishes. */
import type { GraphQLError } from 'graphql';
import {
  createRemoteJWKSet,
  customFetch,
  errors,
  jwtVerify,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
} from 'jose';
import type { AccessSettings } from '../../config/access-settings.ts';
import type { Logger } from '../../config/logging.ts';
import { serviceUnavailable, unauthenticated } from '../errors.ts';
import type { SignedCaller } from './caller.ts';
import { fetchBounded } from './fetch-bounded.ts';

/** Signatures that only the issuer can make. With HS256 whoever checks could also sign, and its secret would be the issuer's public key for an attacker who chose the algorithm. */
const ALGORITHMS = ['RS', 'PS', 'ES'].flatMap((family) => ['256', '384', '512'].map((bits) => family + bits));
/** Seconds that clocks may differ. */
export const CLOCK_TOLERANCE_S = 5;
/** Milliseconds for the issuer to answer. */
const FETCH_PATIENCE_MS = 5_000;
/** Keys take some kB. */
const MOST_KEYS_BYTES = 1 << 20;
/** An issuer that failed is not asked again for this long, however many tokens come. */
const AFTER_FAILURE_MS = 1_000;
/** A token of a key that was not there makes the keys be fetched anew, at most this often: tokens can be made up. */
const UNKNOWN_KEY_EVERY_MS = 10_000;
/** Keys are fetched anew after this long, so that one that was withdrawn is not believed any more. */
export const KEYS_FOR_MS = 600_000;

export interface SignedTokens {
  /**
   * @returns whom a token names, and until when
   * @throws GraphQLError UNAUTHENTICATED with what is wrong, never with the token; SERVICE_UNAVAILABLE while the keys cannot be fetched
   */
  verify(token: string): Promise<SignedCaller>;
}

export function createSignedTokens({
  jwt: { jwksUrl, issuer, audience },
  logger,
}: {
  jwt: NonNullable<AccessSettings['jwt']>;
  logger: Logger;
}): SignedTokens {
  if (audience === undefined)
    logger.warn('JWT_AUDIENCE is not set: tokens that the issuer made for other services are taken too');
  if (issuer === undefined)
    logger.warn(
      'JWT_ISSUER is not set: whoever has issued a token, it is taken where a key of JWT_JWKS_URL fits',
    );
  const keyOf = createKeys(jwksUrl, logger);
  const options: JWTVerifyOptions = {
    algorithms: [...ALGORITHMS, 'EdDSA', 'Ed25519'],
    clockTolerance: CLOCK_TOLERANCE_S,
    requiredClaims: ['exp'],
    ...(issuer === undefined ? {} : { issuer }),
    ...(audience === undefined ? {} : { audience }),
  };
  return {
    async verify(token) {
      try {
        const { payload } = await jwtVerify(token, keyOf, options);
        return callerOf(payload);
      } catch (error) {
        throw refusalFor(error);
      }
    },
  };
}

/** The issuer was asked for its keys, or would have been, and gave none. */
class KeysAwayError extends Error {
  override name = 'KeysAwayError';
}

/** @returns the key of a token's header; it throws KeysAwayError, or jose's errors for a token that no key fits */
function createKeys(jwksUrl: string, logger: Logger): JWTVerifyGetKey {
  let notBefore = 0;
  const keys = createRemoteJWKSet(new URL(jwksUrl), {
    timeoutDuration: FETCH_PATIENCE_MS,
    cooldownDuration: UNKNOWN_KEY_EVERY_MS,
    cacheMaxAge: KEYS_FOR_MS,
    async [customFetch](url, how) {
      if (Date.now() < notBefore) throw new KeysAwayError('the issuer has just failed');
      return fetchBounded(url, how, { mostBytes: MOST_KEYS_BYTES });
    },
  });
  return async (header, token) => {
    try {
      return await keys(header, token);
    } catch (error) {
      if (
        error instanceof errors.JWKSNoMatchingKey ||
        error instanceof errors.JWKSMultipleMatchingKeys ||
        error instanceof errors.JOSENotSupported
      )
        throw error;
      if (error instanceof KeysAwayError) throw error;
      if (Date.now() >= notBefore) {
        notBefore = Date.now() + AFTER_FAILURE_MS;
        const { cause } = error as Error;
        logger.warn(
          { error: String(error), cause: String(cause) },
          'the keys of JWT_JWKS_URL cannot be fetched',
        );
      }
      throw new KeysAwayError('no keys', { cause: error });
    }
  };
}

/**
 * Reads with any good token; an operator's has `operator` among its `roles` (an array, or words in a string), or
 * `tripline:operator` in its `scope` (the same, as RFC 8693 has it).
 */
function callerOf(payload: JWTPayload): SignedCaller {
  const { sub, client_id: client, azp, exp = 0 } = payload;
  const subject = [sub, client, azp].find((claim) => typeof claim === 'string');
  return {
    name: `token:${subject ?? ''}`,
    isKnown: true,
    mayRead: true,
    isOperator:
      words(payload['roles']).includes('operator') || words(payload['scope']).includes('tripline:operator'),
    expiresAtMs: (exp + CLOCK_TOLERANCE_S) * 1000,
  };
}

const words = (claim: unknown): unknown[] =>
  Array.isArray(claim) ? claim : typeof claim === 'string' ? claim.split(/[\s,]+/) : [];

/** By the claim that a token fails. */
const CLAIMS: Readonly<Record<string, string>> = {
  aud: 'it is for another audience',
  iss: 'somebody else issued it',
  nbf: 'it is not valid yet',
  exp: 'it does not say until when it is valid (exp)',
};

function refusalFor(error: unknown): GraphQLError {
  if (error instanceof KeysAwayError)
    return serviceUnavailable(
      'This token cannot be checked right now: the keys of its issuer are not there. Ask again in a moment.',
    );
  return unauthenticated(`This token is not taken: ${reasonOf(error)}.`);
}

function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'it has expired';
  if (error instanceof errors.JWTClaimValidationFailed)
    return CLAIMS[error.claim] ?? 'one of its claims is not right';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'its signature is wrong';
  if (error instanceof errors.JWKSNoMatchingKey) return 'its issuer publishes no such key (kid)';
  if (error instanceof errors.JWKSMultipleMatchingKeys)
    return 'it does not say which key (kid) it is signed with';
  if (error instanceof errors.JOSEAlgNotAllowed)
    return 'its algorithm is not one of RS, PS and ES with 256, 384 or 512, or EdDSA';
  return 'it cannot be read as a signed JSON Web Token';
}

/** What callers are told that may not do what they ask. */
import type { GraphQLError } from 'graphql';
import { forbidden, unauthenticated } from '../errors.ts';
import type { Caller } from './caller.ts';

/** For messages: where an operator finds the token. */
export const WHERE_THE_TOKEN_IS =
  'send the header "Authorization: Bearer <token>"; the token is OPERATOR_TOKEN, or else in the file operator-token in DATA_DIR: npm start prints its path';

/** UNAUTHENTICATED, or undefined for a caller that may read. */
export function readingRefusal({ mayRead }: Caller): GraphQLError | undefined {
  if (mayRead) return undefined;
  return unauthenticated(
    'Reading needs a key or a token here: send the header "Authorization: Bearer <key or token>", or "X-Api-Key: <key>".',
  );
}

/** UNAUTHENTICATED, or FORBIDDEN for a caller that is known; undefined for an operator. */
export function operatorRefusal({ isOperator, isKnown }: Caller): GraphQLError | undefined {
  if (isOperator) return undefined;
  return isKnown
    ? forbidden('Only an operator may do this, and this key or token is not of one.')
    : unauthenticated(`Only an operator may do this: ${WHERE_THE_TOKEN_IS}.`);
}

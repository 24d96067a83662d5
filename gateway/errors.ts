/** Errors that clients see: a stable `extensions.code`, and a message that says what would be right. */
import { GraphQLError } from 'graphql';

export type ErrorCode = 'BAD_USER_INPUT' | 'SERVICE_UNAVAILABLE';

/** The client must change its question. */
export function badUserInput(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' satisfies ErrorCode } });
}

/** The same question may be answered later. */
export function serviceUnavailable(message: string): GraphQLError {
  return new GraphQLError(message, {
    extensions: { code: 'SERVICE_UNAVAILABLE' satisfies ErrorCode },
  });
}

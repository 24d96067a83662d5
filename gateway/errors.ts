/** Errors that clients see: a stable `extensions.code`, and a message that says what would be right. */
import { GraphQLError } from 'graphql';

export type ErrorCode =
  | 'BAD_USER_INPUT'
  | 'SERVICE_UNAVAILABLE'
  | 'UNAUTHENTICATED'
  | 'NOT_FOUND'
  | 'CONFLICT'
  | 'GONE'
  | 'TIMEOUT'
  | 'TOO_EXPENSIVE'
  | 'RATE_LIMITED'
  | 'OVERLOADED';

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

/** The client must say who it is. */
export function unauthenticated(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'UNAUTHENTICATED' satisfies ErrorCode } });
}

/** What was named is not there. */
export function notFound(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'NOT_FOUND' satisfies ErrorCode } });
}

/** It is there, but not in a state in which this can be done. */
export function conflict(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'CONFLICT' satisfies ErrorCode } });
}

/** It was there, and is not kept any more. */
export function gone(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'GONE' satisfies ErrorCode } });
}

/** It took longer than a question may. */
export function timedOut(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'TIMEOUT' satisfies ErrorCode } });
}

/** Refused before it began. */
export function tooExpensive(cost: { estimatedRows: number; budgetRows: number }): GraphQLError {
  const { estimatedRows, budgetRows } = cost;
  return new GraphQLError(
    `This would read ${estimatedRows} trips, and a question may read ${budgetRows}: ask about a shorter range.`,
    { extensions: { code: 'TOO_EXPENSIVE' satisfies ErrorCode, ...cost } },
  );
}

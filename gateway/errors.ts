/** Errors that clients see: a stable `extensions.code`, and a message that says what would be right. */
import { GraphQLError } from 'graphql';

export type ErrorCode =
  | 'BAD_REQUEST'
  | 'METHOD_NOT_ALLOWED'
  | 'NOT_ACCEPTABLE'
  | 'UNSUPPORTED_MEDIA_TYPE'
  | 'CONTENT_TOO_LARGE'
  | 'FORBIDDEN'
  | 'INTERNAL_SERVER_ERROR'
  | 'BAD_USER_INPUT'
  | 'SERVICE_UNAVAILABLE'
  | 'UNAUTHENTICATED'
  | 'NOT_FOUND'
  | 'CONFLICT'
  | 'GONE'
  | 'TIMEOUT'
  | 'TOO_EXPENSIVE'
  | 'RATE_LIMITED'
  | 'OVERLOADED'
  | 'PERSISTED_QUERY_NOT_FOUND'
  | 'PERSISTED_QUERY_HASH_MISMATCH'
  | 'DOCUMENT_NOT_TRUSTED'
  | 'LIMIT_EXCEEDED'
  | 'GRAPHQL_PARSE_FAILED'
  | 'GRAPHQL_VALIDATION_FAILED';

/** What came is no question in the form that the protocol gives it. */
export function badRequest(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_REQUEST' satisfies ErrorCode } });
}

/** HTTP has another method for this. @param allow those that there are, for the header */
export function methodNotAllowed(message: string, allow: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'METHOD_NOT_ALLOWED' satisfies ErrorCode, allow } });
}

/** The client takes no form of answer that there is. */
export function notAcceptable(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'NOT_ACCEPTABLE' satisfies ErrorCode } });
}

/** The question came in a form that is not taken. */
export function unsupportedMediaType(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'UNSUPPORTED_MEDIA_TYPE' satisfies ErrorCode } });
}

/** @param size `foundBytes` by its header; undefined when it has none, and more came than may */
export function contentTooLarge(size: { mostBytes: number; foundBytes: number | undefined }): GraphQLError {
  const { mostBytes, foundBytes } = size;
  const found = foundBytes === undefined ? 'more' : `${foundBytes} bytes`;
  return new GraphQLError(`The body has ${found}, and ${mostBytes} bytes are allowed.`, {
    extensions: { code: 'CONTENT_TOO_LARGE' satisfies ErrorCode, ...size },
  });
}

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

/** There is no answer without the warehouse, and it is away. */
export const warehouseAway = (): GraphQLError =>
  serviceUnavailable('The warehouse does not answer right now. Ask again in a moment.');

/** What the warehouse said cannot be believed, so that there is no answer. */
export const warehouseForeign = (): GraphQLError =>
  serviceUnavailable(
    'What answers in the warehouse’s place gives no whole answer of ClickHouse, so nothing is said. Ask again in a moment.',
  );

/** The client must say who it is. */
export function unauthenticated(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'UNAUTHENTICATED' satisfies ErrorCode } });
}

/** The gateway knows who it is, and that is not enough. */
export function forbidden(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'FORBIDDEN' satisfies ErrorCode } });
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

/** Refused before it began, and it will be again. */
export function tooExpensive(
  cost:
    { estimatedRows: number; budgetRows: number } | { estimatedRows: number; budgetRowsPerMinute: number },
): GraphQLError {
  const allowed =
    'budgetRows' in cost
      ? `a question may read ${cost.budgetRows}`
      : `a client may read ${cost.budgetRowsPerMinute} in a minute`;
  return new GraphQLError(
    `This would read ${cost.estimatedRows} trips, and ${allowed}: ask about a shorter range.`,
    { extensions: { code: 'TOO_EXPENSIVE' satisfies ErrorCode, ...cost } },
  );
}

/** Message and code are of Apollo's protocol: its clients send the document after it. */
export function persistedQueryNotFound(): GraphQLError {
  return new GraphQLError('PersistedQueryNotFound', {
    extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' satisfies ErrorCode },
  });
}

/** A document was sent with another's hash. */
export function persistedQueryHashMismatch({ given, right }: { given: string; right: string }): GraphQLError {
  return new GraphQLError(`provided sha does not match query: the SHA-256 of this document is ${right}`, {
    extensions: { code: 'PERSISTED_QUERY_HASH_MISMATCH' satisfies ErrorCode, given: given.slice(0, 64) },
  });
}

/** This gateway takes the repository's documents alone. */
export function documentNotTrusted(): GraphQLError {
  return new GraphQLError(
    'This gateway answers trusted documents alone (TRUSTED_DOCUMENTS_ONLY), and this is none of them: use one of the .graphql files that it was built with.',
    { extensions: { code: 'DOCUMENT_NOT_TRUSTED' satisfies ErrorCode } },
  );
}

/** The series and listings of one request are too long together. */
export function tooManyPoints(
  cost: { points: number; mostPoints: number },
  what: 'series' | 'listings',
): GraphQLError {
  const found =
    what === 'series'
      ? `These series have ${cost.points} points together`
      : `These listings come to ${cost.points} points, ten for each row, with the series beside them`;
  return new GraphQLError(`${found}, and a request may have ${cost.mostPoints}: ask in several requests.`, {
    extensions: { code: 'TOO_EXPENSIVE' satisfies ErrorCode, ...cost },
  });
}

/** More would be written of one answer than others can wait for. */
export function answerTooLarge(cost: { values: number; mostValues: number }): GraphQLError {
  return new GraphQLError(
    `The lists of this answer have more than ${cost.mostValues} values, ${cost.values} so far: ask for fewer fields of them, or in several requests.`,
    { extensions: { code: 'TOO_EXPENSIVE' satisfies ErrorCode, ...cost } },
  );
}

/** Refused before it began; the client's next minute begins in `retryAfterSeconds`. */
export function rateLimited(cost: {
  estimatedRows: number;
  budgetRowsPerMinute: number;
  remainingRows: number;
  retryAfterSeconds: number;
}): GraphQLError {
  const { estimatedRows, budgetRowsPerMinute, remainingRows, retryAfterSeconds } = cost;
  return new GraphQLError(
    `This would read ${estimatedRows} trips, and ${remainingRows} of the ${budgetRowsPerMinute} that you may have read in a minute are left: ask again in ${retryAfterSeconds} s.`,
    { extensions: { code: 'RATE_LIMITED' satisfies ErrorCode, ...cost } },
  );
}

/** Too much is under way; nothing is wrong with the question. @param message what there is too much of */
export function overloaded(message: string, details: { retryAfterSeconds: number }): GraphQLError {
  return new GraphQLError(`${message} Ask again in ${details.retryAfterSeconds} s.`, {
    extensions: { code: 'OVERLOADED' satisfies ErrorCode, ...details },
  });
}

/** Larger than a request may be, in some way; smaller it would be answered. */
export function limitExceeded(
  message: string,
  { what, limit, found }: { what: string; limit: number; found?: number },
): GraphQLError {
  return new GraphQLError(message, {
    extensions: {
      code: 'LIMIT_EXCEEDED' satisfies ErrorCode,
      what,
      limit,
      ...(found === undefined ? {} : { found }),
    },
  });
}

const MOST_MESSAGE = 500;
const MOST_QUOTED = 60;

/** A message for clients: some hold what was sent, all of it. */
export const shortened = (message: string): string =>
  message.length > MOST_MESSAGE ? `${message.slice(0, MOST_MESSAGE)}…` : message;

/** What was sent, for messages. */
export const quoted = (text: string): string =>
  JSON.stringify(text.length > MOST_QUOTED ? `${text.slice(0, MOST_QUOTED)}…` : text);

/** What is wrong with a document, and where. What a scalar says of a value keeps its own code. */
export function documentError(
  { message, nodes, source, positions, extensions: own }: GraphQLError,
  code: 'GRAPHQL_PARSE_FAILED' | 'GRAPHQL_VALIDATION_FAILED',
): GraphQLError {
  const short = shortened(message);
  const extensions = { code: code satisfies ErrorCode, ...own };
  if (nodes !== undefined) return new GraphQLError(short, { nodes, extensions });
  return new GraphQLError(short, { source: source ?? null, positions: positions ?? null, extensions });
}

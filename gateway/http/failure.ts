/** What a client is told when there is no whole answer: GraphQL errors, or RFC 9457 for those who ask REST. */
import { GraphQLError, type ExecutionResult } from 'graphql';
import { shortened, type ErrorCode } from '../errors.ts';
import type { MediaType } from './negotiation.ts';
import { STATUS, type Status } from './status.ts';

export interface Failure {
  /** Of all of them, the first one's. */
  code: string;
  errors: readonly GraphQLError[];
  /** Present, and perhaps in part there, when the operation was begun. */
  data?: ExecutionResult['data'];
}

/** Of these a client that speaks application/json learns by the status too: what is between it and us acts on them. */
const TURNED_AWAY: readonly string[] = ['UNAUTHENTICATED', 'FORBIDDEN', 'RATE_LIMITED', 'OVERLOADED'];
const BY_STATUS: readonly string[] = [
  ...TURNED_AWAY,
  'BAD_REQUEST',
  'METHOD_NOT_ALLOWED',
  'NOT_ACCEPTABLE',
  'CONTENT_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
  'SERVICE_UNAVAILABLE',
];

export function failureOf(errors: readonly GraphQLError[], data?: ExecutionResult['data']): Failure {
  const [first] = errors;
  const code = first === undefined ? 'INTERNAL_SERVER_ERROR' : codeOf(first);
  return { code, errors, ...(data === undefined ? {} : { data }) };
}

/** Whom it says something of: of the question, whoever asks it; of a client; or of one request and its time. */
export function concernsOf({ errors }: Failure): 'all' | 'client' | 'request' {
  const codes = errors.map(codeOf);
  if (codes.includes('TIMEOUT')) return 'request';
  return codes.some((code) => TURNED_AWAY.includes(code)) ? 'client' : 'all';
}

/**
 * What graphql-js finds itself has no code, and is the client's to mend when it is about what the client sent: a variable, before it begins, or an
 * argument, for which it names a place in the document. What a resolver gave that fits no type is neither.
 */
function codeOf({ extensions: { code }, originalError, path }: GraphQLError): string {
  if (typeof code === 'string') return code;
  const isTheirs =
    originalError === undefined ||
    (originalError instanceof GraphQLError && (path === undefined || originalError.nodes !== undefined));
  return isTheirs ? 'BAD_USER_INPUT' : 'INTERNAL_SERVER_ERROR';
}

/** For errors that are told as they come, in a stream: the same error, as Yoga takes another one for a mistake of ours and logs it. */
export function giveCode(error: GraphQLError): void {
  error.extensions['code'] ??= codeOf(error);
  error.message = shortened(error.message);
}

export interface FailureResponse {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/**
 * As GraphQL over HTTP says: an operation that was begun has status 200, whatever came of it, but where it was turned away; one that was not has 4xx for
 * application/graphql-response+json, and 200 for application/json.
 */
export function graphqlFailure(failure: Failure, mediaType: MediaType): FailureResponse {
  const { code, errors, data } = failure;
  const isBegun = data !== undefined;
  const byStatus = isBegun ? data === null && TURNED_AWAY.includes(code) : BY_STATUS.includes(code);
  const isJson = mediaType === 'application/json';
  const status = byStatus || (!isBegun && !isJson) ? statusOf(code).status : 200;
  const shown = errors.map((error) => ({
    ...error.toJSON(),
    message: shortened(error.message),
    extensions: shownExtensions(error),
  }));
  return {
    status,
    headers: { 'content-type': `${mediaType}; charset=utf-8`, ...failureHeaders(failure) },
    body: JSON.stringify(isBegun ? { errors: shown, data } : { errors: shown }),
  };
}

/** Ends with a line feed, for people at a terminal. */
export function problemFailure(failure: Failure): FailureResponse {
  const { status, title } = statusOf(failure.code);
  const [error] = failure.errors;
  const detail = error && shortened(error.message);
  const problem = { status, title, detail, ...(error && shownExtensions(error)) };
  return {
    status,
    headers: { 'content-type': 'application/problem+json', ...failureHeaders(failure) },
    body: `${JSON.stringify(problem)}\n`,
  };
}

/** What nobody has given a code for clients is our fault. */
function statusOf(code: string): Status {
  return Object.hasOwn(STATUS, code) ? STATUS[code as ErrorCode] : STATUS.INTERNAL_SERVER_ERROR;
}

function failureHeaders({ code, errors }: Failure): Record<string, string> {
  const { retryAfterSeconds, allow } = errors[0]?.extensions ?? {};
  const seconds = retryAfterSeconds ?? (code === 'SERVICE_UNAVAILABLE' ? 1 : undefined);
  return {
    'cache-control': 'no-store',
    ...(typeof seconds === 'number' ? { 'retry-after': String(Math.max(1, Math.ceil(seconds))) } : {}),
    ...(typeof allow === 'string' ? { allow } : {}),
    ...(code === 'UNAUTHENTICATED' ? { 'www-authenticate': 'Bearer' } : {}),
  };
}

/** What Yoga keeps for itself. */
const INTERNAL = ['http', 'unexpected', 'originalError'];

function shownExtensions(error: GraphQLError): Record<string, unknown> {
  const shown = Object.entries(error.extensions).filter(([name]) => !INTERNAL.includes(name));
  return { ...Object.fromEntries(shown), code: codeOf(error) };
}

import type { ErrorCode } from '../errors.ts';

export interface Status {
  status: number;
  title: string;
  /** For people. */
  means: string;
}

/** HTTP's status for each code of a GraphQL error. */
export const STATUS: Readonly<Record<ErrorCode, Status>> = {
  BAD_REQUEST: {
    status: 400,
    title: 'Bad Request',
    means: 'The request is not of the form that GraphQL over HTTP gives it.',
  },
  GRAPHQL_PARSE_FAILED: { status: 400, title: 'Bad Request', means: 'The document is no GraphQL.' },
  GRAPHQL_VALIDATION_FAILED: {
    status: 400,
    title: 'Bad Request',
    means: 'The document does not fit the schema.',
  },
  LIMIT_EXCEEDED: {
    status: 400,
    title: 'Bad Request',
    means: 'The document is larger, in some way, than one may be.',
  },
  PERSISTED_QUERY_NOT_FOUND: {
    status: 400,
    title: 'Bad Request',
    means: 'No document is known by this hash: send it with the hash once.',
  },
  PERSISTED_QUERY_HASH_MISMATCH: {
    status: 400,
    title: 'Bad Request',
    means: 'The document has another hash.',
  },
  BAD_USER_INPUT: {
    status: 400,
    title: 'Bad Request',
    means: 'The question makes no sense as it is; the detail says what would be right.',
  },
  UNAUTHENTICATED: { status: 401, title: 'Unauthorized', means: 'Nobody is known by what was sent.' },
  FORBIDDEN: { status: 403, title: 'Forbidden', means: 'Who asks is known, and may not.' },
  DOCUMENT_NOT_TRUSTED: {
    status: 403,
    title: 'Forbidden',
    means: 'Only trusted documents are answered here.',
  },
  NOT_FOUND: { status: 404, title: 'Not Found', means: 'What was named is not there.' },
  METHOD_NOT_ALLOWED: { status: 405, title: 'Method Not Allowed', means: 'It is asked by another method.' },
  NOT_ACCEPTABLE: { status: 406, title: 'Not Acceptable', means: 'It is answered in another form.' },
  CONFLICT: { status: 409, title: 'Conflict', means: 'It is not in a state in which this can be done.' },
  GONE: { status: 410, title: 'Gone', means: 'The data version that was asked for is not kept any more.' },
  CONTENT_TOO_LARGE: {
    status: 413,
    title: 'Content Too Large',
    means: 'What was sent is longer than it may be.',
  },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    title: 'Unsupported Media Type',
    means: 'It is sent in another form.',
  },
  TOO_EXPENSIVE: {
    status: 422,
    title: 'Unprocessable Content',
    means: 'More trips would have to be read than one question may read.',
  },
  RATE_LIMITED: {
    status: 429,
    title: 'Too Many Requests',
    means: 'The client has asked for more than it may in a minute.',
  },
  INTERNAL_SERVER_ERROR: {
    status: 500,
    title: 'Internal Server Error',
    means: 'This is our fault. It is logged.',
  },
  OVERLOADED: {
    status: 503,
    title: 'Service Unavailable',
    means: 'Too many are asking.',
  },
  SERVICE_UNAVAILABLE: {
    status: 503,
    title: 'Service Unavailable',
    means: 'A part that the answer needs does not answer right now.',
  },
  TIMEOUT: { status: 504, title: 'Gateway Timeout', means: 'It took longer than a request may take.' },
};

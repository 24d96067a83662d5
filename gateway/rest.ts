/** The question in its simplest form: `GET /api/p90?from=…&to=…`, for those who do not speak GraphQL. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { GraphQLError } from 'graphql';
import type { Answers, Asking } from './answers.ts';
import { badUserInput } from './errors.ts';
import { formatLocalDateTime } from './percentile/local-date-time.ts';
import { sendProblem } from './problem.ts';
import { askLevel, askSpan } from './questions.ts';
import { requestUrl } from './request-url.ts';
import { warehouseMicros } from './resolvers/percentile.ts';
import { openRange, parseParameters } from './rest-parameters.ts';

/** HTTP's status for each GraphQL error code; 503 for any other. */
const STATUS: Readonly<Record<string, [status: number, title: string]>> = {
  BAD_USER_INPUT: [400, 'Bad Request'],
  GONE: [410, 'Gone'],
  TOO_EXPENSIVE: [422, 'Unprocessable Content'],
  TIMEOUT: [504, 'Gateway Timeout'],
};

/** Runs a GET; its GraphQL errors become problem+json: 400 for mistakes, 503 while the warehouse is away. */
export async function answerGet(
  request: IncomingMessage,
  response: ServerResponse,
  answer: () => Promise<void>,
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    return sendProblem(response, { status: 405, title: 'Method Not Allowed', detail: 'Use GET.' });
  }
  try {
    await answer();
  } catch (error) {
    if (!(error instanceof GraphQLError) || response.headersSent) throw error;
    const code = String(error.extensions['code']);
    const [status, title] = (Object.hasOwn(STATUS, code) ? STATUS[code] : undefined) ?? [
      503,
      'Service Unavailable',
    ];
    sendProblem(response, { status, title, detail: error.message, ...error.extensions });
  }
}

/** Answers with the fields of `Percentile`. */
export async function answerP90(
  request: IncomingMessage,
  response: ServerResponse,
  answers: Answers,
  asking: Asking,
): Promise<void> {
  const given = parseParameters(requestUrl(request).searchParams, ['from', 'to', 'interpolate']);
  const interpolate = given['interpolate'] ?? 'false';
  if (interpolate !== 'true' && interpolate !== 'false')
    throw badUserInput('interpolate must be true or false');
  const [answer] = await answers.percentiles(
    { levels: [askLevel(0.9)], span: askSpan(openRange(given)), interpolate: interpolate === 'true' },
    asking,
  );
  if (answer === undefined) throw new Error('one level was asked for');
  const through = warehouseMicros(answer.dataThrough);
  const { p, value, trips, above: tripsOver, dataVersion } = answer;
  const dataThrough = through === null ? null : formatLocalDateTime(through);
  const body = `${JSON.stringify({ p, value, trips, tripsOver, dataVersion, dataThrough, exact: true })}\n`;
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache' });
  response.end(request.method === 'HEAD' ? undefined : body);
}

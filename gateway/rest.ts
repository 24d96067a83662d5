/** The question in its simplest form: `GET /api/p90?from=…&to=…`, for those who do not speak GraphQL. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { GraphQLError } from 'graphql';
import type { Answers } from './answers.ts';
import { badUserInput } from './errors.ts';
import { formatLocalDateTime, LocalDateTimeError, parseLocalDateTime } from './percentile/local-date-time.ts';
import { askPercentile } from './questions.ts';
import { warehouseMicros } from './resolvers/percentile.ts';
import { requestUrl } from './request-url.ts';
import { sendProblem } from './problem.ts';

const PARAMETERS = ['from', 'to', 'interpolate'];

/** Answers with the fields of `Percentile`, or with problem+json: 400 for mistakes, 503 while the warehouse is away. */
export async function answerP90(
  request: IncomingMessage,
  response: ServerResponse,
  answers: Answers,
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    return sendProblem(response, { status: 405, title: 'Method Not Allowed', detail: 'Use GET.' });
  }
  try {
    const answer = await answers.percentile(parseQuery(requestUrl(request).searchParams));
    const through = warehouseMicros(answer.dataThrough);
    const { p, value, trips, tripsOver, dataVersion, exact } = answer;
    const dataThrough = through === null ? null : formatLocalDateTime(through);
    const body = `${JSON.stringify({ p, value, trips, tripsOver, dataVersion, dataThrough, exact })}\n`;
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache' });
    response.end(request.method === 'HEAD' ? undefined : body);
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    const mistake = error.extensions['code'] === 'BAD_USER_INPUT';
    const title = mistake ? 'Bad Request' : 'Service Unavailable';
    sendProblem(response, {
      status: mistake ? 400 : 503,
      title,
      detail: error.message,
      code: error.extensions['code'],
    });
  }
}

function parseQuery(query: URLSearchParams) {
  for (const name of query.keys()) {
    if (!PARAMETERS.includes(name))
      throw badUserInput(`unknown parameter ${JSON.stringify(name)}: there are ${PARAMETERS.join(', ')}`);
    if (query.getAll(name).length > 1) throw badUserInput(`${name} is given more than once`);
  }
  const moment = (name: 'from' | 'to'): bigint | undefined => {
    const text = query.get(name);
    if (text === null) return undefined;
    try {
      return parseLocalDateTime(text);
    } catch (error) {
      if (error instanceof LocalDateTimeError) throw badUserInput(`${name}: ${error.message}`);
      throw error;
    }
  };
  const interpolate = query.get('interpolate') ?? 'false';
  if (interpolate !== 'true' && interpolate !== 'false')
    throw badUserInput('interpolate must be true or false');
  return askPercentile({
    p: 0.9,
    pickup: { from: moment('from'), to: moment('to') },
    interpolate: interpolate === 'true',
  });
}

import type { ServerResponse } from 'node:http';

/** RFC 9457. */
export interface Problem {
  status: number;
  title: string;
  detail: string;
  /** The GraphQL error code of the same mistake. */
  code?: unknown;
  retryAfterSeconds?: unknown;
  /** What it was about: RFC 9457's extension members. */
  [detail: string]: unknown;
}

/** With `Retry-After` where the problem has `retryAfterSeconds`. */
export function sendProblem(response: ServerResponse, problem: Problem): void {
  const { retryAfterSeconds } = problem;
  if (typeof retryAfterSeconds === 'number') response.setHeader('retry-after', retryAfterSeconds);
  response.writeHead(problem.status, { 'content-type': 'application/problem+json' });
  response.end(`${JSON.stringify(problem)}\n`);
}

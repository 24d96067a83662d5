import type { ServerResponse } from 'node:http';

/** RFC 9457. */
export interface Problem {
  status: number;
  title: string;
  detail: string;
  /** The GraphQL error code of the same mistake. */
  code?: unknown;
  /** What it was about: RFC 9457's extension members. */
  [detail: string]: unknown;
}

export function sendProblem(response: ServerResponse, problem: Problem): void {
  response.writeHead(problem.status, { 'content-type': 'application/problem+json' });
  response.end(`${JSON.stringify(problem)}\n`);
}

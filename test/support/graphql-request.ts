/** What clients send to `/graphql`, and what a gateway says that it has answered. */
import { createHash } from 'node:crypto';
import { exchange, jsonOf, type Sent } from './exchange.ts';

export interface Question {
  query?: string;
  /** Apollo's SHA-256 of the query. */
  hash?: string;
  operationName?: string;
  variables?: Record<string, unknown>;
}

export interface Answer<Data> {
  data?: Data | null;
  errors?: { message: string; extensions: { code: string } & Record<string, unknown> }[];
}

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const bodyOf = ({ hash, ...question }: Question) => ({
  ...question,
  ...(hash === undefined ? {} : { extensions: { persistedQuery: { version: 1, sha256Hash: hash } } }),
});

/** The address of a question by GET. */
export function addressOf({ url }: { url: string }, question: Question): string {
  const parameters = Object.entries(bodyOf(question)).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  return `${url}/graphql?${new URLSearchParams(parameters)}`;
}

/** A question by POST. */
export const postOf = (question: Question, headers: Record<string, string> = {}): Sent => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(bodyOf(question)),
});

export async function ask<Data>(
  gateway: { url: string },
  question: Question,
  { method = 'POST', headers = {} }: { method?: 'GET' | 'POST'; headers?: Record<string, string> } = {},
): Promise<Answer<Data>> {
  const reply =
    method === 'GET'
      ? await exchange(addressOf(gateway, question), { headers })
      : await exchange(`${gateway.url}/graphql`, postOf(question, headers));
  return jsonOf(reply) as Answer<Data>;
}

/** How many requests of that operation were answered how, by `/metrics`: `{ 'miss 200': 1, 'hit 304': 2 }`. */
export async function outcomesOf(
  gateway: { url: string },
  operation: string,
): Promise<Record<string, number>> {
  const { body } = await exchange(`${gateway.url}/metrics`);
  const counts = body
    .toString()
    .matchAll(
      /^tripline_request_duration_seconds_count\{operation="(.*)",cache="(\w+)",status="(\d+)"\} (\d+)$/gm,
    );
  return Object.fromEntries(
    [...counts]
      .filter(([, name, , , count]) => name === operation && count !== '0')
      .map(([, , outcome, status, count]) => [`${outcome} ${status}`, Number(count)]),
  );
}

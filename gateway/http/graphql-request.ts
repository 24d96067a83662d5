/** GraphQL over HTTP: what a request asks, taken out of its query string or its JSON body. */
import { badRequest } from '../errors.ts';
import { isForTrackers } from './is-for-trackers.ts';
import { checkDepth, checkVariablesLength, HTTP_LIMITS } from '../limits/http-limits.ts';

export interface GraphqlRequest {
  query: string | undefined;
  /** Apollo's protocol: SHA-256 of the document, in lowercase hexadecimal. */
  hash: string | undefined;
  operationName: string | undefined;
  variables: Readonly<Record<string, unknown>>;
}

/** Windows' tools begin a text with it. */
const BYTE_ORDER_MARK = /^\uFEFF/;

const KNOWN = ['query', 'operationName', 'variables', 'extensions'];

/** @throws GraphQLError BAD_REQUEST */
export function readQueryString(text: string): GraphqlRequest {
  const texts = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(text)) {
    if (isForTrackers(name)) continue;
    if (texts.has(name)) throw badRequest(`${name.slice(0, 100)} is given more than once.`);
    texts.set(name, value);
  }
  const given: Record<string, unknown> = Object.fromEntries(texts);
  for (const name of ['variables', 'extensions']) {
    const json = texts.get(name);
    if (json === undefined) continue;
    given[name] = objectOf(json, name);
  }
  return readRequest(given);
}

/** @throws GraphQLError BAD_REQUEST */
export function readBody(text: string): GraphqlRequest {
  const given = parseJson(text.replace(BYTE_ORDER_MARK, ''), 'the body');
  if (Array.isArray(given))
    throw badRequest('Operations are not taken in batches: send each in a request of its own.');
  if (!isObject(given))
    throw badRequest('The body must be a JSON object with a query, or with the hash of one.');
  const request = readRequest(given);
  if (text.length > HTTP_LIMITS.variablesCharacters)
    checkVariablesLength(JSON.stringify(request.variables).length);
  return request;
}

function readRequest(given: Readonly<Record<string, unknown>>): GraphqlRequest {
  for (const name of Object.keys(given))
    if (!KNOWN.includes(name))
      throw badRequest(
        `Unexpected parameter ${JSON.stringify(name.slice(0, 100))}: there are ${KNOWN.join(', ')}.`,
      );
  const { query, operationName } = given;
  const variables = objectOf(given['variables'], 'variables');
  const extensions = objectOf(given['extensions'], 'extensions');
  if (!isTextOrNothing(query)) throw badRequest('query must be a string.');
  if (!isTextOrNothing(operationName)) throw badRequest('operationName must be a string.');
  if (!isObjectOrNothing(variables)) throw badRequest('variables must be a JSON object.');
  if (!isObjectOrNothing(extensions)) throw badRequest('extensions must be a JSON object.');
  const hash = readHash(extensions?.['persistedQuery']);
  if (hash === undefined && (query ?? '') === '')
    throw badRequest('A request needs a query, or extensions.persistedQuery with the SHA-256 of one.');
  return {
    query: query ?? undefined,
    hash,
    operationName: operationName ?? undefined,
    variables: variables ?? {},
  };
}

function readHash(persistedQuery: unknown): string | undefined {
  if (persistedQuery === undefined || persistedQuery === null) return undefined;
  if (!isObject(persistedQuery)) throw badRequest('extensions.persistedQuery must be a JSON object.');
  const { version, sha256Hash } = persistedQuery;
  if (version !== 1) throw badRequest('extensions.persistedQuery.version must be 1.');
  if (typeof sha256Hash !== 'string')
    throw badRequest('extensions.persistedQuery.sha256Hash must be a string: SHA-256 in hexadecimal.');
  return sha256Hash.toLowerCase();
}

/** Some clients send the JSON of an object as a string. */
function objectOf(value: unknown, name: string): unknown {
  if (typeof value !== 'string') return value;
  checkVariablesLength(value.length);
  return value.trim() === '' ? undefined : parseJson(value, name);
}

function parseJson(text: string, name: string): unknown {
  checkDepth(text);
  try {
    return JSON.parse(text);
  } catch {
    throw badRequest(`${name} is not JSON.`);
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isTextOrNothing = (value: unknown): value is string | null | undefined =>
  value === undefined || value === null || typeof value === 'string';
const isObjectOrNothing = (value: unknown): value is Record<string, unknown> | null | undefined =>
  value === undefined || value === null || isObject(value);

/** GraphQL to the gateway, from wherever it runs. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClientEnvironment } from '../config/environment.ts';

/** It could not be done: one line that says what to do. `code` is the gateway's, undefined when it was not reached. */
export class GatewayError extends Error {
  override name = 'GatewayError';
  readonly code: string | undefined;
  constructor(message: string, code?: string) {
    super(message);
    this.code = code;
  }
}

/** @param document a trusted one's file, without `.graphql`: a gateway that takes no other takes these */
export type Ask = <Data>(document: string, variables?: Record<string, unknown>) => Promise<Data>;

const DOCUMENTS = new URL('../gateway/documents/trusted/', import.meta.url);
/** Milliseconds; a rollback may take half a minute. */
const PATIENCE_MS = 60_000;

/** @throws GatewayError when nothing says where the gateway is */
export function connectGateway(environment: ClientEnvironment): Ask {
  const url = gatewayUrl(environment);
  const token = operatorToken(environment);
  return async <Data>(document: string, variables: Record<string, unknown> = {}): Promise<Data> => {
    const query = readFileSync(new URL(`${document}.graphql`, DOCUMENTS), 'utf8');
    const response = await post(url, token, JSON.stringify({ query, variables }));
    const body = await response.text();
    const { data, errors } = parseAnswer(body, url);
    const [error] = errors ?? [];
    if (error !== undefined) throw new GatewayError(error.message, error.extensions?.code);
    if (data === undefined || data === null)
      throw new GatewayError(`${url} answered ${response.status} without data: is that Tripline's gateway?`);
    return data as Data;
  };
}

async function post(url: string, token: string | undefined, body: string): Promise<Response> {
  try {
    return await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body,
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    const why = (cause as NodeJS.ErrnoException | undefined)?.code ?? (error as Error).name;
    throw new GatewayError(
      `the gateway at ${url} does not answer (${why}): start Tripline with npm start, or set TRIPLINE_URL`,
    );
  }
}

interface Answer {
  data?: unknown;
  errors?: { message: string; extensions?: { code?: string } }[];
}

function parseAnswer(body: string, url: string): Answer {
  try {
    const answer: unknown = JSON.parse(body);
    if (typeof answer === 'object' && answer !== null) return answer;
  } catch {
    // Said below.
  }
  throw new GatewayError(`${url} does not answer in JSON: is that Tripline's gateway?`);
}

function gatewayUrl({ url, dataDir }: ClientEnvironment): string {
  if (url !== undefined) return url;
  if (dataDir === undefined)
    throw new GatewayError(
      'no Tripline runs in this checkout: start it with npm start, or set DATA_DIR as it was set there, or TRIPLINE_URL',
    );
  const path = join(dataDir, 'run', 'gateway.json');
  try {
    const { url: running } = JSON.parse(readFileSync(path, 'utf8')) as { url: string };
    return running;
  } catch {
    throw new GatewayError(`no gateway runs here (no ${path}): start it with npm start, or set TRIPLINE_URL`);
  }
}

/** Undefined is fine for questions; the gateway says where the token is when it misses it. */
function operatorToken({ operatorToken: given, dataDir }: ClientEnvironment): string | undefined {
  if (given !== undefined || dataDir === undefined) return given;
  try {
    return readFileSync(join(dataDir, 'operator-token'), 'utf8').trim();
  } catch {
    return undefined;
  }
}

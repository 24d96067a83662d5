/** How large and how slow a request may be, and what is said to those that are no HTTP. */
import { STATUS_CODES, type IncomingMessage, type Server, type ServerOptions } from 'node:http';
import type { Duplex } from 'node:stream';
import { contentTooLarge, limitExceeded } from '../errors.ts';
import type { Problem } from '../problem.ts';

export const HTTP_LIMITS = {
  /** Of the request line and all headers: a question in a URL has its document and its variables there. */
  headerBytes: 32_768,
  headersMs: 10_000,
  /** From the first byte of a request to its last. Answers take as long as they take: subscriptions stay open. */
  requestMs: 30_000,
  /** Between requests; longer than the minute that proxies keep theirs. */
  idleMs: 65_000,
  connections: 10_000,
  /** Of a GraphQL request: a document, variables, and what JSON adds to them. */
  bodyBytes: 131_072,
  variablesCharacters: 65_536,
  /** No request of ours has more than 5. */
  jsonDepth: 16,
} as const;

export const SERVER_OPTIONS: ServerOptions = {
  maxHeaderSize: HTTP_LIMITS.headerBytes,
  headersTimeout: HTTP_LIMITS.headersMs,
  requestTimeout: HTTP_LIMITS.requestMs,
  keepAliveTimeout: HTTP_LIMITS.idleMs,
  connectionsCheckingInterval: 5_000,
};

/** Answers what the parser refuses with problem+json. */
export function guardConnections(server: Server): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    // An answer in an answer would be neither.
    const { _httpMessage: answering } = socket as { _httpMessage?: { headersSent: boolean } };
    if (!socket.writable || error.code === 'ECONNRESET' || answering?.headersSent === true) {
      socket.destroy(error);
      return;
    }
    socket.on('error', () => undefined);
    socket.end(asResponse(problemOf(error.code)), () => socket.destroy());
  });
}

function problemOf(code: string | undefined): Problem {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return problem(
        431,
        `The request line and the headers may have ${HTTP_LIMITS.headerBytes} bytes together.`,
      );
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return problem(
        408,
        `The headers of a request must arrive within ${HTTP_LIMITS.headersMs / 1_000} s, all of it within ${HTTP_LIMITS.requestMs / 1_000} s.`,
      );
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return problem(413, 'The extensions of its chunks are too long.');
    default:
      return problem(400, 'This is no HTTP/1.1 request.');
  }
}

export const problem = (status: number, detail: string): Problem => ({
  status,
  title: STATUS_CODES[status] ?? '',
  detail,
});

/** For a connection that is closed after it. */
export function asResponse(content: Problem): string {
  const { retryAfterSeconds } = content;
  const body = `${JSON.stringify(content)}\n`;
  const headers = [
    `HTTP/1.1 ${content.status} ${content.title}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...(typeof retryAfterSeconds === 'number' ? [`Retry-After: ${retryAfterSeconds}`] : []),
    'Connection: close',
  ];
  return `${headers.join('\r\n')}\r\n\r\n${body}`;
}

/** The client has gone in the midst of its request: there is nobody to answer. */
export class BodyCutError extends Error {
  override name = 'BodyCutError';
}

/**
 * Keeps no more than it may. By events: iterating costs as much as all else of a small request.
 * @throws GraphQLError CONTENT_TOO_LARGE; BodyCutError
 */
export function readLimitedBody(request: IncomingMessage, mostBytes: number): Promise<Buffer> {
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > mostBytes) return Promise.reject(contentTooLarge({ mostBytes, foundBytes: announced }));
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let bytes = 0;
    request.on('data', (piece: Buffer) => {
      bytes += piece.length;
      if (bytes > mostBytes) reject(contentTooLarge({ mostBytes, foundBytes: undefined }));
      else pieces.push(piece);
    });
    request.once('end', () =>
      resolve(pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces, bytes)),
    );
    request.once('error', (error) => reject(new BodyCutError('the request was cut', { cause: error })));
  });
}

/** Of a body that nobody wants. */
const THROWN_AWAY = { mostBytes: 16 << 20, mostMs: 2_000 } as const;

/**
 * Before a request is refused whose body is still coming: a client that writes while its connection is closed never reads why. Resolves when all of
 * it is there, the client is gone, or it was too much.
 */
export async function throwRestAway(request: IncomingMessage): Promise<void> {
  // A request without a body is complete a moment after its headers.
  await Promise.resolve();
  if (request.complete || request.destroyed) return;
  await new Promise<void>((resolve) => {
    let bytes = 0;
    const timer = setTimeout(resolve, THROWN_AWAY.mostMs);
    request.on('data', (piece: Buffer) => {
      bytes += piece.length;
      if (bytes > THROWN_AWAY.mostBytes) resolve();
    });
    for (const ending of ['end', 'close', 'error']) request.once(ending, () => resolve());
    request.once('close', () => clearTimeout(timer));
    request.resume();
  });
}

/** @throws GraphQLError LIMIT_EXCEEDED: variables are sorted and compared with each question */
export function checkVariablesLength(characters: number): void {
  const { variablesCharacters: limit } = HTTP_LIMITS;
  if (characters > limit)
    throw limitExceeded(`The variables have ${characters} characters, and ${limit} are allowed.`, {
      what: 'variables',
      limit,
      found: characters,
    });
}

/**
 * Before it is parsed.
 * @param json what a client sent
 * @throws GraphQLError LIMIT_EXCEEDED
 */
export function checkDepth(json: string): void {
  const { jsonDepth: limit } = HTTP_LIMITS;
  const found = depthOf(json);
  if (found > limit)
    throw limitExceeded(`This JSON is ${found} levels deep, and ${limit} are allowed.`, {
      what: 'jsonDepth',
      limit,
      found,
    });
}

/** Of brackets outside of strings; of what is no JSON, something. */
function depthOf(json: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let at = 0; at < json.length; at += 1) {
    const character = json[at];
    if (inString) {
      if (character === '\\') at += 1;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '[' || character === '{') deepest = Math.max(deepest, (depth += 1));
    else if (character === ']' || character === '}') depth -= 1;
  }
  return deepest;
}

/** What stands before Temporal's web server, which takes any `Host`: a web page whose name was pointed at it could read and steer all workflows. */
import {
  Agent,
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { pipeline } from 'node:stream';
import { createHostCheck, type HostRefusal } from '../../config/http/host-check.ts';
import { requestUrl } from '../../config/http/request-url.ts';
import { webPageRefusal } from '../../config/http/web-page-check.ts';
import type { BackendAddress } from './backend-address.ts';

/** A browser has six; the requests of a page that waits for news stay open. */
const MOST_CONNECTIONS = 200;
/** Of one connection alone, and no concern of the other side. */
const HOP_BY_HOP: readonly string[] = [
  'connection',
  'expect',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/** A server, not yet listening, that passes on to the backend what people and the backend's own pages ask. */
export function createUiGuard(backend: BackendAddress): Server {
  const agent = new Agent({ keepAlive: true, maxSockets: MOST_CONNECTIONS });
  const checkHost = createHostCheck({
    names: [],
    advice: "Temporal's web page is at 127.0.0.1 and localhost; a tunnel must come out under one of these.",
  });
  const server = createServer((request, response) => {
    const refusal = checkHost(request) ?? refusalOf(request);
    if (refusal === undefined) return forward({ request, response, backend, agent });
    // What is still coming of its body is of no interest.
    if (!request.complete) response.setHeader('connection', 'close');
    return say(response, refusal.status, refusal.detail);
  });
  server.maxConnections = MOST_CONNECTIONS;
  return server;
}

/** Without what a client of Node refuses to send. */
const IS_PATH = /^\/[\u0021-\u00ff]*$/;

const isRead = (method: string | undefined): boolean => method === 'GET' || method === 'HEAD';

function refusalOf(request: IncomingMessage): { status: number; detail: string } | undefined {
  if (!IS_PATH.test(request.url ?? '')) return { status: 400, detail: 'A request target must be a path.' };
  const takesLinks = !requestUrl(request).pathname.startsWith('/api/');
  const foreign = webPageRefusal(request, { takesLinks });
  if (foreign !== undefined) return { status: 403, detail: foreign };
  if (!isRead(request.method) && request.headers.origin === undefined)
    return {
      status: 403,
      detail:
        'Only the pages of this server change anything here: send the header Origin as they do, or use the temporal command line.',
    };
  return undefined;
}

function forward({
  request,
  response,
  backend,
  agent,
}: {
  request: IncomingMessage;
  response: ServerResponse;
  backend: BackendAddress;
  agent: Agent;
}): void {
  const { method, url: path } = request;
  const onward = httpRequest({ ...backend, agent, method, path, headers: passedOn(request.headers) });
  onward.once('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, passedOn(answer.headers));
    // A side that goes away ends the other: both streams are destroyed.
    pipeline(answer, response, () => undefined);
  });
  onward.on('error', () => {
    if (response.headersSent) response.destroy();
    else
      say(
        response,
        502,
        "Temporal's web server does not answer: it may be starting. Try again in some seconds.",
      );
  });
  response.once('close', () => onward.destroy());
  pipeline(request, onward, () => undefined);
}

function passedOn(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const named = (headers.connection ?? '').toLowerCase().split(',');
  const dropped = new Set([...HOP_BY_HOP, ...named.map((name) => name.trim())]);
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !dropped.has(name)));
}

function say(response: ServerResponse, status: number, detail: HostRefusal['detail']): void {
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(detail) + 1,
  });
  response.end(`${detail}\n`);
}

/** The demo source's HTTP side: an index page and files with ranges, ETags and a temper, as a CDN has them. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { createHostCheck } from '../../config/http/host-check.ts';
import { requestUrl } from '../../config/http/request-url.ts';
import { webPageRefusal } from '../../config/http/web-page-check.ts';
import { indexHtml } from './index-html.ts';
import { parseRange } from './range-header.ts';
import type { PublishedFile, Shelf } from './shelf.ts';
import type { Throttle } from './throttle.ts';

const SERVER = 'tripline-demo (generated data)';
/** What CloudFront says to too many requests and for keys that are not there alike. */
const FORBIDDEN =
  '<html><head><title>403 Forbidden</title></head><body><h1>403 Forbidden</h1></body></html>\n';

/**
 * `/`, `/<filename>`, and `/healthz`, which is never throttled. Web pages of elsewhere are refused: their requests would count against the throttle.
 * @param names that it is called by, besides addresses and localhost
 */
export function createDemoServer({
  shelf,
  throttle,
  names = [],
}: {
  shelf: Shelf;
  throttle: Throttle;
  names?: readonly string[];
}): Server {
  const checkHost = createHostCheck({ names, advice: 'Use the address that it listens on, or localhost.' });
  return createServer((request, response) => {
    response.setHeader('Server', SERVER);
    const { pathname } = requestUrl(request);
    const foreign = checkHost(request);
    const page = webPageRefusal(request, { takesLinks: true });
    if (foreign !== undefined) {
      send({ request, response, status: foreign.status, body: `${foreign.detail}\n` });
    } else if (page !== undefined) {
      send({ request, response, status: 403, body: `${page}\n` });
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      send({ request, response, status: 405, body: '' });
    } else if (pathname === '/healthz') {
      send({ request, response, status: 200, body: 'ok\n' });
    } else if (throttle.enter()) {
      response.on('close', () => throttle.leave());
      if (pathname === '/') sendIndex(request, response, shelf);
      else sendFile(request, response, shelf, shelf.find(pathname.slice(1)));
    } else {
      send({ request, response, status: 403, body: FORBIDDEN, type: 'text/html' });
    }
  });
}

function send(options: {
  request: IncomingMessage;
  response: ServerResponse;
  status: number;
  body: string;
  type?: string;
}): void {
  const { request, response, status, body, type = 'text/plain' } = options;
  response.writeHead(status, {
    'Content-Type': `${type}; charset=utf-8`,
    'Content-Length': Buffer.byteLength(body),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

function sendIndex(request: IncomingMessage, response: ServerResponse, shelf: Shelf): void {
  const body = indexHtml(shelf.files());
  const etag = `"${createHash('sha256').update(body).digest('hex').slice(0, 32)}"`;
  response.setHeader('ETag', etag);
  response.setHeader('Cache-Control', 'no-cache');
  if (names(request.headers['if-none-match'], etag, true)) response.writeHead(304).end();
  else send({ request, response, status: 200, body, type: 'text/html' });
}

function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  shelf: Shelf,
  file: PublishedFile | undefined,
): void {
  if (file === undefined) {
    send({ request, response, status: 403, body: FORBIDDEN, type: 'text/html' });
    return;
  }
  const { etag, sizeBytes, filename } = file;
  const { headers, method } = request;
  response.setHeader('ETag', etag);
  response.setHeader('Last-Modified', new Date(file.publishedMs).toUTCString());
  response.setHeader('Accept-Ranges', 'bytes');
  if (headers['if-match'] !== undefined && !names(headers['if-match'], etag)) {
    send({ request, response, status: 412, body: '' });
    return;
  }
  if (names(headers['if-none-match'], etag, true)) {
    response.writeHead(304).end();
    return;
  }
  const current = headers['if-range'] === undefined || headers['if-range'] === etag;
  const range = method === 'GET' && current ? parseRange(headers.range, sizeBytes) : undefined;
  if (range === 'unsatisfiable') {
    response.setHeader('Content-Range', `bytes */${sizeBytes}`);
    send({ request, response, status: 416, body: '' });
    return;
  }
  const { start, end } = range ?? { start: 0, end: sizeBytes };
  response.setHeader('Content-Type', 'application/vnd.apache.parquet');
  response.setHeader('Content-Length', end - start);
  if (range !== undefined) response.setHeader('Content-Range', `bytes ${start}-${end - 1}/${sizeBytes}`);
  response.writeHead(range === undefined ? 200 : 206);
  if (method === 'HEAD' || end === start) {
    response.end();
    return;
  }
  // A reader that leaves ends the response; there is nobody left to tell.
  pipeline(createReadStream(shelf.path(filename), { start, end: end - 1 }), response).catch(() =>
    response.destroy(),
  );
}

/** Does an `If-Match` list name this ETag? Or, compared weakly, an `If-None-Match` list? */
function names(header: string | undefined, etag: string, weakly = false): boolean {
  if (header === undefined) return false;
  const given = header.split(',').map((each) => (weakly ? each.trim().replace(/^W\//, '') : each.trim()));
  return header.trim() === '*' || given.includes(etag);
}

/** What browsers open: the dashboard, and the page to try REST. Files by an allow-list: no path of a request reaches the file system. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { matchesWeakly } from './http/entity-tags.ts';
import Negotiator from 'negotiator';
import { throwRestAway } from './limits/http-limits.ts';
import { sendProblem } from './problem.ts';

export type Page = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Pages load nothing from elsewhere. */
const OWN_POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src data: 'self'";
/** Of all pages: they are in no frame, and what they send goes where their scripts say. */
const POLICY_OF_ALL = "frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

const METHODS = ['GET', 'HEAD'];

const OURS = new URL('../dashboard/', import.meta.url);
const require = createRequire(import.meta.url);
const SWAGGER_UI = pathToFileURL(require.resolve('swagger-ui-dist/package.json'));

const FILES: Readonly<Record<string, { file: URL; type: string }>> = {
  '/': { file: new URL('index.html', OURS), type: 'text/html' },
  '/dashboard.js': { file: new URL('dashboard.js', OURS), type: 'text/javascript' },
  '/dashboard.css': { file: new URL('dashboard.css', OURS), type: 'text/css' },
  '/api': { file: new URL('rest.html', OURS), type: 'text/html' },
  '/api/': { file: new URL('rest.html', OURS), type: 'text/html' },
  '/api/docs/rest.js': { file: new URL('rest.js', OURS), type: 'text/javascript' },
  '/api/docs/swagger-ui.js': { file: new URL('swagger-ui-bundle.js', SWAGGER_UI), type: 'text/javascript' },
  '/api/docs/swagger-ui.css': { file: new URL('swagger-ui.css', SWAGGER_UI), type: 'text/css' },
};

/**
 * By path. Each is read, hashed and compressed when it is first asked for.
 * @param documents further ones, as JSON
 */
export function createPages(documents: Readonly<Record<string, object>>): ReadonlyMap<string, Page> {
  const files = Object.entries(FILES).map(([path, { file, type }]): [string, Page] => [
    path,
    createPage({ read: () => readFile(file), type }),
  ]);
  const made = Object.entries(documents).map(([path, document]): [string, Page] => [
    path,
    createPage({
      read: () => Promise.resolve(Buffer.from(`${JSON.stringify(document)}\n`)),
      type: 'application/json',
    }),
  ]);
  return new Map([...files, ...made]);
}

/**
 * Read, hashed and compressed when it is first asked for.
 * @param vary request headers that the answer at this address depends on
 * @param policyOf what the content may load and run, as Content-Security-Policy says it
 */
export function createPage({
  read,
  type,
  vary = 'accept-encoding',
  policyOf = () => OWN_POLICY,
}: {
  read: () => Promise<Buffer>;
  type: string;
  vary?: string;
  policyOf?: (content: Buffer) => string;
}): Page {
  let content: Promise<{ plain: Buffer; zipped: Buffer; etag: string; policy: string }> | undefined;
  const load = async () => {
    const plain = await read();
    const etag = `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`;
    const policy = `${policyOf(plain)}; ${POLICY_OF_ALL}`;
    return { plain, zipped: await promisify(gzip)(plain), etag, policy };
  };
  return async (request, response) => {
    if (!METHODS.includes(request.method ?? '')) return refuseMethod(request, response);
    content ??= load();
    const { plain, zipped, etag, policy } = await content;
    const isZipped = new Negotiator(request).encoding(['gzip', 'identity']) === 'gzip';
    response.setHeader('cache-control', 'no-cache');
    // It may vary by origin too.
    response.appendHeader('vary', vary);
    // Weak: the same for both encodings.
    response.setHeader('etag', `W/${etag}`);
    if (matchesWeakly(request.headers['if-none-match'] ?? '', etag)) {
      response.writeHead(304).end();
      return;
    }
    const body = isZipped ? zipped : plain;
    response.writeHead(200, {
      'content-type': type === 'application/json' ? type : `${type}; charset=utf-8`,
      'content-length': body.length,
      ...(isZipped && { 'content-encoding': 'gzip' }),
      'content-security-policy': policy,
      'x-content-type-options': 'nosniff',
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
}

async function refuseMethod(request: IncomingMessage, response: ServerResponse): Promise<void> {
  await throwRestAway(request);
  response.setHeader('allow', METHODS.join(', '));
  sendProblem(response, {
    status: 405,
    title: 'Method Not Allowed',
    detail: 'There is a page here, and nothing else: use GET.',
    code: 'METHOD_NOT_ALLOWED',
  });
}

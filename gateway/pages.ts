/** What browsers open: the dashboard, and the page to try REST. Files by an allow-list: no path of a request reaches the file system. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import Negotiator from 'negotiator';

type Page = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Pages load nothing from elsewhere. */
const PAGE_POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src data: 'self'; frame-ancestors 'none'";

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
    createPage(() => readFile(file), type),
  ]);
  const made = Object.entries(documents).map(([path, document]): [string, Page] => [
    path,
    createPage(() => Promise.resolve(Buffer.from(`${JSON.stringify(document)}\n`)), 'application/json'),
  ]);
  return new Map([...files, ...made]);
}

function createPage(read: () => Promise<Buffer>, type: string): Page {
  let content: Promise<{ plain: Buffer; zipped: Buffer; etag: string }> | undefined;
  const load = async () => {
    const plain = await read();
    const etag = `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`;
    return { plain, zipped: await promisify(gzip)(plain), etag };
  };
  return async (request, response) => {
    content ??= load();
    const { plain, zipped, etag } = await content;
    const isZipped = new Negotiator(request).encoding(['gzip', 'identity']) === 'gzip';
    response.setHeader('cache-control', 'no-cache');
    response.setHeader('vary', 'accept-encoding');
    // Weak: the same for both encodings.
    response.setHeader('etag', `W/${etag}`);
    if (request.headers['if-none-match']?.includes(etag)) {
      response.writeHead(304).end();
      return;
    }
    const body = isZipped ? zipped : plain;
    response.writeHead(200, {
      'content-type': type === 'application/json' ? type : `${type}; charset=utf-8`,
      'content-length': body.length,
      ...(isZipped && { 'content-encoding': 'gzip' }),
      'content-security-policy': PAGE_POLICY,
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
}

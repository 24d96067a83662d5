/** A plain HTTP server of a folder: an index page, strong ETags, Range, If-Match. Counts what it sends. */
import { createReadStream, readdirSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

export interface FileServer {
  url: string;
  sizeOf: (name: string) => number;
  /** Body bytes sent so far, of files alone. */
  bytesSent: () => number;
  close: () => Promise<void>;
}

export async function startFileServer(folder: string): Promise<FileServer> {
  let bytesSent = 0;
  const server = createServer((request, response) => {
    const name = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname.slice(1));
    if (name === '') {
      const lines = readdirSync(folder).map((file) => {
        const { mtime, size } = statSync(join(folder, file));
        return `<a href="${encodeURIComponent(file)}">${file}</a>  ${mtime.toISOString()}  ${size}`;
      });
      response.setHeader('content-type', 'text/html');
      return void response.end(`<html><body><pre>\n${lines.join('\n')}\n</pre></body></html>`);
    }
    let size: number;
    let etag: string;
    try {
      const found = statSync(join(folder, name));
      size = found.size;
      etag = `"${found.size}-${found.mtimeMs}-${found.ino}"`;
    } catch {
      response.statusCode = 404;
      return void response.end();
    }
    response.setHeader('etag', etag);
    response.setHeader('accept-ranges', 'bytes');
    const ifMatch = request.headers['if-match'];
    if (ifMatch !== undefined && ifMatch !== etag) {
      response.statusCode = 412;
      return void response.end();
    }
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    const start = range === null ? 0 : Number(range[1]);
    const end = range === null ? size : Math.min(Number(range[2]) + 1, size);
    response.writeHead(range === null ? 200 : 206, {
      'content-length': end - start,
      ...(range === null ? {} : { 'content-range': `bytes ${start}-${end - 1}/${size}` }),
    });
    if (request.method === 'HEAD') return void response.end();
    createReadStream(join(folder, name), { start, end: end - 1 })
      .on('data', (piece) => (bytesSent += piece.length))
      .pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no address');
  return {
    url: `http://127.0.0.1:${address.port}/`,
    sizeOf: (name) => statSync(join(folder, name)).size,
    bytesSent: () => bytesSent,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/**
 * An HTTP server of a folder that can hold bodies back: the first half of a file's body is sent, the rest when it is released.
 * It tells when a client gave up meanwhile.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { join } from 'node:path';

export interface HeldServer {
  url: string;
  /** From now on, bodies of this file stop half-way. */
  hold: (filename: string) => void;
  /** Bodies of this file that stand half-way now. */
  held: (filename: string) => number;
  /** Sends the rest of them, and holds no more of this file. */
  release: (filename: string) => void;
  /** Bodies of this file whose client closed the connection while they stood half-way. */
  givenUp: (filename: string) => number;
  /** From now on every request is answered 500, until called with false. */
  break: (broken: boolean) => void;
  /** `Range` headers of the requests for this file's bytes, in order. */
  ranges: (filename: string) => string[];
  close: () => Promise<void>;
}

export async function startHeldServer(folder: string): Promise<HeldServer> {
  const holding = new Set<string>();
  const waiting = new Map<ServerResponse, { filename: string; rest: Buffer }>();
  const givenUp: string[] = [];
  const asked: { filename: string; range: string }[] = [];
  let broken = false;

  const server = createServer((request, response) => {
    if (broken) return void response.writeHead(500).end();
    const filename = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname.slice(1));
    if (filename === '') {
      const lines = readdirSync(folder).map((name) => {
        const { mtime, size } = statSync(join(folder, name));
        return `<a href="${encodeURIComponent(name)}">${name}</a>  ${mtime.toISOString()}  ${size}`;
      });
      response.setHeader('content-type', 'text/html');
      return void response.end(`<html><body><pre>\n${lines.join('\n')}\n</pre></body></html>`);
    }
    let bytes: Buffer;
    let etag: string;
    try {
      bytes = readFileSync(join(folder, filename));
      const { mtimeMs, ino } = statSync(join(folder, filename));
      etag = `"${bytes.length}-${mtimeMs}-${ino}"`;
    } catch {
      return void response.writeHead(404).end();
    }
    response.setHeader('etag', etag);
    response.setHeader('accept-ranges', 'bytes');
    if (![undefined, etag].includes(request.headers['if-match'])) return void response.writeHead(412).end();
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    const body = range === null ? bytes : bytes.subarray(Number(range[1]), Number(range[2]) + 1);
    response.writeHead(range === null ? 200 : 206, {
      'content-length': body.length,
      ...(range === null ? {} : { 'content-range': `bytes ${range[1]}-${range[2]}/${bytes.length}` }),
    });
    if (request.method === 'HEAD') return void response.end();
    asked.push({ filename, range: request.headers.range ?? '' });
    if (!holding.has(filename)) return void response.end(body);
    const half = Math.floor(body.length / 2);
    response.write(body.subarray(0, half));
    waiting.set(response, { filename, rest: body.subarray(half) });
    response.once('close', () => {
      if (waiting.delete(response)) givenUp.push(filename);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no address');
  return {
    url: `http://127.0.0.1:${address.port}/`,
    hold: (filename) => void holding.add(filename),
    held: (filename) => [...waiting.values()].filter((one) => one.filename === filename).length,
    release(filename) {
      holding.delete(filename);
      for (const [response, one] of waiting) {
        if (one.filename !== filename) continue;
        waiting.delete(response);
        response.end(one.rest);
      }
    },
    givenUp: (filename) => givenUp.filter((name) => name === filename).length,
    break: (is) => void (broken = is),
    ranges: (filename) => asked.filter((one) => one.filename === filename).map(({ range }) => range),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

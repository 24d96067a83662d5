/** An HTTP server of a folder that does to its clients whatever a test wants, and writes down what they did. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** One request as the origin saw it. Times are milliseconds since 1970. */
export interface SeenRequest {
  startMs: number;
  /** Undefined while it is under way. */
  endMs?: number;
  method: string;
  /** '' is the index page. */
  filename: string;
  range: string;
  /** 0: the connection was reset without an answer. */
  status: number;
  /** Body bytes that were sent. */
  bytes: number;
  /** The connection closed before the answer was complete, by either side. */
  cut: boolean;
  /** Requests under way as it started, itself included. */
  concurrent: number;
}

export interface Asked {
  method: string;
  filename: string;
  range: string;
  /** How often this very thing (method, file, range) was asked before. */
  times: number;
}

/** What is done to one request; without any of it, it is answered well. */
export interface Mischief {
  status?: number;
  headers?: Record<string, string>;
  /** The connection is reset before an answer. */
  reset?: boolean;
  /** The connection is closed after so much of the body: 0 … 1. */
  cutAfter?: number;
  /** Headers at once, then ten bytes a second. */
  drip?: boolean;
  /** The whole file with 200, whatever was asked. */
  whole?: boolean;
  /** Sent instead of what is true. */
  contentRange?: string;
  etag?: string;
  /** No Range, no `Accept-Ranges`. */
  noRanges?: boolean;
  redirectTo?: string;
  /** Instead of the file's bytes. */
  body?: string;
}

export interface HostileOrigin {
  url: string;
  seen: readonly SeenRequest[];
  /** Decides what happens to each request from now on. */
  behave: (mischief: (asked: Asked) => Mischief | undefined) => void;
  /** Shown on the index page beside what is there; `hint` replaces date and size. */
  list: (lines: readonly { filename: string; hint: string }[]) => void;
  /** Nobody listens, and connections are reset; `up` listens on the same port again. */
  down: () => Promise<void>;
  up: () => Promise<void>;
  close: () => Promise<void>;
}

const PIECE_BYTES = 32 * 1024;

/** @param latencyMs from a request to the first byte of a file; a tenth of it for everything else */
export async function startHostileOrigin(folder: string, { latencyMs = 500 } = {}): Promise<HostileOrigin> {
  const seen: SeenRequest[] = [];
  const times = new Map<string, number>();
  let underWay = 0;
  let mischief: (asked: Asked) => Mischief | undefined = () => undefined;
  let lines: readonly { filename: string; hint: string }[] = [];

  function indexPage(): string {
    const shown = new Map(
      readdirSync(folder).map((name) => [name, `2026-01-01T00:00:00Z ${etagOf(join(folder, name))}`]),
    );
    for (const { filename, hint } of lines) shown.set(filename, hint);
    const links = [...shown].map(
      ([name, hint]) => `<a href="${encodeURIComponent(name)}">${name}</a>  ${hint}`,
    );
    return `<html><body><pre>\n${links.join('\n')}\n</pre></body></html>`;
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const filename = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname.slice(1));
    const { method = 'GET' } = request;
    const range = request.headers.range ?? '';
    const key = `${method} ${filename} ${range}`;
    const asked: Asked = { method, filename, range, times: times.get(key) ?? 0 };
    times.set(key, asked.times + 1);
    underWay += 1;
    const one: SeenRequest = {
      ...{ startMs: Date.now(), method, filename, range, status: 0, bytes: 0, cut: false },
      concurrent: underWay,
    };
    seen.push(one);
    let complete = false;
    const end = (): void => {
      if (one.endMs !== undefined) return;
      underWay -= 1;
      one.endMs = Date.now();
      one.cut = !complete;
    };
    response.once('close', end);
    const does = mischief(asked) ?? {};
    // Refusals come at once, as from a cache in front.
    if (does.status === undefined)
      await pause(method === 'HEAD' || filename === '' ? latencyMs / 10 : latencyMs);
    if (response.destroyed) return end();
    if (does.reset === true) return void request.socket.resetAndDestroy();

    const head = (status: number, headers: Record<string, string | number>): void => {
      one.status = status;
      response.writeHead(status, { ...headers, ...does.headers });
    };
    const finish = (): void => {
      complete = true;
      response.end();
    };
    if (does.redirectTo !== undefined) {
      head(302, { location: does.redirectTo });
      return finish();
    }
    if (does.status !== undefined) {
      head(does.status, {});
      return finish();
    }
    if (filename === '') {
      head(200, { 'content-type': 'text/html' });
      complete = true;
      return void response.end(indexPage());
    }
    let bytes: Buffer;
    try {
      bytes = does.body === undefined ? readFileSync(join(folder, filename)) : Buffer.from(does.body);
    } catch {
      head(404, {});
      return finish();
    }
    const etag = does.etag ?? (does.body === undefined ? etagOf(join(folder, filename)) : '');
    const headers: Record<string, string | number> = {
      ...(etag === '' ? {} : { etag }),
      'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT',
      ...(does.noRanges === true ? {} : { 'accept-ranges': 'bytes' }),
    };
    const ifMatch = request.headers['if-match'];
    if (ifMatch !== undefined && ifMatch !== etag) {
      head(412, {});
      return finish();
    }
    const bounds = /^bytes=(\d+)-(\d+)$/.exec(range);
    const partial = bounds !== null && does.whole !== true && does.noRanges !== true;
    const start = partial ? Number(bounds[1]) : 0;
    const body = partial ? bytes.subarray(start, Number(bounds[2]) + 1) : bytes;
    head(partial ? 206 : 200, {
      ...headers,
      'content-length': body.length,
      ...(partial
        ? {
            'content-range': does.contentRange ?? `bytes ${start}-${start + body.length - 1}/${bytes.length}`,
          }
        : {}),
    });
    if (method === 'HEAD') return finish();
    const stopAt = does.cutAfter === undefined ? body.length : Math.floor(body.length * does.cutAfter);
    const [piece, everyMs] = does.drip === true ? [10, 1_000] : [PIECE_BYTES, 5];
    for (let sent = 0; sent < stopAt && !response.destroyed; sent += piece) {
      const bit = body.subarray(sent, Math.min(sent + piece, stopAt));
      one.bytes += bit.length;
      response.write(bit);
      await pause(everyMs);
    }
    if (stopAt < body.length) return void request.socket.destroy();
    finish();
  }

  let server: Server | undefined;
  let port = 0;
  async function up(): Promise<void> {
    server = createServer((request, response) => void answer(request, response));
    const listening = server;
    await new Promise<void>((resolve) => listening.listen(port, '127.0.0.1', resolve));
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new Error('no address');
    ({ port } = address);
  }
  async function down(): Promise<void> {
    const listening = server;
    server = undefined;
    if (listening === undefined) return;
    const closed = new Promise<void>((resolve) => listening.close(() => resolve()));
    listening.closeAllConnections();
    await closed;
  }
  await up();
  return {
    url: `http://127.0.0.1:${port}/`,
    seen,
    behave: (behaviour) => void (mischief = behaviour),
    list: (shown) => void (lines = shown),
    down,
    up,
    close: down,
  };
}

/** A strong ETag, made of the file's bytes. */
function etagOf(path: string): string {
  return `"${createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 16)}"`;
}

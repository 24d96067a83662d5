/** An HTTP origin of a folder for measurements: files appear when told to, answers are late and connections slow as configured. */
import { open, stat } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Fetched {
  /** `performance.now()` of the first request for the file's bytes, and of when the last byte was handed over. */
  firstRequest: number;
  lastByte: number;
  requests: number;
}

export interface Origin {
  url: string;
  /** Lists these from now on, and no others. */
  reveal(names: readonly string[]): void;
  /** `performance.now()` of the first request for the index since the last `reveal`. */
  listedAt(): number | undefined;
  fetched(name: string): Fetched | undefined;
  /** Counts from anew what was fetched. */
  forget(): void;
  close(): Promise<void>;
}

const PIECE_BYTES = 256 << 10;

/**
 * @param folder its files can be fetched, listed or not
 * @param latencyMs before each answer
 * @param bytesPerSecond of each answer; Infinity is as fast as it goes
 */
export async function startOrigin({
  folder,
  latencyMs = 0,
  bytesPerSecond = Infinity,
}: {
  folder: string;
  latencyMs?: number;
  bytesPerSecond?: number;
}): Promise<Origin> {
  let page = indexPage([]);
  let listedAt: number | undefined;
  const fetched = new Map<string, Fetched>();

  async function send(response: ServerResponse, path: string, start: number, end: number): Promise<void> {
    const file = await open(path);
    const began = performance.now();
    try {
      for (let at = start; at < end; at += PIECE_BYTES) {
        const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, end - at));
        await file.read(piece, 0, piece.length, at);
        const dueMs = began + ((at - start) / bytesPerSecond) * 1_000 - performance.now();
        if (dueMs > 1) await sleep(dueMs);
        if (response.destroyed) return;
        if (!response.write(piece)) await drained(response);
      }
      const doneMs = began + ((end - start) / bytesPerSecond) * 1_000 - performance.now();
      if (doneMs > 1) await sleep(doneMs);
      response.end();
    } finally {
      await file.close();
    }
  }

  const server = createServer((request, response) => {
    void (async () => {
      if (latencyMs > 0) await sleep(latencyMs);
      const name = decodeURIComponent(new URL(request.url ?? '/', 'http://origin').pathname.slice(1));
      if (name === '') {
        if (request.headers['if-none-match'] === page.etag) return response.writeHead(304).end();
        listedAt ??= performance.now();
        return response.writeHead(200, { 'content-type': 'text/html', etag: page.etag }).end(page.html);
      }
      const path = join(folder, name);
      const found = await stat(path).catch(() => undefined);
      if (found === undefined) return response.writeHead(404).end();
      const etag = `"${found.size}-${found.mtimeMs}"`;
      if (![undefined, etag].includes(request.headers['if-match'])) return response.writeHead(412).end();
      const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
      const start = Number(range?.[1] ?? 0);
      const end = range === null ? found.size : Number(range[2]) + 1;
      response.writeHead(range === null ? 200 : 206, {
        etag,
        'accept-ranges': 'bytes',
        'content-length': end - start,
        ...(range === null ? {} : { 'content-range': `bytes ${start}-${end - 1}/${found.size}` }),
      });
      if (request.method === 'HEAD') return response.end();
      const seen = fetched.get(name) ?? {
        firstRequest: performance.now() - latencyMs,
        lastByte: 0,
        requests: 0,
      };
      fetched.set(name, seen);
      seen.requests += 1;
      await send(response, path, start, end);
      seen.lastByte = performance.now();
      return response;
    })().catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no address');
  return {
    url: `http://127.0.0.1:${address.port}/`,
    reveal(names) {
      page = indexPage(names);
      listedAt = undefined;
    },
    listedAt: () => listedAt,
    fetched: (name) => fetched.get(name),
    forget: () => fetched.clear(),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      response.off('drain', go).off('close', go);
      resolve();
    };
    response.on('drain', go).on('close', go);
  });
}

/** What the index page prints beside a name: to the second, so that a listing tells without a request that nothing changed. */
export const HINT = '2026-01-01 00:00:00 1000000';

function indexPage(names: readonly string[]): { html: string; etag: string } {
  const html = names.map((name) => `<a href="${name}">${name}</a> ${HINT}\n`).join('');
  return {
    html: `<html><body><pre>\n${html}</pre></body></html>`,
    etag: `"${names.length}-${names.at(-1) ?? ''}"`,
  };
}

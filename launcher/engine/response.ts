import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { constants, createBrotliCompress, createDeflate, createGzip } from 'node:zlib';
import { httpStatusOf, type ClickHouseException } from './exception.ts';
import { contentTypeOf } from './content-type.ts';
import type { ResultSink, Summary } from './run-statement.ts';

/** A client that takes nothing for so long is let go: its statement holds memory and a place in its lane. */
const STALLED_AFTER_MS = 60_000;
/** Time for a client to read an exception in the middle of a result, before the connection is closed on it. */
const LINGER_MS = 2000;

type Compressor = ReturnType<typeof createGzip> | ReturnType<typeof createBrotliCompress>;

/** The compressor of the client's first choice that we have, and its name; undefined sends as is. */
function chooseCompressor(acceptEncoding: string): { name: string; compressor: Compressor } | undefined {
  const accepted = acceptEncoding.split(',').map((part) => part.split(';')[0]?.trim());
  if (accepted.includes('gzip')) return { name: 'gzip', compressor: createGzip({ level: 3 }) };
  if (accepted.includes('deflate')) return { name: 'deflate', compressor: createDeflate({ level: 3 }) };
  if (accepted.includes('br')) {
    return {
      name: 'br',
      compressor: createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 3 } }),
    };
  }
  return undefined;
}

const summaryHeader = (summary: Summary, elapsedNs: bigint) =>
  JSON.stringify({
    read_rows: String(summary.readRows),
    read_bytes: String(summary.readBytes),
    written_rows: String(summary.writtenRows),
    written_bytes: String(summary.writtenBytes),
    total_rows_to_read: '0',
    result_rows: '0',
    result_bytes: '0',
    elapsed_ns: String(elapsedNs),
  });

/** One response, from its first header to its end or to an exception in the middle. */
export class StatementResponse implements ResultSink {
  readonly #response: ServerResponse;
  readonly #version: string;
  readonly #startedAt = process.hrtime.bigint();
  readonly #tag = randomBytes(8).toString('hex');
  #compression: ReturnType<typeof chooseCompressor>;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    about: { queryId: string; version: string; timezone: string; compress: boolean },
  ) {
    this.#response = response;
    this.#version = about.version;
    this.#compression = about.compress
      ? chooseCompressor(request.headers['accept-encoding'] ?? '')
      : undefined;
    response.setHeader('X-ClickHouse-Server-Display-Name', 'tripline');
    response.setHeader('X-ClickHouse-Query-Id', about.queryId);
    response.setHeader('X-ClickHouse-Timezone', about.timezone);
    response.setHeader('Keep-Alive', 'timeout=30, max=9999');
  }

  start({ format, summary }: { format: string; summary: Summary }): void {
    const response = this.#response;
    response.setHeader('Content-Type', contentTypeOf(format));
    response.setHeader('X-ClickHouse-Format', format);
    response.setHeader('X-ClickHouse-Exception-Tag', this.#tag);
    response.setHeader(
      'X-ClickHouse-Summary',
      summaryHeader(summary, process.hrtime.bigint() - this.#startedAt),
    );
    if (this.#compression !== undefined) {
      response.setHeader('Content-Encoding', this.#compression.name);
      const { compressor } = this.#compression;
      // A client that goes away takes the compressor with it; whoever writes then learns it from the response.
      compressor.on('error', () => response.destroy());
      compressor.pipe(response);
      response.once('close', () => compressor.destroy());
    }
    response.writeHead(200);
  }

  get #out(): Compressor | ServerResponse {
    return this.#compression?.compressor ?? this.#response;
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) return;
    if (this.#response.destroyed) throw new Error('The client has gone.');
    if (!this.#out.write(bytes)) await this.#drained();
  }

  async #drained(): Promise<void> {
    const settled = new AbortController();
    const { signal } = settled;
    const stalled = setTimeout(() => this.#response.destroy(), STALLED_AFTER_MS);
    try {
      await Promise.race([once(this.#out, 'drain', { signal }), once(this.#response, 'close', { signal })]);
    } finally {
      clearTimeout(stalled);
      settled.abort();
    }
  }

  async sendFile(path: string): Promise<void> {
    for await (const piece of createReadStream(path, { highWaterMark: 1 << 18 }))
      await this.write(piece as Buffer);
  }

  /** Ends a whole response. Resolves when it has been handed to the socket, or the client has gone. */
  async end(): Promise<void> {
    if (this.#response.destroyed || this.#response.writableFinished) return;
    const closed = once(this.#response, 'close');
    const finished = once(this.#response, 'finish');
    this.#out.end();
    await Promise.race([closed, finished]);
  }

  /** Ends the response with an exception: as its status and body, or behind what has been sent already. */
  async fail(exception: ClickHouseException): Promise<void> {
    const response = this.#response;
    if (response.destroyed || response.writableEnded) return;
    const text = `${exception.message} (version ${this.#version})`;
    if (!response.headersSent) {
      response.setHeader('X-ClickHouse-Exception-Code', exception.code);
      response.setHeader('Content-Type', 'text/plain; charset=UTF-8');
      response.removeHeader('Content-Encoding');
      const status = httpStatusOf(exception.code);
      // Not Basic: a browser would ask a person for the password, keep it, and send it along with what other pages ask.
      if (status === 401) response.setHeader('WWW-Authenticate', 'X-ClickHouse-Key realm="ClickHouse"');
      response.writeHead(status);
      response.end(`${text}\n`);
      return;
    }
    // The frame that clients look for at the end of a chunk: marker, tag, message, its length, tag, marker.
    const frame = `\r\n__exception__\r\n${this.#tag}\r\n${text}\n${Buffer.byteLength(text) + 1} ${this.#tag}\r\n__exception__\r\n`;
    const compressor = this.#compression?.compressor;
    if (compressor !== undefined) {
      await new Promise<void>((resolve) => compressor.flush(() => resolve()));
      compressor.write(frame);
      await new Promise<void>((resolve) => compressor.flush(() => resolve()));
    } else {
      await new Promise<void>((resolve) => response.write(frame, () => resolve()));
    }
    // Closed without a last chunk, so that nobody takes the response for a whole one; but not at once, since a client that is
    // behind with reading would lose what it has received.
    const { socket } = response;
    const linger = setTimeout(() => socket?.destroySoon(), LINGER_MS);
    response.once('close', () => clearTimeout(linger));
  }
}

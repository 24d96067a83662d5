/** What comes back over HTTP is an answer only when it is ClickHouse's own to that very statement, and whole. */
import { pipeline, Transform, type Readable } from 'node:stream';
import { ClickHouseError, extractErrorAtTheEndOfChunk, parseError } from '@clickhouse/client';

/**
 * What answers is not ClickHouse, or its answer is cut, or of another shape than the statement gives. Nothing of it is believed; asking again is
 * right, as somebody may be mending what stands there.
 */
export class WarehouseAnswerError extends Error {
  override name = 'WarehouseAnswerError';
}

/** As `@clickhouse/client` gives it. */
export interface RawAnswer {
  stream: Readable;
  response_headers: Readonly<Record<string, string | string[] | undefined>>;
  http_status_code?: number | undefined;
}

/** Bytes of a message that are read: ClickHouse's have some kilobytes. */
const MOST_MESSAGE_BYTES = 64 << 10;
/** Bytes of an answer that is held in memory: a list of 100,000 files has some 60 MB. */
const MOST_BYTES = 128 << 20;
const MOST_QUOTED = 80;

/** How servers before 25.11 end an answer that failed in its midst, whatever its format. */
const EXCEPTION_TEXT = /Code: \d+\. DB::Exception: [^]*\(version [^)]*\)\s*$/;

/**
 * @param expected the query id that was sent, and the format where there is one
 * @throws ClickHouseError, as the server said it; WarehouseAnswerError, when it is no answer of ClickHouse's to that statement
 */
export async function checkAnswer(
  { stream, response_headers: headers, http_status_code: status }: RawAnswer,
  expected: { queryId: string; format?: string | undefined },
): Promise<void> {
  try {
    if (headers['x-clickhouse-exception-code'] !== undefined) throw await readException(stream);
    const flaw = flawOf(headers, status, expected);
    if (flaw !== undefined) throw new WarehouseAnswerError(`${flaw}: what answers is not ClickHouse itself`);
  } catch (error) {
    stream.destroy();
    throw error;
  }
}

function flawOf(
  headers: RawAnswer['response_headers'],
  status: number | undefined,
  { queryId, format }: { queryId: string; format?: string | undefined },
): string | undefined {
  if (status !== 200) return `HTTP status ${status}`;
  const id = headers['x-clickhouse-query-id'];
  if (id === undefined) return 'no X-ClickHouse-Query-Id';
  // A proxy that gives statements other ids, or answers from a cache of its own, may give anybody's answer.
  if (id !== queryId) return `X-ClickHouse-Query-Id ${quoted(id)} instead of ${queryId}`;
  const found = headers['x-clickhouse-format'];
  if (format !== undefined && found !== format)
    return `X-ClickHouse-Format ${quoted(found)} instead of ${format}`;
  // An answer that ends with its connection looks whole wherever that is cut.
  if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined)
    return 'an answer without a length';
  return undefined;
}

const quoted = (value: unknown): string => JSON.stringify(String(value).slice(0, MOST_QUOTED));

async function readException(stream: Readable): Promise<Error> {
  const text = (await readBytes(stream, MOST_MESSAGE_BYTES)).toString();
  const error = parseError(text);
  if (error instanceof ClickHouseError) return error;
  return new WarehouseAnswerError(`an exception that is not ClickHouse’s: ${quoted(text)}`);
}

/** The whole of an answer, as text. @throws ClickHouseError where it ends with one; WarehouseAnswerError when it is longer than may be held */
export async function readText(answer: RawAnswer, mostBytes = MOST_BYTES): Promise<string> {
  return (await readBytes(bytesOf(answer, mostBytes))).toString();
}

/**
 * The bytes of an answer as they come; it fails with ClickHouseError where the server ends it with an exception, of which it may have given the
 * first bytes, and with WarehouseAnswerError beyond `mostBytes`. Destroying it leaves the answer.
 */
export function bytesOf({ stream, response_headers: headers }: RawAnswer, mostBytes = Infinity): Readable {
  const tag = headers['x-clickhouse-exception-tag'];
  // How a server ends an answer that failed in its midst: marker, tag, message, its length, tag, marker.
  const end = typeof tag === 'string' ? Buffer.from(` ${tag}\r\n__exception__\r\n`) : undefined;
  const tail = new Tail();
  let length = 0;
  const checked = new Transform({
    transform(piece: Buffer, _, done) {
      length += piece.length;
      if (length > mostBytes)
        return done(new WarehouseAnswerError(`an answer of more than ${mostBytes} bytes`));
      tail.push(piece);
      // The server closes the connection after it, but not at once.
      if (end !== undefined && tail.endsWith(end)) return done(frameError(tail.bytes(), String(tag)));
      return done(null, piece);
    },
    flush(done) {
      const [text] = tail.mayEndAsText() ? (EXCEPTION_TEXT.exec(tail.bytes().toString('latin1')) ?? []) : [];
      done(text === undefined ? null : parseError(text));
    },
  });
  return pipeline(stream, checked, () => undefined);
}

/** The last bytes of an answer, as many as a message may have. */
class Tail {
  #pieces: Buffer[] = [];
  #length = 0;

  push(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#length += piece.length;
    for (let first = this.#pieces[0]; first !== undefined; first = this.#pieces[0]) {
      if (this.#length - first.length < MOST_MESSAGE_BYTES) break;
      this.#length -= first.length;
      this.#pieces.shift();
    }
  }

  bytes(): Buffer {
    if (this.#pieces.length > 1) this.#pieces = [Buffer.concat(this.#pieces)];
    return this.#pieces[0] ?? Buffer.alloc(0);
  }

  endsWith(end: Buffer): boolean {
    const last = this.#pieces.at(-1);
    if (last === undefined || last.at(-1) !== end.at(-1)) return false;
    return (last.length >= end.length ? last : this.bytes()).subarray(-end.length).equals(end);
  }

  /** Is the last of it, but for a line break, a closing parenthesis? */
  mayEndAsText(): boolean {
    return /\)\s*$/.test(this.#pieces.at(-1)?.subarray(-4).toString('latin1') ?? '');
  }
}

function frameError(tail: Buffer, tag: string): Error {
  const error = extractErrorAtTheEndOfChunk(tail, tag);
  if (error instanceof ClickHouseError) return error;
  return new WarehouseAnswerError(`the answer ends with an exception that cannot be read: ${error.message}`);
}

/** @param mostBytes what is beyond them is left */
async function readBytes(stream: Readable, mostBytes = Infinity): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of stream as AsyncIterable<Buffer>) {
    pieces.push(piece);
    length += piece.length;
    if (length > mostBytes) break;
  }
  return Buffer.concat(pieces);
}

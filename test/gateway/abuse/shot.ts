/** One hostile request as bytes on a connection of its own, and what came back. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Shot {
  method?: string;
  /** As it goes into the request line. */
  path: string;
  /** In this order; a name may come twice. `Host` and `Connection` are there unless they are given. */
  headers?: readonly (readonly [name: string, value: string])[];
  body?: string | Buffer;
  /** In the place of all of these. */
  raw?: string | Buffer;
  /** Milliseconds after which its client hangs up, answered or not. Without it, that no answer comes is a mistake. */
  leaveAfter?: number;
}

export interface Reply {
  status: number;
  /** By lowercase name. */
  headers: Readonly<Record<string, string>>;
  body: string;
  isComplete: boolean;
}

export type Outcome =
  | { kind: 'answered'; reply: Reply; ms: number }
  /** The client has hung up, as it wanted to. */
  | { kind: 'left'; reply: Reply | undefined }
  /** The gateway has. */
  | { kind: 'closed' }
  | { kind: 'silence' };

export interface Target {
  port: number;
  /** Of the loopback: which client it is, where nobody says who he is. */
  from: string;
}

/** The gateway takes 30 s at most for what it computes. */
const SILENCE_MS = 45_000;

export async function fire({ port, from }: Target, shot: Shot): Promise<Outcome> {
  const began = performance.now();
  const socket = connect({ port, host: '127.0.0.1', localAddress: from });
  socket.on('error', () => undefined);
  const pieces: Buffer[] = [];
  const isHead = shot.method === 'HEAD';
  const answered = new Promise<Outcome>((resolve) => {
    socket.on('data', (piece) => {
      pieces.push(piece);
      const reply = readReply(Buffer.concat(pieces), isHead);
      if (reply?.isComplete === true) resolve({ kind: 'answered', reply, ms: performance.now() - began });
    });
    socket.on('close', () => {
      const reply = readReply(Buffer.concat(pieces), isHead, true);
      if (reply === undefined) resolve({ kind: 'closed' });
      else resolve({ kind: 'answered', reply, ms: performance.now() - began });
    });
  });
  const patience = new AbortController();
  const given = sleep(shot.leaveAfter ?? SILENCE_MS, undefined, { signal: patience.signal }).then(
    (): Outcome => {
      const reply = readReply(Buffer.concat(pieces), isHead);
      return shot.leaveAfter === undefined ? { kind: 'silence' } : { kind: 'left', reply };
    },
    (): Outcome => ({ kind: 'silence' }),
  );
  socket.write(bytesOf(shot));
  const outcome = await Promise.race([answered, given]);
  patience.abort();
  socket.destroy();
  return outcome;
}

/** An open connection, for clients that take their time. */
export async function open({ port, from }: Target): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress: from });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

export function bytesOf({ method, path, headers = [], body, raw }: Shot): Buffer {
  if (raw !== undefined) return Buffer.from(raw as string);
  const given = new Set(headers.map(([name]) => name.toLowerCase()));
  const content = body === undefined ? undefined : Buffer.from(body as string);
  const lines = [
    `${method ?? (content === undefined ? 'GET' : 'POST')} ${path} HTTP/1.1`,
    ...(given.has('host') ? [] : ['Host: gateway']),
    ...(given.has('connection') ? [] : ['Connection: close']),
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...(content === undefined || given.has('content-length') || given.has('transfer-encoding')
      ? []
      : [`Content-Length: ${content.length}`]),
  ];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), content ?? Buffer.alloc(0)]);
}

/** The first reply in these bytes; undefined before its headers are there. */
function readReply(bytes: Buffer, isHead: boolean, isEnd = false): Reply | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [first = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1] ?? 0);
  const rest = bytes.subarray(end + 4);
  if (status === 100) return readReply(rest, isHead, isEnd);
  const headers = Object.fromEntries(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const reply = (body: Buffer, isComplete: boolean): Reply => ({
    status,
    headers,
    body: body.toString(),
    isComplete,
  });
  if (isHead || status === 204 || status === 304) return reply(Buffer.alloc(0), true);
  const length = headers['content-length'];
  if (length !== undefined) return reply(rest.subarray(0, Number(length)), rest.length >= Number(length));
  if (headers['transfer-encoding'] !== 'chunked') return reply(rest, isEnd);
  const { content, isWhole } = unchunked(rest);
  return reply(content, isWhole);
}

function unchunked(bytes: Buffer): { content: Buffer; isWhole: boolean } {
  const chunks: Buffer[] = [];
  for (let at = 0; ;) {
    const line = bytes.indexOf('\r\n', at);
    const size = line < 0 ? NaN : Number.parseInt(bytes.subarray(at, line).toString('latin1'), 16);
    if (size === 0) return { content: Buffer.concat(chunks), isWhole: bytes.length >= line + 4 };
    if (Number.isNaN(size) || bytes.length < line + 2 + size)
      return { content: Buffer.concat(chunks), isWhole: false };
    chunks.push(bytes.subarray(line + 2, line + 2 + size));
    at = line + 4 + size;
  }
}

import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { GraphQLError } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../test/support/until.ts';
import {
  BodyCutError,
  checkDepth,
  checkVariablesLength,
  guardConnections,
  HTTP_LIMITS,
  readLimitedBody,
  SERVER_OPTIONS,
} from './http-limits.ts';

const MOST_BYTES = 1_000;
/** As they are, in a hundredth of the time. */
const QUICK = { headersTimeout: 100, requestTimeout: 300, connectionsCheckingInterval: 20 };
/** With the limits as they are, however busy the machine is, and with the quick ones. */
let patient: Server;
let quick: Server;
const endings: string[] = [];
const open = new Set<Socket>();

async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.url === '/events') {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(': hello\n\n');
    setTimeout(() => response.end('data: late\n\n'), 600);
    return;
  }
  try {
    const body = await readLimitedBody(request, MOST_BYTES);
    endings.push('read');
    response.end(`${request.method} ${body.length}`);
  } catch (error) {
    if (error instanceof BodyCutError) endings.push('cut');
    if (!(error instanceof GraphQLError)) return;
    endings.push('too large');
    response.writeHead(413).end(error.message);
  }
}

async function startServer(options: ServerOptions): Promise<Server> {
  const server = createServer(options, (request, response) => void route(request, response));
  guardConnections(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

beforeAll(async () => {
  patient = await startServer(SERVER_OPTIONS);
  quick = await startServer({ ...SERVER_OPTIONS, ...QUICK });
});
afterAll(() => {
  for (const socket of open) socket.destroy();
  for (const server of [patient, quick]) {
    server.closeAllConnections();
    server.close();
  }
});

/** What comes back until the server ends it, or until it matches. */
function talk(server = patient): {
  socket: Socket;
  said: () => string;
  heard: (what: RegExp) => Promise<string>;
  ended: () => Promise<string>;
} {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  open.add(socket);
  let said = '';
  let over = false;
  socket.on('data', (data) => (said += String(data)));
  socket.on('error', () => undefined);
  socket.on('close', () => (over = true));
  return {
    socket,
    said: () => said,
    heard: (what) => until(`it says ${what}`, () => what.test(said) && said, { everyMs: 5 }),
    ended: () => until('it is over', () => over && said, { everyMs: 5 }).then(() => said),
  };
}
async function answerTo(...pieces: (string | Buffer)[]): Promise<string> {
  const { socket, ended } = talk();
  for (const piece of pieces) socket.write(piece);
  return ended();
}
const problemIn = (answer: string): [status: string, problem: unknown] => {
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  expect(head).toContain('Content-Type: application/problem+json');
  expect(head).toContain(`Content-Length: ${Buffer.byteLength(body)}`);
  return [head.split('\r\n')[0] ?? '', JSON.parse(body)];
};

describe('what is no request', () => {
  it.each([
    ['garbage', '\u0016\u0003\u0001 hello\r\n\r\n', 400],
    ['another protocol', 'SSH-2.0-OpenSSH_9.6\r\n', 400],
    ['a length that is none', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: twelve\r\n\r\n', 400],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n', 400],
    [
      'a length and chunks',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['a header of null bytes', 'GET / HTTP/1.1\r\nHost: a\r\nX: \0\0\r\n\r\n', 400],
  ])('%s is answered with a problem', async (_, bytes, status) => {
    expect(problemIn(await answerTo(bytes))).toEqual([
      'HTTP/1.1 400 Bad Request',
      { status, title: 'Bad Request', detail: 'This is no HTTP/1.1 request.' },
    ]);
  });

  it.each([
    ['headers', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(HTTP_LIMITS.headerBytes)}\r\n\r\n`],
    ['many headers', `GET / HTTP/1.1\r\nHost: a\r\n${'Name: value\r\n'.repeat(10_000)}\r\n`],
    ['a URL', `GET /?${'x'.repeat(HTTP_LIMITS.headerBytes)} HTTP/1.1\r\nHost: a\r\n\r\n`],
  ])('%s beyond the limit', async (_, bytes) => {
    expect(problemIn(await answerTo(bytes))).toEqual([
      'HTTP/1.1 431 Request Header Fields Too Large',
      expect.objectContaining({
        status: 431,
        detail: 'The request line and the headers may have 32768 bytes together.',
      }),
    ]);
  });

  it('a URL of 30,000 characters is fine', async () => {
    expect(
      await answerTo(`GET /?${'x'.repeat(30_000)} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`),
    ).toContain('GET 0');
  });
});

describe('slow clients', () => {
  const DETAIL = 'The headers of a request must arrive within 10 s, all of it within 30 s.';

  it('that send their headers byte by byte', async () => {
    const { socket, ended } = talk(quick);
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n');
    const drip = setInterval(() => socket.write('x'), 10);
    try {
      expect(problemIn(await ended())).toEqual([
        'HTTP/1.1 408 Request Timeout',
        { status: 408, title: 'Request Timeout', detail: DETAIL },
      ]);
    } finally {
      clearInterval(drip);
    }
  });

  it('that send their body byte by byte', async () => {
    endings.length = 0;
    const { socket, ended } = talk(quick);
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\n');
    const drip = setInterval(() => socket.write('x'), 10);
    try {
      expect(await ended()).toMatch(/^HTTP\/1.1 408 /);
    } finally {
      clearInterval(drip);
    }
    await until('its reader knows', () => endings.includes('cut'));
  });

  it('that leave in the midst of it', async () => {
    endings.length = 0;
    const { socket } = talk();
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\nhalf');
    await once(patient, 'request');
    socket.resetAndDestroy();
    await until('its reader knows', () => endings.length > 0);
    expect(endings).toEqual(['cut']);
  });

  it('events go on for longer than a request may take', async () => {
    const { socket, ended } = talk(quick);
    socket.write('GET /events HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    expect(await ended()).toContain('data: late');
  });
});

describe('bodies', () => {
  const post = (headers: string, body: string): string =>
    `POST / HTTP/1.1\r\nHost: a\r\n${headers}\r\n\r\n${body}`;
  const chunks = (count: number): string => `${`64\r\n${'x'.repeat(100)}\r\n`.repeat(count)}0\r\n\r\n`;

  it.each([
    ['just small enough', post('Content-Length: 1000\r\nConnection: close', 'x'.repeat(1_000)), 'POST 1000'],
    ['in chunks', post('Transfer-Encoding: chunked\r\nConnection: close', chunks(10)), 'POST 1000'],
    ['none', post('Connection: close', ''), 'POST 0'],
    [
      'too large by its length',
      post('Content-Length: 1001\r\nConnection: close', 'x'.repeat(1_001)),
      'The body has 1001 bytes, and 1000 bytes are allowed.',
    ],
    [
      'too large in chunks',
      post('Transfer-Encoding: chunked\r\nConnection: close', chunks(11)),
      'The body has more, and 1000 bytes are allowed.',
    ],
  ])('%s', async (_, bytes, answer) => {
    expect(await answerTo(bytes)).toContain(answer);
  });

  it('one that is much too large is thrown away, and its client reads why', async () => {
    const { socket, heard } = talk();
    socket.write(post('Content-Length: 20000000', ''));
    socket.write(Buffer.alloc(20_000_000, 'x'));
    await heard(/^HTTP\/1.1 413 [^]*The body has 20000000 bytes, and 1000 bytes are allowed\./);
    // The next one is understood.
    socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    expect(await heard(/GET 0$/)).toContain('HTTP/1.1 200 OK');
  });

  it('requests that come together are answered in their order, and garbage behind them is no answer to them', async () => {
    const two = await answerTo(
      post('Content-Length: 3', 'abc'),
      post('Content-Length: 5\r\nConnection: close', 'abcde'),
    );
    expect(two).toMatch(/POST 3[^]*POST 5/);
    // A body that is longer than it says begins the next request.
    const lying = talk();
    lying.socket.write(post('Content-Length: 3', 'abc'));
    await lying.heard(/POST 3/);
    lying.socket.write('defgh\r\n\r\n');
    expect(await lying.ended()).toMatch(/POST 3[^]*HTTP\/1.1 400 Bad Request/);
  });

  it('after all this, it still answers', async () => {
    expect(await answerTo('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).toContain('GET 0');
  });
});

describe('JSON', () => {
  it.each([
    ['as it is', '{"pickup":{"from":"2024-01-01"},"at":[0.5,0.9]}'],
    ['brackets in strings', '{"a":"[[[[[[[[[[[[[[[[[[[[[[[[[","b":"\\"{{{{{{{{{{{{{{{{{{{"}'],
  ])('%s is fine', (_, json) => {
    expect(() => checkDepth(json)).not.toThrow();
  });

  it.each([
    [`{"a":${'['.repeat(16)}${']'.repeat(16)}}`, 17],
    ['['.repeat(65_536), 65_536],
  ])('too deep', (json, levels) => {
    expect(() => checkDepth(json)).toThrow(`This JSON is ${levels} levels deep, and 16 are allowed.`);
  });

  it('variables have a length', () => {
    expect(() => checkVariablesLength(65_536)).not.toThrow();
    expect(() => checkVariablesLength(65_537)).toThrow(
      'The variables have 65537 characters, and 65536 are allowed.',
    );
  });
});

/** How servers answer that are not what they are taken for. */
import { gzipSync } from 'node:zlib';
import type { Socket } from 'node:net';
import type { Habit } from './switchboard.ts';

/** Writes as long as the other side reads. */
function pour(socket: Socket, piece: Buffer): void {
  const on = (): void => {
    while (!socket.destroyed && socket.write(piece));
  };
  socket.on('drain', on);
  on();
}

/** Once something was asked, and again for each that follows on the same connection. */
const onAsked =
  (act: (socket: Socket) => void): Habit =>
  (socket) =>
    void socket.on('data', () => act(socket));

const onceAsked =
  (act: (socket: Socket) => void): Habit =>
  (socket) =>
    void socket.once('data', () => {
      socket.resume();
      act(socket);
    });

export const says = (bytes: string | Buffer): Habit => onAsked((socket) => void socket.write(bytes));

/** A whole answer of HTTP. */
export const http = (status: string, body: string | Buffer, headers: readonly string[] = []): Habit => {
  const bytes = Buffer.from(body as string);
  const head = [`HTTP/1.1 ${status}`, `Content-Length: ${bytes.length}`, ...headers].join('\r\n');
  return says(Buffer.concat([Buffer.from(`${head}\r\n\r\n`), bytes]));
};

const drip = (text: string): Habit =>
  onceAsked((socket) => {
    let at = 0;
    const timer = setInterval(() => socket.write(text[(at += 1) % text.length] ?? ' '), 1_000);
    socket.once('close', () => clearInterval(timer));
  });

/** Whatever the protocol is that was expected. */
export const ANY_PROTOCOL: Readonly<Record<string, Habit>> = {
  'resets at once': (socket) => void socket.resetAndDestroy(),
  'closes at once': (socket) => void socket.end(),
  'is silent': (socket) => void socket.resume(),
  'closes when asked': onceAsked((socket) => void socket.end()),
  'resets when asked': onceAsked((socket) => void socket.resetAndDestroy()),
  'speaks TLS': (socket) => void socket.write(Buffer.from('15030300020228160303004a02000046', 'hex')),
  'speaks SSH': (socket) => void socket.write('SSH-2.0-OpenSSH_9.9\r\n'),
  'speaks SMTP': (socket) => void socket.write('220 mail.example ESMTP\r\n'),
  'speaks Redis': says('-ERR unknown command\r\n'),
  'speaks HTTP': http('200 OK', '<!doctype html><title>It works</title>', ['Content-Type: text/html']),
  'sends zeros without an end': onceAsked((socket) => pour(socket, Buffer.alloc(1 << 16))),
  'sends 255s without an end': onceAsked((socket) => pour(socket, Buffer.alloc(1 << 16, 255))),
  'sends a line without an end': onceAsked((socket) => pour(socket, Buffer.alloc(1 << 16, 'x'))),
  'sends a byte a second': drip('HTTP/1.1 200 OK\r\n'),
  'says what was said': (socket) => void socket.pipe(socket),
};

const gzipBomb = gzipSync(Buffer.alloc(1 << 28));

/** Instead of any server that speaks HTTP/1.1. */
export const ANY_HTTP: Readonly<Record<string, Habit>> = {
  '200 and HTML': http('200 OK', '<!doctype html><title>Sign in</title>', ['Content-Type: text/html']),
  '200 and HTML with line breaks': http('200 OK', '<html>\n<body>\n</body>\n</html>\n', [
    'Content-Type: text/html',
  ]),
  '200 and nothing': http('200 OK', ''),
  '200 and a line break': http('200 OK', '\n'),
  '200 and null': http('200 OK', 'null\n', ['Content-Type: application/json']),
  '200 and {}': http('200 OK', '{}\n', ['Content-Type: application/json']),
  '200 and []': http('200 OK', '[]\n', ['Content-Type: application/json']),
  '200 and 42': http('200 OK', '42\n', ['Content-Type: application/json']),
  '200 and "text"': http('200 OK', '"text"\n', ['Content-Type: application/json']),
  '200 and deep JSON': http('200 OK', `${'['.repeat(100_000)}\n`, ['Content-Type: application/json']),
  '200 and __proto__': http('200 OK', '{"__proto__":{"sequence":1,"polluted":true}}\n'),
  '204': says('HTTP/1.1 204 No Content\r\n\r\n'),
  '206 and a part of nothing': http('206 Partial Content', 'x', ['Content-Range: bytes 0-0/1']),
  '301 to itself': onAsked(
    (socket) => void socket.write('HTTP/1.1 301 Moved\r\nLocation: /\r\nContent-Length: 0\r\n\r\n'),
  ),
  '302 to a file': http('302 Found', '', ['Location: file:///etc/passwd']),
  '401 of a proxy': http('401 Unauthorized', 'who are you', ['WWW-Authenticate: Basic realm="x"']),
  '404': http('404 Not Found', 'nothing here'),
  '500': http('500 Internal Server Error', '<html>'),
  '503 for a thousand years': http('503 Service Unavailable', '', ['Retry-After: 31536000000']),
  '999': http('999 What', 'x'),
  cut: onceAsked((socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"a":1}')),
  'cut in a chunk': onceAsked(
    (socket) => void socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{"a":1}'),
  ),
  'endless body': onceAsked((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n');
    pour(socket, Buffer.alloc(1 << 16, '{"a":1}\n'));
  }),
  'endless line': onceAsked((socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n"');
    pour(socket, Buffer.alloc(1 << 16, 'x'));
  }),
  'endless headers': onceAsked((socket) => {
    socket.write('HTTP/1.1 200 OK\r\n');
    pour(socket, Buffer.from(`X-More: ${'x'.repeat(4_000)}\r\n`.repeat(16)));
  }),
  'endless 100 Continue': onceAsked((socket) =>
    pour(socket, Buffer.from('HTTP/1.1 100 Continue\r\n\r\n'.repeat(100))),
  ),
  'a header of 1 MB': says(`HTTP/1.1 200 OK\r\nX-Long: ${'x'.repeat(1 << 20)}\r\nContent-Length: 0\r\n\r\n`),
  'a gzip bomb': http('200 OK', gzipBomb, ['Content-Encoding: gzip']),
  'a gzip that is none': http('200 OK', 'not gzip', ['Content-Encoding: gzip']),
  'two lengths': onceAsked(
    (socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 1\r\n\r\nabcde'),
  ),
  'a length of 2^60': onceAsked(
    (socket) => void socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${2n ** 60n}\r\n\r\n{}`),
  ),
  'a body of a byte a second': onceAsked((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n');
    const timer = setInterval(() => socket.write('{'), 1_000);
    socket.once('close', () => clearInterval(timer));
  }),
  '101 to something else': says(
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n',
  ),
};

const clickhouse = (body: string, headers: readonly string[] = []): Habit =>
  http('200 OK', body, [
    'X-ClickHouse-Server-Display-Name: x',
    'X-ClickHouse-Query-Id: x',
    'X-ClickHouse-Format: JSONEachRow',
    'X-ClickHouse-Summary: {"read_rows":"1","read_bytes":"1"}',
    'Content-Type: application/x-ndjson; charset=UTF-8',
    ...headers,
  ]);

export const NO_CLICKHOUSE: Readonly<Record<string, Habit>> = {
  'rows whose last has no line break': clickhouse('{"a":1}\n{"a":2}'),
  'one row cut in the middle': clickhouse('{"sequence":"1","filena'),
  'rows of other columns': clickhouse('{"a":1}\n{"a":2}\n'),
  'rows that are arrays': clickhouse('[1]\n[2]\n'),
  'rows that are null': clickhouse('null\nnull\n'),
  'no row': clickhouse(''),
  'rows and then an exception': clickhouse('{"a":1}\nCode: 241. DB::Exception: Memory limit exceeded\n'),
  'an exception with 200': clickhouse('Code: 60. DB::Exception: no such table\n', [
    'X-ClickHouse-Exception-Code: 60',
  ]),
  'an exception that is out of range': http('500 Error', 'Code: 99999999', [
    'X-ClickHouse-Exception-Code: 99999999999',
  ]),
  'an exception of HTML': http('500 Error', '<script>alert(1)</script>', [
    'X-ClickHouse-Exception-Code: 241',
  ]),
  'numbers that are text': clickhouse('{"sequence":"x","trips":"x","count":"x","rows":"x"}\n'),
  'numbers beyond doubles': clickhouse('{"sequence":"99999999999999999999999","trips":"-1"}\n'),
};

/** What ClickHouse said, but for something. @param change of a whole answer's body */
export const changedHttp =
  (change: (body: Buffer) => Buffer): Habit =>
  (socket, dial) => {
    const far = dial();
    let held = Buffer.alloc(0);
    socket.pipe(far);
    socket.once('close', () => far.destroy());
    far.on('data', (piece: Buffer) => {
      held = Buffer.concat([held, piece]);
      const end = held.indexOf('\r\n\r\n');
      if (end === -1) return;
      const head = held.subarray(0, end).toString('latin1');
      const body = wholeBody(head, held.subarray(end + 4));
      if (body === undefined) return;
      held = Buffer.alloc(0);
      const changed = change(body);
      const kept = head
        .split('\r\n')
        .filter((line) => !/^(content-length|transfer-encoding|connection):/i.test(line));
      socket.write(`${kept.join('\r\n')}\r\nContent-Length: ${changed.length}\r\n\r\n`);
      socket.write(changed);
    });
    far.once('close', () => socket.end());
  };

/** Undefined until all of it is there. */
function wholeBody(head: string, rest: Buffer): Buffer | undefined {
  const length = /^content-length: *(\d+)/im.exec(head)?.[1];
  if (length !== undefined)
    return rest.length >= Number(length) ? rest.subarray(0, Number(length)) : undefined;
  if (!/^transfer-encoding: *chunked/im.test(head)) return Buffer.alloc(0);
  const pieces: Buffer[] = [];
  for (let at = 0; ;) {
    const line = rest.indexOf('\r\n', at);
    if (line === -1) return undefined;
    const size = Number.parseInt(rest.subarray(at, line).toString(), 16);
    if (rest.length < line + 2 + size + 2) return undefined;
    if (size === 0) return Buffer.concat(pieces);
    pieces.push(rest.subarray(line + 2, line + 2 + size));
    at = line + 2 + size + 2;
  }
}

export const CHANGED_CLICKHOUSE: Readonly<Record<string, Habit>> = {
  'the true rows without the last line break': changedHttp((body) => body.subarray(0, -1)),
  'the true rows, cut in the last': changedHttp((body) => body.subarray(0, -Math.min(10, body.length))),
  'the first half of the true bytes': changedHttp((body) => body.subarray(0, body.length >> 1)),
  'the true rows with HTML behind': changedHttp((body) => Buffer.concat([body, Buffer.from('<html>')])),
  'the true rows with a BOM before': changedHttp((body) => Buffer.concat([Buffer.from('\ufeff'), body])),
  'the true rows with null for each number': changedHttp((body) =>
    Buffer.from(body.toString('latin1').replaceAll(/:"?\d+"?/g, ':null'), 'latin1'),
  ),
};

const bulk = (text: string): string => `$${Buffer.byteLength(text)}\r\n${text}\r\n`;

export const NO_REDIS: Readonly<Record<string, Habit>> = {
  'nothing but numbers': says(':1\r\n'),
  'nothing but nulls': says('$-1\r\n'),
  'nothing but OK': says('+OK\r\n'),
  'nothing but empty lists': says('*0\r\n'),
  'nothing but text': says(bulk('x')),
  'nothing but JSON': says(bulk('{"body":"{\\"data\\":{\\"p90\\":{\\"value\\":1,\\"trips\\":0}}}"}')),
  'a text of two milliard bytes': says('$2000000000\r\nx'),
  'a list of two milliard': says('*2000000000\r\n'),
  'lists in lists without an end': onceAsked((socket) => pour(socket, Buffer.from('*1\r\n'.repeat(10_000)))),
  'a length of -5': says('$-5\r\n'),
  'a type that is none': says('!x\r\n'),
  'loading for ever': says('-LOADING Redis is loading the dataset in memory\r\n'),
  'no auth': says('-NOAUTH Authentication required.\r\n'),
  'read only': says("-READONLY You can't write against a read only replica.\r\n"),
  'moved to elsewhere': says('-MOVED 1 127.0.0.1:1\r\n'),
  'ten answers to one question': says('+OK\r\n'.repeat(10)),
  'messages that nobody subscribed to': says(
    '*3\r\n$7\r\nmessage\r\n$1\r\nx\r\n$22\r\n9999999999999999999999\r\n',
  ),
};

const frame = (type: number, flags: number, stream: number, body: Buffer): Buffer => {
  const head = Buffer.alloc(9);
  head.writeUIntBE(body.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, body]);
};
const SETTINGS = frame(4, 0, 0, Buffer.alloc(0));
/** Headers of HPACK's static table: status 200, and content-type application/grpc. */
const GRPC_HEAD = Buffer.concat([Buffer.from([0x88, 0x0f, 0x10, 16]), Buffer.from('application/grpc')]);
const eachStream =
  (answer: (stream: number) => Buffer): Habit =>
  (socket) => {
    socket.write(SETTINGS);
    let stream = 1;
    socket.on('data', () => {
      socket.write(answer(stream));
      stream += 2;
    });
  };

export const NO_TEMPORAL: Readonly<Record<string, Habit>> = {
  'HTTP/2 that goes away': (socket) =>
    void socket.end(Buffer.concat([SETTINGS, frame(7, 0, 0, Buffer.alloc(8))])),
  'HTTP/2 that only sets': (socket) => void socket.write(SETTINGS),
  'HTTP/2 that sets without an end': onceAsked((socket) =>
    pour(socket, Buffer.concat(Array.from({ length: 1_000 }, () => SETTINGS))),
  ),
  'a frame of 16 MB': (socket) =>
    void socket.write(Buffer.concat([SETTINGS, frame(0, 0, 1, Buffer.alloc((1 << 24) - 1))])),
  'headers of no stream': (socket) =>
    void socket.write(Buffer.concat([SETTINGS, frame(1, 4, 0, Buffer.from([0x88]))])),
  'gRPC without a message': eachStream((stream) => frame(1, 5, stream, GRPC_HEAD)),
  'gRPC with an empty message': eachStream((stream) =>
    Buffer.concat([frame(1, 4, stream, GRPC_HEAD), frame(0, 0, stream, Buffer.alloc(5))]),
  ),
  'gRPC with a message of garbage': eachStream((stream) =>
    Buffer.concat([
      frame(1, 4, stream, GRPC_HEAD),
      frame(0, 0, stream, Buffer.concat([Buffer.from([0, 0, 0, 0, 8]), Buffer.alloc(8, 255)])),
    ]),
  ),
  'gRPC with a message of 4 GB': eachStream((stream) =>
    Buffer.concat([
      frame(1, 4, stream, GRPC_HEAD),
      frame(0, 0, stream, Buffer.from([0, 255, 255, 255, 255, 0])),
    ]),
  ),
  'resets of every stream': eachStream((stream) => frame(3, 0, stream, Buffer.from([0, 0, 0, 1]))),
};

const keys = (list: readonly unknown[]): Habit =>
  http('200 OK', JSON.stringify({ keys: list }), ['Content-Type: application/json']);

export const NO_JWKS: Readonly<Record<string, Habit>> = {
  'no keys': keys([]),
  'keys that are null': keys([null]),
  'a key of no type': keys([{ kid: 'first' }]),
  'a secret for a key': keys([{ kid: 'first', kty: 'oct', k: 'c2VjcmV0', alg: 'HS256' }]),
  'a key on no curve': keys([{ kid: 'first', kty: 'EC', crv: 'P-999', x: 'x', y: 'y' }]),
  'an RSA key of three bits': keys([{ kid: 'first', kty: 'RSA', n: 'Bw', e: 'Aw' }]),
  'a hundred thousand keys': keys(
    Array.from({ length: 100_000 }, () => ({ kid: 'first', kty: 'EC', crv: 'P-256', x: 'x', y: 'y' })),
  ),
};

const xml = (body: string): Habit =>
  http('200 OK', `<?xml version="1.0"?>${body}`, ['Content-Type: application/xml', 'ETag: "x"']);
const laughs = Array.from({ length: 12 }, (_, n) => `<!ENTITY l${n + 1} "${`&l${n};`.repeat(10)}">`).join('');

export const NO_S3: Readonly<Record<string, Habit>> = {
  'a list without an end': xml(
    '<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>x</NextContinuationToken></ListBucketResult>',
  ),
  'a list of names that are none': xml(
    '<ListBucketResult><Contents><Key>source/../../etc/passwd.parquet</Key><Size>-1</Size><ETag>"x"</ETag></Contents><Contents/><Contents><Key/></Contents></ListBucketResult>',
  ),
  'a list of sizes that are none': xml(
    '<ListBucketResult><Contents><Key>source/yellow_tripdata_2024-09.parquet</Key><Size>1e309</Size><ETag>"x"</ETag><LastModified>never</LastModified></Contents></ListBucketResult>',
  ),
  'a milliard laughs': xml(
    `<!DOCTYPE l [<!ENTITY l0 "ha">${laughs}]><ListBucketResult><Prefix>&l12;</Prefix></ListBucketResult>`,
  ),
  'an entity of a file': xml(
    '<!DOCTYPE l [<!ENTITY f SYSTEM "file:///etc/passwd">]><ListBucketResult><Prefix>&f;</Prefix></ListBucketResult>',
  ),
  'an error of no kind': http('400 Bad Request', '<Error><Code></Code></Error>', [
    'Content-Type: application/xml',
  ]),
  'XML 100,000 deep': xml('<a>'.repeat(100_000)),
};

const index = (body: string): Habit => http('200 OK', body, ['Content-Type: text/html']);

export const NO_INDEX: Readonly<Record<string, Habit>> = {
  'a million links': index('<a href="yellow_tripdata_2024-01.parquet">x</a>\n'.repeat(60_000)),
  'links out of the folder': index(
    '<a href="../../etc/yellow_tripdata_2024-02.parquet">x</a><a href="//evil.example/yellow_tripdata_2024-03.parquet">x</a><a href="file:///etc/yellow_tripdata_2024-04.parquet">x</a>',
  ),
  'links that are none': index(
    '<a href="%">x</a><a href="%ff.parquet">x</a><a href="http://[">x</a><a href="\u0000.parquet">x</a>',
  ),
  'a tag without an end': index(`<a href="${'<a href="'.repeat(50_000)}`),
};

/** The HTTP sources against small servers that misbehave on purpose. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createHttpIndexSource } from '../../sources/http-index-source.ts';
import type { FileVersion, Source } from '../../sources/source.ts';

const signal = new AbortController().signal;
const NAME = 'yellow_tripdata_2024-01.parquet';
const CONTENT = Buffer.alloc(100_000, '0123456789abcdef');
const ETAG = '"v1"';
const MODIFIED = 'Mon, 01 Jan 2024 00:00:00 GMT';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

let server: Server;
let base: string;
let handler: Handler;
let seen: { method: string | undefined; url: string | undefined; headers: IncomingMessage['headers'] }[];
let source: Source;

async function listen(onRequest: Handler): Promise<{ server: Server; url: string }> {
  const started = createServer(onRequest);
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
  return { server: started, url: `http://127.0.0.1:${(started.address() as AddressInfo).port}/` };
}

beforeEach(async () => {
  seen = [];
  handler = wellBehaved();
  const started = await listen((request, response) => {
    seen.push({ method: request.method, url: request.url, headers: request.headers });
    handler(request, response);
  });
  server = started.server;
  base = started.url;
  source = createHttpIndexSource({
    url: base,
    patience: { headersMs: 300, windowMs: 300, bytesPerWindow: 1_000 },
  });
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** Range, strong ETag and If-Match as they should be; `also` changes an answer's headers. */
function wellBehaved(also: Record<string, string | undefined> = {}, content = CONTENT): Handler {
  return (request, response) => {
    const headers: Record<string, string> = {};
    const wanted = { etag: ETAG, 'last-modified': MODIFIED, 'accept-ranges': 'bytes', ...also };
    for (const [name, value] of Object.entries(wanted)) if (value !== undefined) headers[name] = value;
    const ifMatch = request.headers['if-match'];
    if (ifMatch !== undefined && ifMatch !== headers['etag']) {
      response.writeHead(412).end();
      return;
    }
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    if (range === null || headers['accept-ranges'] !== 'bytes') {
      response.writeHead(200, { 'content-length': content.length, ...headers });
      response.end(request.method === 'HEAD' ? undefined : content);
      return;
    }
    const [start, end] = [Number(range[1]), Math.min(Number(range[2]) + 1, content.length)];
    const contentRange = `bytes ${start}-${end - 1}/${content.length}`;
    response.writeHead(206, { 'content-length': end - start, 'content-range': contentRange, ...headers });
    response.end(content.subarray(start, end));
  };
}

/** The first handler for HEAD, the second for GET. */
const onGet =
  (get: Handler, head: Handler = wellBehaved()): Handler =>
  (request, response) =>
    (request.method === 'HEAD' ? head : get)(request, response);

const answer =
  (status: number, headers: Record<string, string> = {}, body = ''): Handler =>
  (_, response) => {
    response.writeHead(status, headers).end(body);
  };

const stat = () => source.stat({ filename: NAME, signal });
async function bytesOf(file: FileVersion, start = 0, end = file.sizeBytes): Promise<Buffer> {
  const pieces = [];
  for await (const piece of source.read({ file, range: { start, end }, signal })) pieces.push(piece);
  return Buffer.concat(pieces);
}

describe('stat', () => {
  it('takes a strong ETag as the version', async () => {
    expect(await stat()).toEqual({
      filename: NAME,
      version: ETAG,
      sizeBytes: CONTENT.length,
      ranged: true,
      url: `${base}${NAME}`,
    });
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ method: 'HEAD', headers: { 'accept-encoding': 'identity' } });
  });

  it('takes Last-Modified and size where there is no strong ETag, and no ranges then', async () => {
    for (const etag of ['W/"v1"', undefined]) {
      handler = wellBehaved({ etag });
      expect(await stat()).toMatchObject({
        version: `modified:${MODIFIED}:${CONTENT.length}`,
        ranged: false,
      });
    }
    handler = wellBehaved({ etag: 'W/"v1"', 'last-modified': undefined });
    expect(await stat()).toMatchObject({ version: `modified:W/"v1":${CONTENT.length}` });
  });

  it('asks by GET where HEAD is refused or says too little', async () => {
    for (const head of [
      answer(405),
      answer(501),
      answer(200, { etag: ETAG }),
      wellBehaved({ 'accept-ranges': undefined }),
    ]) {
      handler = onGet(wellBehaved(), head);
      expect(await stat()).toMatchObject({ version: ETAG, sizeBytes: CONTENT.length, ranged: true });
    }
    handler = onGet(wellBehaved({ 'accept-ranges': undefined }), answer(405));
    expect(await stat()).toMatchObject({ version: ETAG, sizeBytes: CONTENT.length, ranged: false });
    handler = onGet(answer(416, { 'content-range': 'bytes */0', etag: ETAG }), answer(405));
    expect(await stat()).toMatchObject({ sizeBytes: 0 });
    handler = (_, response) => {
      response.writeHead(200);
      response.write('no length');
      response.end();
    };
    await expect(stat()).rejects.toMatchObject({ kind: 'broken' });
  });

  it('tells what a status means', async () => {
    const kinds = {
      404: 'absent',
      410: 'absent',
      403: 'throttled',
      429: 'throttled',
      503: 'throttled',
    } as const;
    for (const [status, kind] of Object.entries(kinds)) {
      handler = answer(Number(status), { 'retry-after': '3' });
      await expect(stat()).rejects.toMatchObject({ kind, status: Number(status), retryAfterMs: 3_000 });
    }
    for (const [status, kind] of Object.entries({
      500: 'unavailable',
      502: 'unavailable',
      401: 'broken',
      400: 'broken',
    })) {
      handler = answer(Number(status));
      await expect(stat()).rejects.toMatchObject({ kind, status: Number(status) });
    }
    const soon = new Date(Date.now() + 60_000).toUTCString();
    handler = answer(429, { 'retry-after': soon });
    const error: unknown = await stat().catch((cause: unknown) => cause);
    expect(error).toMatchObject({
      retryAfterMs: expect.toSatisfy((ms: number) => ms > 55_000 && ms <= 61_000),
    });
  });

  it('says that a host is not there, or silent, without the credentials', async () => {
    handler = () => undefined;
    await expect(stat()).rejects.toMatchObject({
      kind: 'unavailable',
      message: `${base}${NAME}: no answer within 300 ms`,
    });
    const { server: gone, url } = await listen(() => undefined);
    await new Promise((resolve) => gone.close(resolve));
    source = createHttpIndexSource({ url: url.replace('//', '//me:secret@') + '?key=secret' });
    await expect(stat()).rejects.toMatchObject({
      kind: 'unavailable',
      message: `${url}${NAME}: ECONNREFUSED`,
    });
  });
});

describe('redirects', () => {
  const redirectTo = (location: string, status = 302) => answer(status, { location }, 'moved');

  it('are followed, five at most, without passing credentials on to another host', async () => {
    const other: IncomingMessage['headers'][] = [];
    const { server: elsewhere, url } = await listen((request, response) => {
      other.push(request.headers);
      wellBehaved()(request, response);
    });
    try {
      handler = (request, response) =>
        (request.url?.startsWith('/hop') ? redirectTo(`${url}file`, 307) : redirectTo('/hop?x=1', 301))(
          request,
          response,
        );
      source = createHttpIndexSource({ url: base.replace('//', '//me:p%40ss@') });
      const file = await stat();
      expect(file).toMatchObject({ version: ETAG, url: `${base}${NAME}` });
      expect(CONTENT.subarray(10, 20).equals(await bytesOf(file, 10, 20))).toBe(true);
      const authorization = `Basic ${Buffer.from('me:p@ss').toString('base64')}`;
      expect(seen.map(({ headers }) => headers.authorization)).toEqual(seen.map(() => authorization));
      expect(other.map(({ authorization: passedOn }) => passedOn)).toEqual([undefined, undefined]);
      expect(other[1]).toMatchObject({ range: 'bytes=10-19', 'if-match': ETAG });
    } finally {
      elsewhere.closeAllConnections();
      elsewhere.close();
    }
  });

  it('are refused in circles, to other protocols, and to nowhere', async () => {
    for (const refused of [
      redirectTo('/again'),
      redirectTo('file:///etc/passwd'),
      redirectTo('ftp://host/x'),
      answer(302),
    ]) {
      handler = refused;
      await expect(stat()).rejects.toMatchObject({ kind: 'broken' });
    }
    expect(seen.filter(({ url }) => url === '/again')).toHaveLength(5);
  });
});

describe('read', () => {
  let file: FileVersion;
  beforeEach(async () => {
    file = await stat();
    seen = [];
  });

  it('gives exactly the bytes asked for, tied to the version', async () => {
    expect(CONTENT.equals(await bytesOf(file))).toBe(true);
    expect(CONTENT.subarray(99_999).equals(await bytesOf(file, 99_999, 100_000))).toBe(true);
    expect(await bytesOf(file, 7, 7)).toHaveLength(0);
    expect(seen.map(({ headers: { range } }) => range)).toEqual(['bytes=0-99999', 'bytes=99999-99999']);
    expect(seen[0]?.headers).toMatchObject({ 'if-match': ETAG, 'accept-encoding': 'identity' });
    await expect(bytesOf(file, 0, 100_001)).rejects.toMatchObject({ kind: 'broken' });
  });

  it('notices another version', async () => {
    handler = wellBehaved({ etag: '"v2"' });
    await expect(bytesOf(file, 0, 10)).rejects.toMatchObject({ kind: 'changed' });
    handler = answer(206, { etag: '"v2"', 'content-range': 'bytes 0-9/100000' }, '0123456789');
    await expect(bytesOf(file, 0, 10)).rejects.toMatchObject({ kind: 'changed' });
    handler = answer(200, { etag: '"v2"' }, '0123456789');
    await expect(bytesOf(file, 0, 10)).rejects.toMatchObject({ kind: 'changed' });
    handler = answer(416);
    await expect(bytesOf(file, 5, 10)).rejects.toMatchObject({ kind: 'changed' });
  });

  it('refuses an answer to another question', async () => {
    const whole = { etag: ETAG, 'content-range': 'bytes 0-9/100000' };
    for (const headers of [
      { ...whole, 'content-range': 'bytes 1-10/100000' },
      { ...whole, 'content-range': 'bytes 0-8/100000' },
      { ...whole, 'content-range': 'bytes 0-9/99999' },
      { etag: ETAG },
      { 'content-range': 'bytes 0-9/100000' },
      { ...whole, 'content-encoding': 'gzip' },
    ]) {
      handler = answer(206, headers, '0123456789');
      await expect(bytesOf(file, 0, 10), JSON.stringify(headers)).rejects.toMatchObject({ kind: 'broken' });
    }
    handler = answer(206, whole, '0123456789 and more');
    await expect(bytesOf(file, 0, 10)).rejects.toMatchObject({ kind: 'broken' });
  });

  it('tells an early end from a whole answer, however it ends', async () => {
    const begin = (response: ServerResponse, length?: number) => {
      response.writeHead(206, {
        etag: ETAG,
        'content-range': 'bytes 0-99999/100000',
        ...(length === undefined ? {} : { 'content-length': length }),
      });
      response.write(CONTENT.subarray(0, 50_000));
    };
    const ends: Handler[] = [
      (_, response) => {
        begin(response);
        response.end();
      },
      (_, response) => {
        begin(response, 100_000);
        setImmediate(() => response.socket?.end());
      },
      (_, response) => {
        begin(response, 100_000);
        setImmediate(() => response.socket?.resetAndDestroy());
      },
      (_, response) => begin(response, 100_000),
      (_, response) => {
        begin(response, 100_000);
        const drip = setInterval(() => response.write('x'), 20);
        response.on('close', () => clearInterval(drip));
      },
    ];
    for (const [i, end] of ends.entries()) {
      handler = end;
      await expect(bytesOf(file), `end ${i}`).rejects.toMatchObject({ kind: 'unavailable' });
    }
  });

  it('is patient with a slow reader', async () => {
    let lengthBytes = 0;
    for await (const piece of source.read({ file, range: { start: 0, end: file.sizeBytes }, signal })) {
      // Longer than the server's window would allow it: the time is ours.
      if (lengthBytes === 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400);
      lengthBytes += piece.byteLength;
    }
    expect(lengthBytes).toBe(file.sizeBytes);
  });

  it('takes the whole file instead of a range only from its start, and believes the server the second time', async () => {
    handler = onGet(wellBehaved({ 'accept-ranges': 'none' }));
    expect(CONTENT.subarray(0, 10).equals(await bytesOf(file, 0, 10))).toBe(true);
    await expect(bytesOf(file, 10, 20)).rejects.toMatchObject({ kind: 'unranged' });
    const again = await stat();
    expect(again.ranged).toBe(false);
    expect(CONTENT.equals(await bytesOf(again))).toBe(true);
  });

  it('reads in one stream, against Last-Modified, what cannot be read in ranges', async () => {
    handler = wellBehaved({ etag: 'W/"v1"', 'accept-ranges': undefined });
    const streamed = await stat();
    seen = [];
    expect(CONTENT.equals(await bytesOf(streamed))).toBe(true);
    expect(CONTENT.subarray(0, 1_000).equals(await bytesOf(streamed, 0, 1_000))).toBe(true);
    expect(seen.map(({ headers }) => headers.range)).toEqual([undefined, undefined]);
    await expect(bytesOf(streamed, 1, 10)).rejects.toMatchObject({ kind: 'broken' });
    handler = wellBehaved({ etag: undefined, 'last-modified': new Date(0).toUTCString() });
    await expect(bytesOf(streamed)).rejects.toMatchObject({ kind: 'changed' });
    handler = wellBehaved({ etag: undefined }, CONTENT.subarray(1));
    await expect(bytesOf(streamed)).rejects.toMatchObject({ kind: 'changed' });
  });

  it('says that it is throttled', async () => {
    for (const status of [403, 429, 503]) {
      handler = answer(status, { 'retry-after': '2' }, '<html>slow down</html>');
      await expect(bytesOf(file, 0, 10)).rejects.toMatchObject({ kind: 'throttled', retryAfterMs: 2_000 });
    }
    handler = answer(404);
    await expect(bytesOf(file, 0, 10)).rejects.toMatchObject({ kind: 'absent' });
  });

  it('stops when told to, and lets the connection go', async () => {
    const closed = new Promise<void>((resolve) => {
      handler = (_, response) => {
        response.writeHead(206, {
          etag: ETAG,
          'content-range': 'bytes 0-99999/100000',
          'content-length': 100_000,
        });
        response.write(CONTENT.subarray(0, 10));
        response.on('close', resolve);
      };
    });
    const controller = new AbortController();
    const reading = source.read({ file, range: { start: 0, end: 100_000 }, signal: controller.signal });
    const pieces = reading[Symbol.asyncIterator]();
    await pieces.next();
    controller.abort();
    await expect(pieces.next()).rejects.toMatchObject({ name: 'AbortError' });
    await closed;
    const aborted = source.read({ file, range: { start: 0, end: 10 }, signal: controller.signal });
    await expect(aborted[Symbol.asyncIterator]().next()).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('lets the connection go when the reader leaves early', async () => {
    const closed = new Promise<void>((resolve) => {
      handler = (_, response) => {
        response.writeHead(206, {
          etag: ETAG,
          'content-range': 'bytes 0-99999/100000',
          'content-length': 100_000,
        });
        response.write(CONTENT.subarray(0, 10));
        response.on('close', resolve);
      };
    });
    for await (const piece of source.read({ file, range: { start: 0, end: 100_000 }, signal })) {
      expect(piece.byteLength).toBe(10);
      break;
    }
    await closed;
  });
});

describe('the index page', () => {
  const page = (html: string): Handler => {
    const etag = `"${createHash('sha256').update(html).digest('hex')}"`;
    return (request, response) => {
      if (request.headers['if-none-match'] === etag) response.writeHead(304, { etag }).end();
      else response.writeHead(200, { etag, 'content-type': 'text/html' }).end(html);
    };
  };

  it('is listed in order and asked for conditionally', async () => {
    handler = page('<a href="b.parquet">b</a> 2024-01-01 10:00:01 7\n<a href="a%20b.parquet">a</a>');
    const listed = [
      { filename: 'a b.parquet', version: undefined, hint: undefined },
      { filename: 'b.parquet', version: undefined, hint: '2024-01-01 10:00:01 7' },
    ];
    expect(await source.list({ signal })).toEqual(listed);
    expect(await source.list({ signal })).toEqual(listed);
    expect(seen[1]?.headers['if-none-match']).toMatch(/^"[\da-f]{64}"$/);
    handler = wellBehaved();
    await source.stat({ filename: 'a b.parquet', signal });
    expect(seen.at(-1)?.url).toBe('/a%20b.parquet');
  });

  it('does not trust a time to the minute before the minute is over', async () => {
    let elapsedMs = 0;
    source = createHttpIndexSource({ url: base, elapsed: () => elapsedMs });
    handler = page('<a href="a.parquet">a</a> 01-Jan-2024 10:00 7');
    const hint = async () => (await source.list({ signal }))[0]?.hint;
    expect(await hint()).toBeUndefined();
    elapsedMs = 60_000;
    expect(await hint()).toBeUndefined();
    elapsedMs = 61_000;
    expect(await hint()).toBe('01-Jan-2024 10:00 7');
    handler = page('<a href="a.parquet">a</a> 01-Jan-2024 10:01 7');
    expect(await hint()).toBeUndefined();
  });

  it('fails whole, never as an empty folder', async () => {
    for (const [status, kind] of Object.entries({
      404: 'unavailable',
      500: 'unavailable',
      403: 'throttled',
      401: 'broken',
    })) {
      handler = answer(Number(status));
      await expect(source.list({ signal }), status).rejects.toMatchObject({ kind });
    }
    handler = (_, response) => {
      response.writeHead(200, { 'content-length': 1_000 });
      response.write('<a href="a.parquet">');
      setImmediate(() => response.socket?.resetAndDestroy());
    };
    await expect(source.list({ signal })).rejects.toMatchObject({ kind: 'unavailable' });
    handler = answer(200, {}, 'x'.repeat(9 << 20));
    await expect(source.list({ signal })).rejects.toMatchObject({ kind: 'broken' });
  });
});

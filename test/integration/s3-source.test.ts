/** A bucket as a source: against a real S3 server, and against answers that one gives on bad days. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createS3Client } from '../../config/s3-client.ts';
import type { Pass, RequestOutcome } from '../../sources/request-gate.ts';
import { createS3Source } from '../../sources/s3-source.ts';
import { isParquetFilename } from '../../sources/filename.ts';
import type { ByteRange, FileVersion, Source } from '../../sources/source.ts';
import { startS3Server, type S3Server } from '../support/s3-server.ts';

const signal = new AbortController().signal;
const NAME = 'yellow_tripdata_2024-01.parquet';

async function read(source: Source, file: FileVersion, range: ByteRange, by = signal): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of source.read({ file, range, signal: by })) pieces.push(piece);
  return Buffer.concat(pieces);
}

describe('a real server', () => {
  const CONTENT = Buffer.alloc(100_000, '0123456789abcdef');
  let server: S3Server;
  const sourceAt = (prefix: string) =>
    createS3Source({
      client: createS3Client({ endpoint: server.endpoint, region: 'us-east-1' }),
      bucket: server.bucket,
      prefix,
    });

  beforeAll(async () => {
    server = await startS3Server();
  });
  afterAll(() => server?.stop());

  it('lists what lies directly under its prefix, with the versions that stat tells', async () => {
    const odd = 'trips of Zoë + 100%.parquet';
    for (const name of [NAME, odd, 'notes.txt', '.hidden.parquet', 'deep/2024-01.parquet', 'UPPER.PARQUET'])
      await server.put(`in/${name}`, name);
    await server.put('2024-02.parquet', 'elsewhere');
    const source = sourceAt('in/');
    const listed = await source.list({ signal });
    expect(listed.map(({ filename }) => filename)).toEqual([odd, 'UPPER.PARQUET', NAME].toSorted());
    for (const { filename, version } of listed) {
      const file = await source.stat({ filename, signal });
      expect(file).toEqual({
        filename,
        version,
        sizeBytes: Buffer.byteLength(filename),
        ranged: true,
        url: `s3://trips/in/${filename}`,
      });
      expect((await read(source, file, { start: 0, end: file.sizeBytes })).toString()).toBe(filename);
    }
    expect((await sourceAt('').list({ signal })).map(({ filename }) => filename)).toEqual([
      '2024-02.parquet',
    ]);
    const nothing = sourceAt('nothing/');
    expect(await nothing.list({ signal })).toEqual([]);
    expect(nothing.sawInstead?.()).toBe('s3://trips/nothing/: nothing lies under it');
    await server.put('spark/2024-01.parquet/part-0.parquet', 'x');
    await server.put('spark/_SUCCESS', '');
    const spark = sourceAt('spark/');
    expect(await spark.list({ signal })).toEqual([]);
    expect(spark.sawInstead?.()).toMatch(/only others, such as "_SUCCESS", "2024-01.parquet\/".*Spark/);
    // As people copy it from a browser.
    await server.put(`trip data/${NAME}`, 'x');
    const escaped = sourceAt('trip%20data/');
    expect(await escaped.list({ signal })).toMatchObject([{ filename: NAME }]);
    expect(escaped.sawInstead?.()).toBeUndefined();
    expect(await sourceAt('trip%20data/').stat({ filename: NAME, signal })).toMatchObject({ sizeBytes: 1 });
  });

  it('lists more than a page', { timeout: 120_000 }, async () => {
    const names = Array.from({ length: 1_100 }, (_, i) => `${String(i).padStart(5, '0')}.parquet`);
    const lanes = Array.from({ length: 16 }, async (_, lane) => {
      for (let i = lane; i < names.length; i += 16) await server.put(`many/${names[i]}`, 'x');
    });
    await Promise.all(lanes);
    const listed = await sourceAt('many/').list({ signal });
    expect(listed.map(({ filename }) => filename)).toEqual(names);
  });

  it('reads exactly the bytes of a range, of exactly that version', async () => {
    await server.put(`ranges/${NAME}`, CONTENT);
    const source = sourceAt('ranges/');
    const file = await source.stat({ filename: NAME, signal });
    for (const [start, end] of [
      [0, 1],
      [99_999, 100_000],
      [5, 70_005],
      [0, 100_000],
      [7, 7],
    ] as const)
      expect((await read(source, file, { start, end })).equals(CONTENT.subarray(start, end))).toBe(true);
    await expect(read(source, file, { start: 5, end: 100_001 })).rejects.toMatchObject({ kind: 'broken' });

    await server.put(`ranges/${NAME}`, CONTENT.toReversed());
    const range = { start: 0, end: 10 };
    await expect(read(source, file, range)).rejects.toMatchObject({ kind: 'changed', status: 412 });
    const now = await source.stat({ filename: NAME, signal });
    expect(now.version).not.toBe(file.version);
  });

  it('tells what is not there, and what may not be seen', async () => {
    const source = sourceAt('in/');
    await expect(source.stat({ filename: 'no.parquet', signal })).rejects.toMatchObject({ kind: 'absent' });
    const gone = { filename: 'no.parquet', version: '"x"', sizeBytes: 5, ranged: true, url: '' };
    await expect(read(source, gone, { start: 0, end: 5 })).rejects.toMatchObject({ kind: 'absent' });
    for (const filename of ['../2024-02.parquet', 'deep/2024-01.parquet', 'notes.txt', '']) {
      expect(isParquetFilename(filename)).toBe(false);
      await expect(source.stat({ filename, signal })).rejects.toMatchObject({ kind: 'absent' });
    }
    const elsewhere = createS3Source({
      client: createS3Client({ endpoint: server.endpoint, region: 'us-east-1' }),
      bucket: 'no-such-bucket',
      prefix: '',
    });
    await expect(elsewhere.list({ signal })).rejects.toMatchObject({ kind: 'unavailable' });
    process.env['AWS_SECRET_ACCESS_KEY'] = 'wrong';
    await expect(sourceAt('in/').list({ signal })).rejects.toMatchObject({ kind: 'throttled', status: 403 });
    Object.assign(process.env, server.env);
  });
});

describe('bad days', () => {
  type Handler = (request: IncomingMessage, response: ServerResponse) => void;
  const FILE: FileVersion = { filename: NAME, version: '"v1"', sizeBytes: 1_000, ranged: true, url: '' };
  const RANGE = { start: 100, end: 600 };
  let server: Server;
  let source: Source;
  let requests: number;
  let handler: Handler;
  let outcomes: RequestOutcome[];

  beforeEach(async () => {
    requests = 0;
    outcomes = [];
    server = createServer((request, response) => {
      requests += 1;
      handler(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' });
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const pass: Pass = { leave: (outcome) => void outcomes.push(outcome) };
    source = createS3Source({
      client: createS3Client({ endpoint, region: 'us-east-1' }),
      bucket: 'trips',
      prefix: '',
      gate: { enter: () => Promise.resolve(pass) },
    });
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const range = (headers: Record<string, string> = {}, body = Buffer.alloc(500, 'x')): Handler => {
    const right = { etag: '"v1"', 'content-range': 'bytes 100-599/1000', 'content-length': '500' };
    return (_, response) => {
      response.writeHead(206, { ...right, ...headers });
      response.write(body);
      if (body.length < 500) setImmediate(() => response.socket?.resetAndDestroy());
      else response.end();
    };
  };
  const refusal =
    (status: number, code: string, headers: Record<string, string> = {}): Handler =>
    (_, response) => {
      response.writeHead(status, { 'content-type': 'application/xml', ...headers });
      response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>No.</Message></Error>`);
    };

  it.each([
    [429, 'TooManyRequests', 'throttled', 'throttled'],
    [503, 'SlowDown', 'throttled', 'throttled'],
    [500, 'InternalError', 'unavailable', 'failed'],
    [404, 'NoSuchKey', 'absent', 'good'],
    [412, 'PreconditionFailed', 'changed', 'good'],
    [416, 'InvalidRange', 'changed', 'good'],
    [400, 'ExpiredToken', 'unavailable', 'failed'],
    [400, 'InvalidArgument', 'broken', 'good'],
  ])('%i %s is %s, asked once', async (status, code, kind, outcome) => {
    handler = refusal(status, code);
    await expect(read(source, FILE, RANGE)).rejects.toMatchObject({
      kind,
      status,
      message: `s3://trips/${NAME} (${code}): HTTP ${status}`,
    });
    expect(requests).toBe(1);
    expect(outcomes.map((seen) => seen.kind)).toEqual([outcome]);
  });

  it('403 is the object’s own where the bucket answers, and the bucket’s where that is refused too', async () => {
    handler = refusal(403, 'AccessDenied');
    await expect(read(source, FILE, RANGE)).rejects.toMatchObject({ kind: 'throttled', status: 403 });
    expect(outcomes.map(({ kind }) => kind)).toEqual(['undecided', 'throttled']);
    handler = (request, response) => {
      if ((request.url ?? '').includes(NAME)) return refusal(403, 'InvalidObjectState')(request, response);
      response.writeHead(200, { 'content-type': 'application/xml' });
      response.end('<ListBucketResult><Contents><Key>x</Key></Contents></ListBucketResult>');
    };
    await expect(read(source, FILE, RANGE)).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringMatching(/InvalidObjectState.*while the bucket answers/) as string,
    });
    await expect(source.stat({ filename: NAME, signal })).rejects.toMatchObject({ kind: 'refused' });
  });

  it('is asked without a signature where there are no keys', async () => {
    const saved = { ...process.env };
    const keys = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_PROFILE'];
    for (const name of keys) delete process.env[name];
    const nowhere = { AWS_EC2_METADATA_DISABLED: 'true', AWS_SHARED_CREDENTIALS_FILE: '/dev/null' };
    Object.assign(process.env, nowhere, { AWS_CONFIG_FILE: '/dev/null' });
    let authorization: string | undefined = 'none was asked';
    handler = (request, response) => {
      ({ authorization } = request.headers);
      response.writeHead(200, { 'content-type': 'application/xml' });
      response.end('<ListBucketResult></ListBucketResult>');
    };
    try {
      const { port } = server.address() as AddressInfo;
      const settings = { endpoint: `http://127.0.0.1:${port}`, region: 'us-east-1' };
      const client = createS3Client(settings, { publicWithoutKeys: true });
      expect(await createS3Source({ client, bucket: 'open', prefix: '' }).list({ signal })).toEqual([]);
    } finally {
      process.env = saved;
    }
    expect(authorization).toBeUndefined();
  });

  it('passes Retry-After on', async () => {
    handler = refusal(503, 'SlowDown', { 'retry-after': '7' });
    await expect(source.list({ signal })).rejects.toMatchObject({ kind: 'throttled', retryAfterMs: 7_000 });
    expect(outcomes).toEqual([{ kind: 'throttled', retryAfterMs: 7_000 }]);
  });

  it('believes no answer that is not the range of the version', async () => {
    handler = range();
    expect((await read(source, FILE, RANGE)).length).toBe(500);
    handler = range({ etag: '"v2"' });
    await expect(read(source, FILE, RANGE)).rejects.toMatchObject({ kind: 'changed' });
    handler = range({ 'content-range': 'bytes 0-499/1000' });
    await expect(read(source, FILE, RANGE)).rejects.toMatchObject({ kind: 'broken' });
    handler = range({ 'content-length': '600' }, Buffer.alloc(600, 'x'));
    await expect(read(source, FILE, RANGE)).rejects.toMatchObject({ kind: 'broken' });
    expect(outcomes.map(({ kind }) => kind)).toEqual(['good', 'good', 'good', 'good']);
  });

  it('a reset, and a body that is cut off, are unavailable', async () => {
    handler = range({}, Buffer.alloc(200, 'x'));
    await expect(read(source, FILE, RANGE)).rejects.toMatchObject({ kind: 'unavailable' });
    handler = (request) => request.socket.resetAndDestroy();
    await expect(read(source, FILE, RANGE)).rejects.toMatchObject({ kind: 'unavailable' });
    await expect(source.stat({ filename: NAME, signal })).rejects.toMatchObject({ kind: 'unavailable' });
    expect(outcomes.map(({ kind }) => kind)).toEqual(['failed', 'failed', 'failed']);
  });

  it('stops when it is told to, in the middle of a body too', async () => {
    const stop = new AbortController();
    const closed = new Promise<void>((resolve) => {
      handler = (_, response) => {
        response.once('close', resolve);
        response.writeHead(206, {
          etag: '"v1"',
          'content-range': 'bytes 100-599/1000',
          'content-length': '500',
        });
        response.write('x');
      };
    });
    const reading = source.read({ file: FILE, range: RANGE, signal: stop.signal })[Symbol.asyncIterator]();
    await reading.next();
    const next = reading.next();
    stop.abort(new Error('enough'));
    await expect(next).rejects.toThrow('enough');
    await closed;
    expect(outcomes).toEqual([{ kind: 'good' }]);
  });
});

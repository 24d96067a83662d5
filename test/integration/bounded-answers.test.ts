/** Servers of S3 and issuers of tokens that send on for ever. */
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { pino } from 'pino';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { createS3Client } from '../../config/s3-client.ts';
import { createSignedTokens } from '../../gateway/access/signed-tokens.ts';
import { listObjects, listUploads } from '../../lake/s3-listings.ts';
import { createS3Source } from '../../sources/s3-source.ts';

const closing: (() => Promise<unknown>)[] = [];
beforeAll(() => {
  process.env['AWS_ACCESS_KEY_ID'] ??= 'a-key';
  process.env['AWS_SECRET_ACCESS_KEY'] ??= 'a-secret';
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** @returns the bytes that it could send */
function endless(begin: string, text: string): { listener: RequestListener; sent: () => number } {
  let sent = 0;
  return {
    sent: () => sent,
    listener(_, response) {
      response.on('error', () => undefined);
      response.writeHead(200, { 'content-type': 'application/xml' });
      response.write(begin);
      const goOn = (): void => {
        for (; !response.destroyed;) {
          sent += text.length;
          if (!response.write(text)) break;
        }
      };
      response.on('drain', goOn);
      goOn();
    },
  };
}
const RESULT = '<?xml version="1.0"?><ListBucketResult>';
const clientOf = (endpoint: string) => createS3Client({ endpoint, region: 'us-east-1' });
const listing = { bucket: 'bucket', prefix: '' };
const all = async (pages: AsyncIterable<unknown>): Promise<number> => {
  let count = 0;
  for await (const _ of pages) count += 1;
  return count;
};
const MOST_BYTES = 64 << 20;

it('an endless page of a listing ends with an error', async () => {
  const { listener, sent } = endless(RESULT, '<Contents><Key>a.parquet</Key></Contents>'.repeat(1_000));
  const client = clientOf(await serve(listener));
  await expect(all(listObjects({ client, ...listing }))).rejects.toThrow(/more than 16777216 bytes/);
  const source = createS3Source({ client, bucket: 'bucket', prefix: '' });
  const signal = new AbortController().signal;
  await expect(source.list({ signal })).rejects.toMatchObject({ name: 'SourceError' });
  expect(sent()).toBeLessThan(2 * MOST_BYTES);
});

it('an answer that never comes ends with an error', async () => {
  const sockets: Socket[] = [];
  const server = createTcpServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = createS3Client({ endpoint, region: 'us-east-1' }, { answerWithinMs: 200 });
  const source = createS3Source({ client, bucket: 'bucket', prefix: '' });
  await expect(source.list({ signal: new AbortController().signal })).rejects.toMatchObject({
    kind: 'unavailable',
  });
});

it('a listing without a last page ends with an error', async () => {
  const page = `${RESULT}<IsTruncated>true</IsTruncated><NextContinuationToken>same</NextContinuationToken></ListBucketResult>`;
  const client = clientOf(await serve((_, response) => response.end(page)));
  await expect(all(listObjects({ client, ...listing }))).rejects.toThrow(/again and again/);
  const source = createS3Source({ client, bucket: 'bucket', prefix: '' });
  const signal = new AbortController().signal;
  await expect(source.list({ signal })).rejects.toMatchObject({ kind: 'broken' });
  const uploads =
    '<?xml version="1.0"?><ListMultipartUploadsResult><IsTruncated>true</IsTruncated><NextKeyMarker>k</NextKeyMarker></ListMultipartUploadsResult>';
  const other = clientOf(await serve((_, response) => response.end(uploads)));
  await expect(all(listUploads({ client: other, ...listing }))).rejects.toThrow(/again and again/);
});

it('keys without end are no keys', async () => {
  const { listener, sent } = endless('{"keys":[', `{"kty":"oct","k":"${'a'.repeat(60_000)}"},`);
  const jwksUrl = `${await serve(listener)}/jwks`;
  const tokens = createSignedTokens({
    jwt: { jwksUrl, issuer: undefined, audience: undefined },
    logger: pino({ level: 'silent' }),
  });
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const token = `${part({ alg: 'RS256', kid: 'a' })}.${part({ exp: 1e10 })}.AAAA`;
  await expect(tokens.verify(token)).rejects.toMatchObject({ extensions: { code: 'SERVICE_UNAVAILABLE' } });
  expect(sent()).toBeLessThan(MOST_BYTES);
});

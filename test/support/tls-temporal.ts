/** What stands before Temporal Cloud: it ends TLS, wants a certificate of its clients and a key with each call, and passes the rest on. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import {
  connect,
  createSecureServer,
  type IncomingHttpHeaders,
  type Http2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

export interface TlsTemporal {
  address: string;
  /** Paths of PEM files. */
  certificate: string;
  key: string;
  refused: () => number;
  stop: () => Promise<void>;
}

const TRAILERS_ONLY = { ':status': 200, 'content-type': 'application/grpc' };
const UNAUTHENTICATED = '16';

/** @param folder where certificates are made; the name in them is `temporal.test` */
export async function startTlsTemporal({
  behind,
  apiKey,
  folder,
}: {
  behind: string;
  apiKey: string;
  folder: string;
}): Promise<TlsTemporal> {
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  const names = ['-subj', '/CN=temporal.test', '-addext', 'subjectAltName=DNS:temporal.test'];
  // Its own issuer, but no issuer of others: Temporal's worker takes none of those for a server's certificate.
  const use = ['-addext', 'basicConstraints=critical,CA:FALSE'];
  const made = ['-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', certificate];
  execFileSync('openssl', ['req', ...made, ...names, ...use], { stdio: 'ignore' });
  const pem = readFileSync(certificate);
  const upstream = connect(`http://${behind}`);
  upstream.on('error', () => undefined);
  const server = createSecureServer({
    key: readFileSync(key),
    cert: pem,
    ca: pem,
    requestCert: true,
    rejectUnauthorized: true,
  });
  const sessions = new Set<Http2Session>();
  let refused = 0;
  server.on('session', (session) => sessions.add(session));
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.on('error', () => undefined);
    if (headers.authorization !== `Bearer ${apiKey}`) {
      refused += 1;
      return stream.respond({ ...TRAILERS_ONLY, 'grpc-status': UNAUTHENTICATED }, { endStream: true });
    }
    const call = upstream.request({ ...headers, ':scheme': 'http', ':authority': behind });
    call.on('error', () => stream.close());
    stream.on('close', () => call.close());
    stream.pipe(call);
    let trailers: IncomingHttpHeaders = {};
    call.on('trailers', (given: IncomingHttpHeaders) => (trailers = given));
    call.on('response', (given) => {
      if (stream.destroyed) return;
      if (given['grpc-status'] !== undefined) return stream.respond(given, { endStream: true });
      stream.on('wantTrailers', () => stream.sendTrailers(trailers));
      stream.respond(given, { waitForTrailers: true });
      call.pipe(stream);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    certificate,
    key,
    refused: () => refused,
    async stop() {
      const closed = once(server, 'close');
      for (const session of sessions) session.destroy();
      upstream.destroy();
      server.close();
      await closed;
    },
  };
}

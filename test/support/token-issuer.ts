/** Somebody who issues JSON Web Tokens and publishes the keys to check them with, over HTTP as they do. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';

export interface TokenIssuer {
  jwksUrl: string;
  /** How often its keys were asked for. */
  asked: () => number;
  /** How it answers from now on; `silence` is no answer at all. */
  answerWith: (how: 'keys' | 'failure' | 'nonsense' | 'silence') => void;
  /** A new key, published from now on. */
  addKey: (kid: string, alg: string) => Promise<void>;
  /** Publishes it no more. */
  withdrawKey: (kid: string) => void;
  /** @param claims beside `sub`, `iat` and `exp` (an hour from now), which they may replace; undefined leaves one out */
  sign: (claims?: Record<string, unknown>, key?: { kid?: string; named?: boolean }) => Promise<string>;
  /** Nothing answers at its address any more. */
  close: () => Promise<void>;
  /** Answers there again. */
  comeBack: () => Promise<void>;
}

/** With one key, `first`, of ES256. */
export async function startTokenIssuer(): Promise<TokenIssuer> {
  const keys = new Map<string, { alg: string; privateKey: CryptoKey; published: JWK | undefined }>();
  let how: 'keys' | 'failure' | 'nonsense' | 'silence' = 'keys';
  let asked = 0;
  const server = createServer((_, response) => {
    asked += 1;
    if (how === 'silence') return;
    if (how === 'failure') response.writeHead(500).end();
    else if (how === 'nonsense') response.end('<html>');
    else
      response.end(JSON.stringify({ keys: [...keys.values()].flatMap(({ published }) => published ?? []) }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const issuer: TokenIssuer = {
    jwksUrl: `http://127.0.0.1:${port}/jwks`,
    asked: () => asked,
    answerWith: (next) => {
      how = next;
    },
    async addKey(kid, alg) {
      const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
      keys.set(kid, { alg, privateKey, published: { ...(await exportJWK(publicKey)), kid, alg } });
    },
    withdrawKey(kid) {
      const key = keys.get(kid);
      if (key !== undefined) key.published = undefined;
    },
    async sign(claims = {}, { kid = 'first', named = true } = {}) {
      const key = keys.get(kid);
      if (key === undefined) throw new Error(`there is no key ${kid}`);
      const now = Math.floor(Date.now() / 1000);
      const payload: JWTPayload = { sub: 'ann', iat: now, exp: now + 3600, ...claims };
      return new SignJWT(payload)
        .setProtectedHeader({ alg: key.alg, ...(named ? { kid } : {}) })
        .sign(key.privateKey);
    },
    async close() {
      server.close();
      server.closeAllConnections();
    },
    async comeBack() {
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
  };
  await issuer.addKey('first', 'ES256');
  return issuer;
}

/** A client of its own connections, that tells what came of each request, also where nothing did. */
import { Agent, request, type IncomingHttpHeaders } from 'node:http';

export interface Asked {
  method?: 'GET' | 'POST';
  headers?: Record<string, string>;
  body?: string;
}

export interface Told {
  /** By `performance.now()`. */
  sentAt: number;
  doneAt: number;
  /** 0: there was no whole answer. */
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
  /** Why there was none, as in `ECONNRESET`. */
  problem: string | undefined;
}

export interface HttpClient {
  /** Never throws. */
  ask(url: string, asked?: Asked): Promise<Told>;
  close(): void;
}

/** @param keepAlive one connection for one request after the other; else a new one for each */
export function createHttpClient({ keepAlive = true }: { keepAlive?: boolean } = {}): HttpClient {
  const agent = new Agent({ keepAlive, maxSockets: keepAlive ? 1 : Infinity });
  return {
    ask: (url, { method = 'GET', headers = {}, body } = {}) =>
      new Promise((resolve) => {
        const sentAt = performance.now();
        const told = (rest: Pick<Told, 'status' | 'headers' | 'body' | 'problem'>): void =>
          resolve({ sentAt, doneAt: performance.now(), ...rest });
        const failed = (error: NodeJS.ErrnoException): void =>
          told({ status: 0, headers: {}, body: '', problem: error.code ?? error.message });
        const sent = request(url, { agent, method, headers }, (response) => {
          const pieces: Buffer[] = [];
          response.on('data', (piece: Buffer) => pieces.push(piece));
          response.on('error', failed);
          response.on('end', () => {
            const { statusCode: status = 0, headers: got } = response;
            told({ status, headers: got, body: Buffer.concat(pieces).toString(), problem: undefined });
          });
        });
        sent.on('error', failed);
        sent.end(body);
      }),
    close: () => agent.destroy(),
  };
}

/** A question of the JSON kind, by POST. */
export const post = (query: string, variables: Record<string, unknown> = {}): Asked => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json' },
  body: JSON.stringify({ query, variables }),
});

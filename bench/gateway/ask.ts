/** One question, with its answer as it came over the wire. */
import { Agent, request as send } from 'node:http';
import type { Request } from './load.ts';

export interface Answer {
  status: number;
  /** Names and values in turn, as they were sent; without what Node's server adds by itself. */
  headers: string[];
  etag: string | undefined;
  body: Buffer;
  /** Head and body. */
  wireBytes: number;
}

const OF_THE_SERVER = new Set(['date', 'connection', 'keep-alive']);

export async function ask(url: string, { method, path, headers, body }: Request): Promise<Answer> {
  const agent = new Agent({ keepAlive: true });
  try {
    return await new Promise<Answer>((resolve, reject) => {
      const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
      const sent = send(
        `${url}${path}`,
        { method, headers: { ...headers, ...length }, agent },
        (response) => {
          const { socket } = response;
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.once('error', reject);
          response.once('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: withoutTheServers(response.rawHeaders),
              etag: response.headers.etag,
              body: Buffer.concat(chunks),
              wireBytes: socket.bytesRead,
            }),
          );
        },
      );
      sent.once('error', reject);
      sent.end(body);
    });
  } finally {
    agent.destroy();
  }
}

function withoutTheServers(raw: readonly string[]): string[] {
  const kept: string[] = [];
  for (let at = 0; at < raw.length; at += 2) {
    const [name = '', value = ''] = raw.slice(at, at + 2);
    if (!OF_THE_SERVER.has(name.toLowerCase())) kept.push(name, value);
  }
  return kept;
}

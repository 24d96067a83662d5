/** A way to the engine that counts the statements of scans, and can hold those of one asker back until they are let through. */
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface EngineGate {
  url: string;
  /** Statements of scans so far; those held back too. */
  scans: () => number;
  /** From now on they wait here. @param by whose; scans by default */
  hold: (by?: string) => void;
  /** How many wait now. */
  held: () => number;
  /** Lets all through, from now on too. */
  release: () => void;
  close: () => Promise<void>;
}

/** @param engineUrl where the engine is */
export async function startEngineGate(engineUrl: string): Promise<EngineGate> {
  let scans = 0;
  let holding: string | undefined;
  const waiting = new Set<() => void>();

  async function pass(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const target = new URL(incoming.url ?? '/', engineUrl);
    const by = /"by":"([^"]*)"/.exec(target.searchParams.get('log_comment') ?? '')?.[1];
    if (by === 'scan') scans += 1;
    if (by !== undefined && by === holding) await turn(response);
    const headers = { ...incoming.headers };
    delete headers.host;
    const outgoing = request(target, { method: incoming.method, headers });
    // A client that goes away is seen to go by the engine too.
    response.once('close', () => outgoing.destroy());
    outgoing.once('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    outgoing.on('error', () => response.destroy());
    incoming.pipe(outgoing);
  }

  /** One whose client goes away waits no more. */
  async function turn(response: ServerResponse): Promise<void> {
    const gone = once(response, 'close');
    let go = (): void => undefined;
    await Promise.race([gone, new Promise<void>((resolve) => waiting.add((go = resolve)))]);
    waiting.delete(go);
  }

  const server = createServer((incoming, response) => {
    pass(incoming, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    scans: () => scans,
    hold: (by = 'scan') => void (holding = by),
    held: () => waiting.size,
    release() {
      holding = undefined;
      for (const go of waiting) go();
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

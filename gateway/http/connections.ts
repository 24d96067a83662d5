/** The connections of a server that is to stop without cutting off a request. */
import type { Server as HttpServer, ServerResponse } from 'node:http';
import { Server, type Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';

export interface Connections {
  /** To be called with each request. */
  answering(response: ServerResponse): void;
  /** From now on whoever is answered is told to connect anew. */
  retire(): void;
  /** Takes no new connections; resolves when the last one is closed, each after the answer to what has come over it. */
  close(): Promise<void>;
}

/** As long as connections come in each turn of the event loop, so many turns. */
const MOST_TURNS = 100;
/** A client may have sent a request over an idle connection when it could not know yet that nobody listens any more. */
const LAST_REQUESTS_MS = 100;

/** To be called before the server listens. */
export function followConnections(server: HttpServer): Connections {
  /** With the newest answer over each; none over one that has not asked yet. */
  const open = new Map<Socket, ServerResponse | undefined>();
  let isRetired = false;
  let taken = 0;
  server.on('connection', (socket: Socket) => {
    taken += 1;
    open.set(socket, undefined);
    socket.once('close', () => open.delete(socket));
  });

  /** An answer that was ended may still be on its way to a slow reader. */
  function closeWhenAnswered(socket: Socket): void {
    const answer = open.get(socket);
    if (answer === undefined || answer.writableFinished) socket.destroySoon();
    else answer.once('close', () => closeWhenAnswered(socket));
  }

  return {
    answering(response) {
      if (isRetired) response.shouldKeepAlive = false;
      if (response.socket !== null) open.set(response.socket, response);
    },
    retire() {
      isRetired = true;
      for (const answer of open.values()) if (answer?.headersSent === false) answer.shouldKeepAlive = false;
    },
    async close() {
      // A connection that waits to be taken is cut by closing, so this is done after a turn that found none.
      for (let turn = 0, before = -1; turn < MOST_TURNS && taken !== before; turn += 1) {
        before = taken;
        await nextTurn();
      }
      const closed = new Promise<void>((resolve) => {
        // HTTP's own close would destroy what is idle at once: with requests that were not read, and answers that were not sent whole.
        Server.prototype.close.call(server, () => resolve());
      });
      await Promise.race([closed, sleep(LAST_REQUESTS_MS)]);
      for (const socket of open.keys()) closeWhenAnswered(socket);
      await closed;
    },
  };
}

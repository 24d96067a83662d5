/** A way to a server that passes all on, until it is told to be somebody else: from then on every connection meets a habit. */
import { createConnection, createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

/** What is done to one connection. It may be called off at any moment: the socket is destroyed then. */
export type Habit = (socket: Socket, real: () => Socket) => void;

export interface Switchboard {
  port: number;
  /** Connections that stand are cut. @param habit undefined: the real server again */
  become: (habit: Habit | undefined) => void;
  /** Connections since the last change. */
  met: () => number;
  close: () => void;
}

export async function startSwitchboard(real: { host: string; port: number }): Promise<Switchboard> {
  let habit: Habit | undefined;
  let met = 0;
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
    return socket;
  };
  const dial = (): Socket => keep(createConnection(real));
  const server = createServer({ noDelay: true }, (socket) => {
    keep(socket);
    met += 1;
    if (habit !== undefined) {
      habit(socket, dial);
      return;
    }
    const far = dial();
    socket.pipe(far).pipe(socket);
    socket.once('close', () => far.destroy());
    far.once('close', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    become(next) {
      habit = next;
      met = 0;
      for (const socket of sockets) socket.destroy();
    },
    met: () => met,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

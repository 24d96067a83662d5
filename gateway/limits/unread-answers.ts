/** What is held for clients that do not read their answers: for how long, and how much. */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from '../../config/logging.ts';
import { budgetAddress } from '../access/client-address.ts';

export interface UnreadLimits {
  /** Of all connections. Answers that several wait for count as often. */
  mostBytes: number;
  /** A reader that takes nothing for so long is gone. */
  standMs: number;
  lookEveryMs: number;
}

const LIMITS: UnreadLimits = { mostBytes: 256 << 20, standMs: 30_000, lookEveryMs: 1_000 };
/** Less than this is not worth a timer: the most connections hold 160 MB of it. */
const FEW_BYTES = 16_384;

/** Cuts readers that stand still; and, where all of them hold too much, the one of the address that holds most that has been there the longest. */
export function guardUnread(
  server: Server,
  { logger, limits: { mostBytes, standMs, lookEveryMs } = LIMITS }: { logger: Logger; limits?: UnreadLimits },
): void {
  /** In the order in which they came. */
  const connections = new Set<Socket>();
  const timed = new WeakSet<Socket>();
  server.on('connection', (socket: Socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });

  /** Node starts the time again whenever a part of a write has left. */
  function time(socket: Socket): void {
    socket.setTimeout(standMs);
    if (timed.has(socket)) return;
    timed.add(socket);
    socket.on('timeout', () => {
      if (socket.writableLength > 0) socket.destroy();
    });
  }

  function look(): void {
    const byAddress = new Map<string, Socket[]>();
    let all = 0;
    for (const socket of connections) {
      const { writableLength: unread, remoteAddress = '', timeout } = socket;
      if (unread <= FEW_BYTES) continue;
      all += unread;
      if (timeout === undefined || timeout === 0) time(socket);
      const address = budgetAddress(remoteAddress);
      const others = byAddress.get(address);
      if (others === undefined) byAddress.set(address, [socket]);
      else others.push(socket);
    }
    if (all > mostBytes) cut([...byAddress.values()], all);
  }

  function cut(holders: Socket[][], bytes: number): void {
    const unreadOf = (sockets: readonly Socket[]): number =>
      sockets.reduce((sum, { writableLength }) => sum + writableLength, 0);
    let cuts = 0;
    for (let left = bytes; left > mostBytes; cuts += 1) {
      const [most] = holders.toSorted((a, b) => unreadOf(b) - unreadOf(a));
      const socket = most?.shift();
      if (socket === undefined) break;
      left -= socket.writableLength;
      socket.destroy();
    }
    logger.warn({ bytes, mostBytes, cuts }, 'answers that nobody reads were cut');
  }

  const timer = setInterval(look, lookEveryMs);
  timer.unref();
  server.once('close', () => clearInterval(timer));
}

/** How many connections there may be, and what is said to those beyond. */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { budgetAddress } from '../access/client-address.ts';
import type { ErrorCode } from '../errors.ts';
import { createHolders } from './holders.ts';
import { asResponse, HTTP_LIMITS, problem } from './http-limits.ts';

export interface MostConnections {
  all: number;
  ofAddress: number;
}

/** Half of them for one address, or all where that is the proxy's. */
export function mostConnections({ trustProxy }: { trustProxy: boolean }): MostConnections {
  const { connections: all } = HTTP_LIMITS;
  return { all, ofAddress: trustProxy ? all : all / 2 };
}

/** So many are told at a time that they are too many; others are hung up on without a word. */
const TOLD_AT_ONCE = 200;
/** Whether or not they ask and listen. */
const TOLD_WITHIN_MS = 1_000;
const RETRY_AFTER_SECONDS = 10;

/** Those that come meanwhile are taken together. */
const TAKEN_WITHIN_MS = 100;

/**
 * To be called before anybody else listens to its connections. Node's own `maxConnections` would count those that are told, whoever they are; and a
 * process of several that does not take a connection is given it again at once.
 */
export function limitConnections(server: Server, { all, ofAddress }: MostConnections): void {
  const held = createHolders();
  let told = 0;
  function tooMany(address: string): string | undefined {
    if (held.all() >= all) return `There are ${held.all()} connections, and ${all} are allowed.`;
    if (held.of(address) >= ofAddress)
      return `There are ${held.of(address)} connections from your address, and ${ofAddress} are allowed.`;
    return undefined;
  }
  // HTTP's own, which must not see those that are refused: it reads from a connection without its `data` events.
  const takes = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    const address = budgetAddress(socket.remoteAddress ?? '');
    const detail = tooMany(address);
    if (detail !== undefined) {
      if (told >= TOLD_AT_ONCE) return socket.destroy();
      told += 1;
      socket.once('close', () => (told -= 1));
      return refuse(socket, detail);
    }
    socket.once('close', held.enter(address));
    takeSoon(socket);
  });

  const arriving: Socket[] = [];
  /**
   * Node accepts one connection in a turn of the event loop: while some still come, none is read from, or those that are first would keep the last waiting
   * for seconds. Of 300 that ask for 2 ms each, the p99 is 0.6 s instead of 6.5 s.
   */
  function takeSoon(socket: Socket): void {
    arriving.push(socket);
    if (arriving.length > 1) return;
    const began = performance.now();
    let before = 0;
    const look = (): void => {
      if (arriving.length > before && performance.now() - began < TAKEN_WITHIN_MS) {
        before = arriving.length;
        setImmediate(look);
        return;
      }
      for (const each of arriving.splice(0))
        if (!each.destroyed) for (const take of takes) take.call(server, each);
    };
    setImmediate(look);
  }
}

function refuse(socket: Socket, detail: string): void {
  const timer = setTimeout(() => socket.destroy(), TOLD_WITHIN_MS);
  socket.once('close', () => clearTimeout(timer));
  socket.on('error', () => undefined);
  const answer = asResponse({
    ...problem(503, `${detail} Ask again in ${RETRY_AFTER_SECONDS} s.`),
    code: 'OVERLOADED' satisfies ErrorCode,
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  });
  // Once it asks: some clients take an answer that comes before for a mistake. The rest of what it sends is thrown away.
  socket.once('data', () => socket.end(answer));
  socket.resume();
}

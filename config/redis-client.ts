/** The client for Redis, shared by gateway and worker: whatever a server says, and even where it is no Redis, nothing worse happens than that it is away. */
import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectByTls, type ConnectionOptions } from 'node:tls';
import { AbstractConnector, Redis, type RedisOptions } from 'ioredis';
import { ReplyGuard } from './reply-guard.ts';

/** What ioredis made of the address. */
interface Address {
  host?: string;
  port?: number;
  path?: string;
  family?: number;
  /** True for `rediss:`. */
  tls?: ConnectionOptions | true;
  disconnectTimeout: number;
}

/** As ioredis connects, with a guard on what is said. */
class GuardedConnector extends AbstractConnector {
  readonly #address: Address;

  constructor(address: unknown) {
    super((address as Address).disconnectTimeout);
    this.#address = address as Address;
  }

  override connect(): Promise<Socket> {
    const { host, port = 0, path, family, tls } = this.#address;
    const plain = {
      port,
      ...(host === undefined ? {} : { host }),
      ...(path === undefined ? {} : { path }),
      ...(family === undefined ? {} : { family }),
    };
    this.connecting = true;
    const socket =
      tls === undefined ? connectPlain(plain) : connectByTls({ ...plain, ...(tls === true ? {} : tls) });
    guard(socket);
    // ioredis hears of the first error alone, and one that nobody hears of ends the process.
    socket.on('error', (error) => (this.firstError ??= error));
    this.stream = socket;
    return Promise.resolve(socket);
  }
}

/** What comes is looked at before anybody hears of it; after nonsense nothing more is heard. */
function guard(socket: Socket): void {
  const guarding = new ReplyGuard();
  const write = socket.write.bind(socket) as (...given: unknown[]) => boolean;
  const emit = socket.emit.bind(socket) as (...given: unknown[]) => boolean;
  socket.write = (...given: unknown[]) => {
    const [bytes] = given;
    guarding.sent(typeof bytes === 'string' ? Buffer.from(bytes) : (bytes as Buffer));
    return write(...given);
  };
  socket.emit = ((...given: unknown[]) => {
    const [event, bytes] = given;
    if (event !== 'data') return emit(...given);
    if (socket.destroyed) return true;
    try {
      guarding.received(bytes as Buffer);
    } catch (error) {
      socket.destroy(error as Error);
      return true;
    }
    return emit(...given);
  }) as typeof socket.emit;
}

/** The longest wait until a Redis that is back is noticed, in milliseconds. */
const MOST_PAUSE_MS = 1_000;

export interface RedisClient {
  redis: Redis;
  /** It has answered as Redis does: when it goes away again, it is looked for soon again. */
  hasAnswered(): void;
}

/**
 * Nothing waits for a connection, nothing is sent twice, and a lost connection is made anew for as long as it takes. Listen to `error`.
 * @param url `redis:` or `rediss:`
 */
export function createRedisClient(
  url: string,
  options: Pick<RedisOptions, 'commandTimeout' | 'enableReadyCheck'>,
): RedisClient {
  let attempts = 0;
  const redis = new Redis(url, {
    Connector: GuardedConnector,
    // The third has answers that nobody asked for.
    protocol: 2,
    disableClientInfo: true,
    enableOfflineQueue: false,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    connectTimeout: 2_000,
    // A connection of which nothing comes back any more is made anew.
    socketTimeout: 5_000,
    // ioredis counts from a connection that looks ready, which one to a server of nonsense may.
    retryStrategy() {
      attempts += 1;
      return Math.min(50 * attempts, MOST_PAUSE_MS);
    },
    ...options,
  });
  return { redis, hasAnswered: () => void (attempts = 0) };
}

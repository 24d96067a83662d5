/** A real Redis for tests, that can be stopped, filled and brought back. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Redis } from 'ioredis';
import { findServer, waysToGet } from '../../launcher/servers/find-server.mjs';
import { freePort } from './tripline.ts';
import { until } from './until.ts';

export interface RedisServer {
  url: string;
  /** Nothing is kept. */
  kill: () => Promise<void>;
  /** Empty, at the same address. */
  comeBack: () => Promise<void>;
  /** Connections stay; nothing is answered. */
  pause: () => void;
  goOn: () => void;
  /** Runs a command, as in `command('config', 'set', 'maxmemory', '1')`. */
  command: (name: string, ...args: string[]) => Promise<unknown>;
  stop: () => Promise<void>;
}

export async function startRedisServer(): Promise<RedisServer> {
  const executable = await findServer('redis-server');
  if (executable === undefined) throw new Error(waysToGet('redis-server'));
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  let child: ChildProcess;

  async function withConnection<Value>(use: (redis: Redis) => Promise<Value>): Promise<Value> {
    const redis = new Redis(url, { retryStrategy: null, lazyConnect: true });
    redis.on('error', () => undefined);
    try {
      await redis.connect();
      return await use(redis);
    } finally {
      redis.disconnect();
    }
  }
  async function begin(): Promise<void> {
    child = spawn(
      executable ?? '',
      ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--appendonly', 'no'],
      { stdio: 'ignore' },
    );
    await until('Redis answers', () => withConnection(async (redis) => (await redis.ping()) === 'PONG'));
  }
  async function kill(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  await begin();
  return {
    url,
    kill,
    comeBack: begin,
    pause: () => void child.kill('SIGSTOP'),
    goOn: () => void child.kill('SIGCONT'),
    command: (name, ...args) => withConnection((redis) => redis.call(name, ...args)),
    stop: kill,
  };
}

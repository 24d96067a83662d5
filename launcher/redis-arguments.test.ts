import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { expect, it } from 'vitest';
import { freePort } from '../test/support/tripline.ts';
import { until } from '../test/support/until.ts';
import { redisArguments } from './redis-arguments.ts';
import { findServer } from './servers/find-server.mjs';

it('keeps what it is asked to keep, and writes no file for anybody', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tripline-redis-'));
  const port = await freePort();
  const server = spawn((await findServer('redis-server')) ?? '', redisArguments({ port, dataDir: folder }), {
    stdio: 'ignore',
  });
  const redis = new Redis({ port, retryStrategy: () => 20 });
  redis.on('error', () => undefined);
  try {
    await until('it answers', async () => (await redis.ping()) === 'PONG');
    expect(await redis.set('a', '1')).toBe('OK');
    expect(await redis.info('memory')).toContain('maxmemory_human:256.00M');
    // One that may set where files lie, and in which form, can put a line into any file of this user.
    const refused: [string, ...string[]][] = [
      ['config', 'set', 'dir', folder],
      ['config', 'set', 'appendonly', 'yes'],
      ['replicaof', '127.0.0.1', '9'],
      ['slaveof', '127.0.0.1', '9'],
      ['module', 'load', '/lib/any.so'],
      ['debug', 'sleep', '0'],
      ['shutdown', 'save'],
    ];
    for (const command of refused) await expect(redis.call(...command)).rejects.toThrow(/unknown command/);
    expect(readdirSync(folder)).toEqual([]);
  } finally {
    redis.disconnect();
    const ended = once(server, 'exit');
    server.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
});

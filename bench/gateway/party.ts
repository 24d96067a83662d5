/** A server that takes part, in a process of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { freePort } from '../../test/support/tripline.ts';
import { until } from '../../test/support/until.ts';
import { programArguments } from '../../config/program/program.ts';

export interface Party {
  url: string;
  pid: number;
  stop(): Promise<void>;
}

export async function startParty({
  command,
  args,
  env = {},
}: {
  command: string;
  /** `--port` and a number are added. */
  args: readonly string[];
  env?: Record<string, string>;
}): Promise<Party> {
  const port = await freePort();
  const child = spawn(command, [...args, '--port', String(port)], {
    env: { ...process.env, NODE_ENV: 'production', ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const exited = once(child, 'exit');
  const url = `http://127.0.0.1:${port}`;
  const isUp = async () => {
    if (child.exitCode !== null) return 'ended';
    await (await fetch(url)).arrayBuffer();
    return 'up';
  };
  try {
    if ((await until(`${args.join(' ')} answers`, isUp)) === 'ended')
      throw new Error(`${command} ${args.join(' ')} ended with ${child.exitCode}`);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  return {
    url,
    pid: child.pid ?? 0,
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

/** A program of ours, run as the gateway is. */
export const startNodeParty = (program: string, args: readonly string[]): Promise<Party> =>
  startParty({
    command: process.execPath,
    args: ['--max-semi-space-size=64', ...programArguments(program, ...args)],
  });

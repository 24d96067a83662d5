import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { programArguments } from '../../../config/program/program.ts';

export interface GoodClient {
  name: string;
  url: string;
  /** Of the loopback. */
  from: string;
  headers: Record<string, string>;
}

export interface GoodReport {
  name: string;
  failures: number;
  /** The first of them, in words. */
  first: string[];
  /** Milliseconds, one by one. */
  took: Record<'cached' | 'ladder', number[]>;
}

/**
 * Cached questions and the ladder's, of each client 40 in a second at most. Resolves once each has had an answer.
 * @returns ends that, and how it went
 */
export async function startGoodClients(clients: readonly GoodClient[]): Promise<() => Promise<GoodReport[]>> {
  const child = spawn(
    process.execPath,
    programArguments('test/gateway/abuse/good-clients-process.ts', JSON.stringify(clients)),
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  let said = '';
  child.stdout.on('data', (text) => (said += String(text)));
  await once(child.stdout, 'data');
  return async () => {
    const ended = once(child, 'close');
    child.stdin.end();
    await ended;
    return JSON.parse(said.replace(/^asking\n/, '')) as GoodReport[];
  };
}

/** The value below which that share of them lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}

import { accessSync, constants, mkdirSync } from 'node:fs';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import type { Session } from 'chdb';
import type { PasswordDigests } from './authenticate.ts';
import type { MemoryLimits } from '../../config/memory-limits.ts';
import { ResultPipes } from './result-pipes.ts';
import { exceptionFrom } from './exception.ts';
import { LANE_PERMITS } from './lanes.ts';
import { RunningStatements } from './running-statements.ts';
import { createEngineServer } from './server.ts';
import { SessionPool } from './session-pool.ts';
import { openSpool } from './spool.ts';

/** Statements that can run at once, plus the session that cancels them. */
const SESSIONS = Object.values(LANE_PERMITS).reduce((sum, permits) => sum + permits, 0) + 1;

/** Of what all statements may take: where the rows of a part lie, kept for the next statement. */
const MARKS_SHARE = 0.1;

/** libuv threads that the process needs: a statement occupies one while it runs, and files and compression want some too. */
export const THREADS_NEEDED = SESSIONS + 8;

/** What the roles of access/users.xml may. The first session of the process makes chdb read it. */
const ACCESS = join(import.meta.dirname, 'access', 'config.xml');

const ACCESS_DENIED = 497;

/** Why the engine cannot start, for people: one line. */
export class EngineStartError extends Error {
  override name = 'EngineStartError';
}

export interface Engine {
  /** Without trailing slash. */
  url: string;
  /** ClickHouse's version, e.g. 26.7.2.1. */
  version: string;
  /** Stops listening, gives running statements `drainMs`, then closes. Resolves to how many were still running. */
  close(options: { drainMs: number }): Promise<number>;
}

function useFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new EngineStartError(`data directory ${path} cannot be written: ${(error as Error).message}`);
  }
}

/** @throws EngineStartError when the engine would let a reader do what access/users.xml does not grant */
async function requireAccessControl(session: Session): Promise<void> {
  const isRefused = async (sql: string) =>
    session.queryAsync(sql).then(
      () => false,
      (error: unknown) => exceptionFrom(error).code === ACCESS_DENIED,
    );
  await session.queryAsync('SET ROLE reader');
  const processes = await session.queryAsync('SELECT count() FROM system.processes', { format: 'TSVRaw' });
  const isKept =
    processes.text().trim() === '0' &&
    (await isRefused("SELECT * FROM file('/dev/null', 'LineAsString')")) &&
    (await isRefused('CREATE TEMPORARY TABLE not_allowed (a UInt8)'));
  session.close();
  if (!isKept) throw new EngineStartError(`this version of chdb does not keep to ${ACCESS}`);
}

/**
 * Opens a data directory and serves ClickHouse's HTTP interface over it. One process can open one directory, once; start it with
 * `UV_THREADPOOL_SIZE` of at least `THREADS_NEEDED`.
 * @param dataDir holds `tables` (the engine's), `spool` and `pipes` (emptied at start)
 * @param port 0 takes a free one
 * @param memory what all statements, and one, may take; the process itself is for the caller to watch
 * @param onBegin a statement begins; what it returns is called when it is over
 * @param onDeaf a statement can no longer be stopped: end the process, by SIGKILL, since the engine's own exit would wait for it
 * @throws EngineStartError when chdb is not installed, the directory is in use or cannot be written, or the port is taken
 */
export async function startEngine({
  dataDir,
  host,
  port,
  digests,
  memory,
  onBegin,
  onDeaf,
}: {
  dataDir: string;
  host: string;
  port: number;
  digests: PasswordDigests;
  memory: Omit<MemoryLimits, 'process'>;
  onBegin?: (statement: string) => () => void;
  onDeaf: (queryId: string) => void;
}): Promise<Engine> {
  const folder = resolve(dataDir);
  const chdb = await import('chdb').catch((error: unknown) => {
    throw new EngineStartError(
      `the embedded engine (npm package chdb) cannot be loaded: ${(error as Error).message}`,
    );
  });
  const tables = join(folder, 'tables');
  useFolder(tables);
  // The server's own settings are those of the first session.
  const connectionArgs = [
    `--config-file=${ACCESS}`,
    `--max_server_memory_usage=${memory.statements}`,
    // By default 5 GB, whatever the machine has.
    `--mark_cache_size=${Math.floor(memory.statements * MARKS_SHARE)}`,
  ];
  const open = (): Session => new chdb.Session(tables, { connectionArgs });
  let control: Session;
  try {
    control = open();
  } catch (error) {
    throw new EngineStartError(
      `data directory ${folder} cannot be opened: is another engine running on it? (${(error as Error).message.split('\n')[0]})`,
    );
  }
  // Only now is the directory surely ours.
  const spool = openSpool(join(folder, 'spool'));
  const pipes = new ResultPipes({ folder: join(folder, 'pipes'), count: SESSIONS });
  const rows = async (sql: string) =>
    (await control.queryAsync(sql, { format: 'TSVRaw' })).text().trim().split('\n');
  const [version = '', timezone = ''] = (await rows('SELECT version(), timezone()'))[0]?.split('\t') ?? [];
  const knownSettings = new Set(
    await rows('SELECT name FROM system.settings UNION ALL SELECT alias_for FROM system.settings'),
  );
  const pool = new SessionPool({
    open,
    maxIdle: SESSIONS,
    settings: new Map([['max_memory_usage', String(memory.statement)]]),
  });
  const running = new RunningStatements({ control, onBegin, onDeaf });
  await requireAccessControl(open());
  const server = createEngineServer({
    pool,
    running,
    spool,
    pipes,
    knownSettings,
    digests,
    version,
    timezone,
    host,
  });
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new EngineStartError(`cannot listen on ${host}:${port}: ${(error as Error).message}`);
  }
  const { address, port: listeningOn } = server.address() as AddressInfo;
  return {
    url: `http://${address.includes(':') ? `[${address}]` : address}:${listeningOn}`,
    version,
    close: async ({ drainMs }) => {
      const closed = new Promise<void>((done) => server.close(() => done()));
      const idle = setInterval(() => server.closeIdleConnections(), 50);
      const deadline = new AbortController();
      const timer = setTimeout(() => deadline.abort(), drainMs);
      await Promise.race([closed, once(deadline.signal, 'abort')]);
      clearTimeout(timer);
      clearInterval(idle);
      const left = running.size;
      server.closeAllConnections();
      if (left === 0) {
        pool.close();
        control.close();
      }
      return left;
    },
  };
}

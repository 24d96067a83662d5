/**
 * The embedded ClickHouse: a process that serves ClickHouse's HTTP interface over one data directory.
 *
 *     node config/program/run.mjs launcher/engine/main.ts --data-dir .data/clickhouse --host 127.0.0.1 --port 8123 --memory-mb 4096
 *
 * Who may ask is told by the variable ENGINE_PASSWORD_DIGESTS (engine-credentials.ts); npm start makes credentials for each run.
 * Exit codes: 0 after SIGTERM or SIGINT, 1 when it could not start. A statement that can no longer be stopped ends it by SIGKILL
 * (137 in a shell), and so does memory beyond `--memory-mb`, with a log line before: start it again, every acknowledged insert is there.
 */
import { spawn } from 'node:child_process';
import { writeSync } from 'node:fs';
import { constants } from 'node:os';
import { parseArgs } from 'node:util';
import { createLogger } from '../../config/logging.ts';
import { type PasswordDigests, readPasswordDigests } from './authenticate.ts';
import { PASSWORD_DIGESTS } from './engine-credentials.ts';
import { defaultEngineMemoryMb, engineLimits, inMegabytes } from '../../config/memory-limits.ts';
import { watchMemory } from '../../config/memory-watch.ts';
import { programArguments } from '../../config/program/program.ts';
import { type Engine, EngineStartError, startEngine, THREADS_NEEDED } from './start-engine.ts';

const DRAIN_MS = 4000;

function readFlags(): { dataDir: string; host: string; port: number; memoryMb: number } {
  const { values } = parseArgs({
    options: {
      'data-dir': { type: 'string', default: '.data/clickhouse' },
      host: { type: 'string', default: '127.0.0.1' },
      port: { type: 'string', default: '8123' },
      'memory-mb': { type: 'string', default: String(defaultEngineMemoryMb()) },
    },
  });
  if (!/^\d{1,5}$/.test(values.port) || Number(values.port) > 65_535) {
    throw new EngineStartError(`--port must be a number from 0 to 65535; got ${JSON.stringify(values.port)}`);
  }
  if (!/^\d{1,9}$/.test(values['memory-mb'])) {
    throw new EngineStartError(
      `--memory-mb must be a whole number; got ${JSON.stringify(values['memory-mb'])}`,
    );
  }
  return {
    dataDir: values['data-dir'],
    host: values.host,
    port: Number(values.port),
    memoryMb: Number(values['memory-mb']),
  };
}

function digestsOrRefuse(): PasswordDigests {
  try {
    return readPasswordDigests(process.env[PASSWORD_DIGESTS]);
  } catch (error) {
    throw new EngineStartError((error as Error).message);
  }
}

/**
 * Runs this program again with enough threads: libuv reads their number when the first is needed, which is before any line of ours
 * runs. The child ends when this process does, even by SIGKILL: its channel closes.
 */
function runWithThreads(threads: number): void {
  const child = spawn(
    process.execPath,
    [...process.execArgv, ...programArguments('launcher/engine/main.ts', ...process.argv.slice(2))],
    {
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, UV_THREADPOOL_SIZE: String(threads) },
    },
  );
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) =>
    process.exit(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
  );
}

async function serve(): Promise<void> {
  const log = createLogger({ name: 'clickhouse', level: process.env['LOG_LEVEL'] ?? 'info' });
  /** For when a statement cannot be stopped: the engine's own exit would wait for it. The log is written later than now. */
  const killSelf = (why: string) => {
    writeSync(2, `clickhouse: ${why}\n`);
    process.kill(process.pid, 'SIGKILL');
  };
  const { memoryMb, ...flags } = readFlags();
  const memory = engineLimits(memoryMb);
  const watch = watchMemory({
    limitBytes: memory.process,
    lastWords: `clickhouse: the engine takes {MB} MB, more than ENGINE_MEMORY_MB (${inMegabytes(memory.process)}): it ends; under way: {running}`,
  });
  let engine: Engine | undefined;
  let stopping = false;
  const stop = (reason: string) => {
    if (stopping) return;
    stopping = true;
    if (engine === undefined) process.exit(0);
    void engine.close({ drainMs: DRAIN_MS }).then((left) => {
      if (left > 0) return killSelf(`${reason}: ${left} statements do not end, the engine ends without them`);
      log.info({ reason }, 'embedded ClickHouse stopped');
      process.exit(0);
    });
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
  if (process.connected) process.on('disconnect', () => stop('parent ended'));
  engine = await startEngine({
    ...flags,
    digests: digestsOrRefuse(),
    memory,
    onBegin: watch.note,
    onDeaf: (queryId) =>
      killSelf(`statement ${queryId} goes on past its deadline and cannot be stopped: the engine ends`),
  });
  log.info(
    { url: engine.url, version: engine.version, dataDir: flags.dataDir },
    'embedded ClickHouse is ready',
  );
}

if (Number(process.env['UV_THREADPOOL_SIZE'] ?? 0) < THREADS_NEEDED) runWithThreads(THREADS_NEEDED);
else {
  serve().catch((error: unknown) => {
    process.stderr.write(
      `clickhouse: ${error instanceof EngineStartError ? error.message : String((error as Error).stack)}\n`,
    );
    process.exit(1);
  });
}

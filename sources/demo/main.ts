/**
 * The demo source: a small HTTP server that publishes generated months one after another, and answers 403 when pressed.
 *
 *     CLICKHOUSE_URL=http://user:password@127.0.0.1:8123 node config/program/run.mjs sources/demo/main.ts --dir .data/demo --port 8900
 *
 * That ClickHouse makes the months; its user only has to read.
 * Exit codes: 0 after SIGTERM or SIGINT, 1 when it could not start.
 */
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { createLogger } from '../../config/logging.ts';
import { createDemoServer } from './demo-server.ts';
import { publicationPlan } from './publication-plan.ts';
import { publishMonths } from './publish-months.ts';
import { openShelf } from './shelf.ts';
import { createThrottle } from './throttle.ts';

/** Running downloads get so long to end after SIGTERM. */
const DRAIN_MS = 250;

/** @throws Error with every mistake */
function readFlags() {
  const { values } = parseArgs({
    options: {
      // Other users of the machine see a program's arguments, and not its variables.
      'engine-url': { type: 'string', default: process.env['CLICKHOUSE_URL'] ?? '' },
      dir: { type: 'string', default: '.data/demo' },
      host: { type: 'string', default: '127.0.0.1' },
      port: { type: 'string', default: '0' },
      seed: { type: 'string', default: '1' },
      /** Trips of a month, about. */
      rows: { type: 'string', default: '250000' },
      /** Months in all; 24 of 250,000 trips are about 110 MB. */
      months: { type: 'string', default: '24' },
      'months-at-once': { type: 'string', default: '3' },
      'every-seconds': { type: 'string', default: '20' },
      'requests-per-second': { type: 'string', default: '20' },
      burst: { type: 'string', default: '40' },
      'max-concurrent': { type: 'string', default: '8' },
    },
  });
  const mistakes: string[] = [];
  const number = (flag: Exclude<keyof typeof values, 'engine-url' | 'dir' | 'host'>, max: number): number => {
    const value = Number(values[flag]);
    if (!/^\d+(\.\d+)?$/.test(values[flag]) || value > max) {
      mistakes.push(`--${flag} must be a number from 0 to ${max}; got ${JSON.stringify(values[flag])}`);
    }
    return value;
  };
  const flags = {
    engineUrl: values['engine-url'],
    dir: values.dir,
    host: values.host,
    port: number('port', 65_535),
    seed: number('seed', 2 ** 31),
    rows: number('rows', 20_000_000),
    months: number('months', 24),
    monthsAtOnce: number('months-at-once', 24),
    everySeconds: number('every-seconds', 86_400),
    requestsPerSecond: number('requests-per-second', 1e6),
    burst: number('burst', 1e6),
    maxConcurrent: number('max-concurrent', 1e6),
  };
  if (!URL.canParse(values['engine-url']))
    mistakes.push('--engine-url must be the URL of a ClickHouse, as CLICKHOUSE_URL or itself');
  if (mistakes.length > 0) throw new Error(mistakes.join('\n'));
  return flags;
}

async function serve(): Promise<void> {
  const flags = readFlags();
  const log = createLogger({ name: 'demo', level: process.env['LOG_LEVEL'] ?? 'info' });
  const shelf = await openShelf({ dir: flags.dir });
  const server = createDemoServer({
    shelf,
    throttle: createThrottle(flags),
    names: [flags.host.toLowerCase()],
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(flags.port, flags.host, resolve);
  });
  const stopping = new AbortController();
  const publishing = publishMonths({
    plan: publicationPlan(flags),
    shelf,
    engineUrl: flags.engineUrl,
    seed: flags.seed,
    atOnce: flags.monthsAtOnce,
    everyMs: flags.everySeconds * 1000,
    log,
    signal: stopping.signal,
  });
  const stop = (reason: string) => {
    if (stopping.signal.aborted) return;
    stopping.abort();
    const drained = new Promise((resolve) => server.close(resolve));
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), DRAIN_MS).unref();
    void Promise.allSettled([publishing, drained]).then(() => {
      log.info({ reason }, 'the demo source stopped');
      process.exit(0);
    });
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
  if (process.connected) process.on('disconnect', () => stop('parent ended'));
  const { port } = server.address() as AddressInfo;
  const host = flags.host.includes(':') ? `[${flags.host}]` : flags.host;
  log.info(
    { url: `http://${host}:${port}`, published: shelf.files().length },
    'the demo source is ready (generated data)',
  );
  await publishing;
}

serve().catch((error: unknown) => {
  process.stderr.write(`demo source: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});

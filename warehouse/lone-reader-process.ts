/** The process that reads one file for `readAlone` and says when it begins and when the engine has answered, whatever that said. */
import { createInterface } from 'node:readline';
import { ANSWERED, BEGINS } from './lone-reader.ts';
import { literal } from './sql-text.ts';
import { S3_SETTINGS } from './warehouse.ts';

/** Values arrive as over HTTP, tab-separated: the engine unescapes them. */
const bound = (value: string): string =>
  literal(value.replaceAll('\\', '\\\\').replaceAll('\t', '\\t').replaceAll('\n', '\\n'));

async function read(request: string): Promise<void> {
  const { sql, params, folder } = JSON.parse(request) as {
    sql: string;
    params: Record<string, string>;
    folder: string;
  };
  const { Session } = await import('chdb');
  const session = new Session(folder);
  const values = Object.entries(params).map(([name, value]) => `param_${name} = ${bound(value)}`);
  const settings = Object.entries(S3_SETTINGS).map(([name, value]) => `${name} = ${value}`);
  await session.queryAsync(`SET ${[...values, ...settings].join(', ')}`);
  process.stdout.write(`${BEGINS}\n`);
  await session.queryAsync(`${sql}\nFORMAT Null`).catch(() => undefined);
  process.stdout.write(`${ANSWERED}\n`);
}

/** Not by `exit`: the engine's own end may wait for threads that hang. */
const vanish = () => process.kill(process.pid, 'SIGKILL');

// Whoever stops the worker's group means the worker; it ends with that.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => undefined);
const lines = createInterface({ input: process.stdin });
lines.once('line', (line) => void read(line).catch(vanish));
lines.once('close', vanish);

/** The process that reads one file for `readAlone` and says when it begins and when the engine has answered, whatever that said. */
import { createInterface } from 'node:readline';
import { watchMemory } from '../config/memory-watch.ts';
import { ANSWERED, BEGINS, OUT_OF_MEMORY, type LoneReaderRequest } from './lone-reader.ts';
import { literal } from './sql-text.ts';
import { S3_SETTINGS } from './warehouse.ts';

/** Values arrive as over HTTP, tab-separated: the engine unescapes them. */
const bound = (value: string): string =>
  literal(value.replaceAll('\\', '\\\\').replaceAll('\t', '\\t').replaceAll('\n', '\\n'));

/** The head of the text is the wire format; chdb gives the code nowhere else. */
const MEMORY_LIMIT_EXCEEDED = /^Code: 241\. /;

async function read(request: string): Promise<void> {
  const { sql, params, folder, memory } = JSON.parse(request) as LoneReaderRequest;
  // From its first line to its last it reads that file.
  watchMemory({ limitBytes: memory.process, fd: 1, lastWords: OUT_OF_MEMORY }).note('the file');
  const { Session } = await import('chdb');
  const session = new Session(folder, {
    connectionArgs: [`--max_server_memory_usage=${memory.statements}`],
  });
  const values = Object.entries(params).map(([name, value]) => `param_${name} = ${bound(value)}`);
  const settings = Object.entries({ ...S3_SETTINGS, max_memory_usage: memory.statement }).map(
    ([name, value]) => `${name} = ${value}`,
  );
  await session.queryAsync(`SET ${[...values, ...settings].join(', ')}`);
  process.stdout.write(`${BEGINS}\n`);
  let answer = ANSWERED;
  try {
    await session.queryAsync(`${sql}\nFORMAT Null`);
  } catch (error) {
    if (error instanceof Error && MEMORY_LIMIT_EXCEEDED.test(error.message)) answer = OUT_OF_MEMORY;
  }
  process.stdout.write(`${answer}\n`);
}

/** Not by `exit`: the engine's own end may wait for threads that hang. */
const vanish = () => process.kill(process.pid, 'SIGKILL');

// Whoever stops the worker's group means the worker; it ends with that.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => undefined);
const lines = createInterface({ input: process.stdin });
lines.once('line', (line) => void read(line).catch(vanish));
lines.once('close', vanish);

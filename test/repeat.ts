/**
 * Runs tests again and again, and tells which ever failed:
 *
 *     npm run test:repeat -- --times 10 --load test/e2e/signals.test.ts
 *
 * `--load` keeps every core busy beside them. Without files: all. Exit code: 0 when each run was green, 1 when one was not, 2 for wrong arguments.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

interface Report {
  numTotalTests: number;
  testResults: {
    name: string;
    status: string;
    message: string;
    assertionResults: { status: string; fullName: string; failureMessages: string[] }[];
  }[];
}

function readArguments(): { times: number; load: boolean; files: string[] } {
  const { values, positionals } = parseArgs({
    options: { times: { type: 'string', default: '10' }, load: { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  const times = Number(values.times);
  if (!Number.isInteger(times) || times < 1) {
    process.stderr.write(`--times must be a whole number from 1; got ${JSON.stringify(values.times)}\n`);
    process.exit(2);
  }
  return { times, load: values.load, files: positionals };
}

/** One process for each core that never rests. */
function startLoad(): ChildProcess[] {
  return Array.from({ length: availableParallelism() }, () =>
    spawn(process.execPath, ['--eval', 'for (;;);'], { stdio: 'ignore' }),
  );
}

/** @returns what failed in one run, each with the first line of why */
async function runOnce(files: readonly string[], reportPath: string): Promise<string[]> {
  const child = spawn(
    process.execPath,
    [
      'launcher/bootstrap.mjs',
      'test',
      '--reporter=json',
      `--outputFile.json=${reportPath}`,
      '--passWithNoTests=false',
      ...files,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let said = '';
  child.stderr.on('data', (text) => (said = (said + String(text)).slice(-4_000)));
  const [code] = (await once(child, 'close')) as [number | null];
  let report: Report;
  try {
    report = JSON.parse(readFileSync(reportPath, 'utf8')) as Report;
  } catch {
    return [`vitest ended with ${code} and no report: ${said.trim()}`];
  }
  const failed = report.testResults.flatMap(({ name, status, message, assertionResults }) => {
    const tests = assertionResults.filter((test) => test.status === 'failed');
    if (tests.length === 0) return status === 'failed' ? [`${name}: ${message.split('\n')[0]}`] : [];
    return tests.map(({ fullName, failureMessages }) => `${fullName}: ${failureMessages[0]?.split('\n')[0]}`);
  });
  if (failed.length === 0 && code !== 0) return [`vitest ended with ${code}: ${said.trim()}`];
  return failed;
}

const { times, load, files } = readArguments();
const folder = mkdtempSync(join(tmpdir(), 'tripline-repeat-'));
const busy = load ? startLoad() : [];
const stop = (): void => {
  for (const child of busy) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
};
process.once('SIGINT', () => {
  stop();
  process.exit(130);
});
let red = 0;
for (let run = 1; run <= times; run += 1) {
  const began = performance.now();
  const failed = await runOnce(files, join(folder, `${run}.json`));
  if (failed.length > 0) red += 1;
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`run ${run} of ${times}: ${failed.length === 0 ? 'green' : 'RED'} in ${seconds} s`);
  for (const line of failed) console.log(`  ${line}`);
}
stop();
console.log(`${times - red} of ${times} runs were green${load ? ', beside a load on every core' : ''}`);
process.exit(red === 0 ? 0 : 1);

/** The load generator: wrk, which takes little of the machine for itself. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Load {
  requestsPerSecond: number;
  /** Milliseconds. */
  p50: number;
  p99: number;
  /** Answers other than 200, answers with GraphQL errors, and connections that failed. */
  errors: number;
}

const SCRIPT = `
local bodies = {}
for line in io.lines(os.getenv('BODIES')) do bodies[#bodies + 1] = line end
local at = 0
local headers = { ['content-type'] = 'application/json' }
function request()
  at = at % #bodies + 1
  return wrk.format('POST', nil, headers, bodies[at])
end
wrong = 0
function response(status, headers, body)
  if status ~= 200 or body:find('"errors"', 1, true) then wrong = wrong + 1 end
end
local threads = {}
function setup(thread) threads[#threads + 1] = thread end
function done(summary, latency)
  local failed = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  for _, thread in ipairs(threads) do failed = failed + thread:get('wrong') end
  print(string.format('RESULT {"requestsPerSecond":%f,"p50":%f,"p99":%f,"errors":%d}',
    summary.requests / summary.duration * 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, failed))
end
`;

/**
 * Posts these bodies, one after the other and from the beginning again, over so many connections.
 * @throws Error when wrk is not there
 */
export async function postUnderLoad({
  url,
  bodies,
  connections,
  seconds,
}: {
  url: string;
  bodies: readonly string[];
  connections: number;
  seconds: number;
}): Promise<Load> {
  const folder = mkdtempSync(join(tmpdir(), 'tripline-bodies-'));
  try {
    const file = join(folder, 'bodies');
    writeFileSync(file, `${bodies.join('\n')}\n`);
    return await runWrk<Load>({ url, script: SCRIPT, connections, seconds, env: { BODIES: file } });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * One thread of wrk with this script, which prints a line of `RESULT` and JSON in the end.
 * @throws Error when wrk is not there
 */
export async function runWrk<Result>({
  url,
  script,
  connections,
  seconds,
  timeoutSeconds = 30,
  env = {},
}: {
  url: string;
  script: string;
  connections: number;
  seconds: number;
  /** A request without an answer for so long has failed. */
  timeoutSeconds?: number;
  env?: Record<string, string>;
}): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'tripline-wrk-'));
  try {
    const file = join(folder, 'script.lua');
    writeFileSync(file, script);
    const flags = [`-c${connections}`, '-t1', `-d${seconds}s`, '--timeout', `${timeoutSeconds}s`, '-s', file];
    const { stdout } = await run('wrk', [...flags, url], { env: { ...process.env, ...env } });
    const [, result] = /^RESULT (.*)$/m.exec(stdout) ?? [];
    if (result === undefined) throw new Error(`wrk said: ${stdout}`);
    return JSON.parse(result) as Result;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      throw new Error('wrk is not there: apt install wrk', { cause: error });
    throw error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

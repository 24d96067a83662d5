/** What people would use instead, with our schema and the same answer to give, each asked in the way that suits it best. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Range } from '../query/ranges.ts';
import { ask } from './ask.ts';
import { startFastapi } from './fastapi.ts';
import type { Side } from './in-turn.ts';
import type { Request } from './load.ts';
import { startNodeParty, type Party } from './party.ts';
import { answeredWell } from './prime.ts';
import { persistedGet, plainGet, preparedGet, registeringGet } from './question.ts';

/**
 * @param p90 what our own gateway said of the range
 * @param taking called with each process that was started, so that it is stopped
 * @throws Error when one says something else
 */
export async function startPeers({
  range,
  p90,
  redisUrl,
  cache,
  taking,
}: {
  range: Range;
  p90: unknown;
  redisUrl: string;
  cache: string;
  taking: (party: Party) => Party;
}): Promise<Side[]> {
  sayVersions();
  const sides: Side[] = [];
  /** @param registering is asked once before, so that the persisted query is known */
  async function add(name: string, party: Party, request: Request, registering = request): Promise<void> {
    await ask(party.url, registering);
    const { body, etag } = answeredWell(await ask(party.url, request));
    const [said, wanted] = [JSON.stringify(JSON.parse(body.toString())), JSON.stringify({ data: { p90 } })];
    if (said !== wanted) throw new Error(`${name} says ${said} in place of ${wanted}`);
    sides.push({ name, ...party, requests: [request], status: 200 });
    if (etag === undefined) return;
    const conditional = { ...request, headers: { ...request.headers, 'if-none-match': etag } };
    sides.push({ name: `${name}, 304`, ...party, requests: [conditional], status: 304 });
  }
  const answer = ['--answer', JSON.stringify(p90)];
  const mercurius = async (persisted: 'prepared' | 'automatic') =>
    taking(await startNodeParty('bench/gateway/mercurius.ts', [...answer, '--persisted', persisted]));
  await add('Mercurius, JIT, prepared', await mercurius('prepared'), preparedGet(range));
  const automatic = await mercurius('automatic');
  await add('Mercurius, JIT, automatic', automatic, persistedGet(range), registeringGet(range));
  const yoga = taking(await startNodeParty('bench/gateway/constant-yoga.ts', answer));
  await add('Yoga without a cache', yoga, plainGet(range));
  const fastapi = await startFastapi({ cache, redisUrl, answer: p90 });
  if (fastapi !== undefined)
    await add('FastAPI + redis-py', taking(fastapi), persistedGet(range), registeringGet(range));
  return sides;
}

function sayVersions(): void {
  const require = createRequire(import.meta.url);
  const versions = ['graphql-yoga', 'mercurius', 'graphql-jit', 'fastify'].map((name) => {
    const { version } = require(`${name}/package.json`) as { version: string };
    return `${name} ${version}`;
  });
  const python = readFileSync(new URL('fastapi/requirements.txt', import.meta.url), 'utf8');
  versions.push(
    ...python
      .trim()
      .split('\n')
      .map((line) => line.replace('==', ' ')),
  );
  console.info(`peers: ${versions.join(', ')}`);
}

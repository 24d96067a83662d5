/**
 * Clients who mean no harm, in a process of their own, so that what they wait for is the gateway. They ask until standard input ends, and then say how it
 * went, as JSON.
 */
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GoodClient, GoodReport } from './good-clients.ts';

const REST_MS = 25;
const PERSISTED = '{ p90 { trips value dataVersion } }';

const clients = JSON.parse(process.argv[2] ?? '[]') as GoodClient[];
let over = false;
process.stdin.resume().once('end', () => (over = true));

function ask(
  agent: Agent,
  { url, from, headers }: GoodClient,
  path: string,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request(`${url}${path}`, { agent, localAddress: from, headers }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text) => (body += String(text)));
      response.once('end', () => resolve({ status: response.statusCode ?? 0, body }));
      response.once('error', reject);
    });
    asked.once('error', reject);
    asked.end();
  });
}

/** A range that nobody asked for before: the ladder answers it. */
function newRange(step: number): string {
  const from = new Date(Date.UTC(2024, 0, 1, 0, 0, 0, (step * 7_919_000) % 2_000_000_000))
    .toISOString()
    .slice(0, 23);
  return `{ p90(pickup: { from: "${from}" }) { trips value } }`;
}

const asking = new Set<string>();

async function run(client: GoodClient): Promise<GoodReport> {
  const agent = new Agent({ keepAlive: true });
  const took: Record<'cached' | 'ladder', number[]> = { cached: [], ladder: [] };
  const failures: string[] = [];
  for (let step = 0; !over; step += 1) {
    const kind = step % 2 === 0 ? 'cached' : 'ladder';
    const query = kind === 'cached' ? PERSISTED : newRange(step);
    const began = performance.now();
    try {
      const { status, body } = await ask(agent, client, `/graphql?query=${encodeURIComponent(query)}`);
      if (status !== 200 || !body.startsWith('{"data":{"p90":{"trips":'))
        failures.push(`${status} ${body.slice(0, 200)}`);
    } catch (error) {
      failures.push(String(error));
    }
    took[kind].push(performance.now() - began);
    if (!asking.has(client.name) && asking.add(client.name).size === clients.length)
      process.stdout.write('asking\n');
    await sleep(REST_MS);
  }
  agent.destroy();
  return { name: client.name, failures: failures.length, first: failures.slice(0, 5), took };
}

process.stdout.write(JSON.stringify(await Promise.all(clients.map(run))));

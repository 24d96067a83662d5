/** A thousand dashboards that stay connected: mostly cached GETs, some that have the answer already, some POSTs. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Shown } from '../gateway.ts';
import type { Loaded } from '../query/loaded.ts';
import { residentMegabytes } from '../system.ts';
import { load, type Request } from './load.ts';
import { startCachingGateway } from './ours.ts';
import { prime, type Primed } from './prime.ts';
import { manyRanges, persistedPost } from './question.ts';

const CONNECTIONS = 1_000;
const MANY = 1_000;
/** Memory in the end, as a multiple of what it was early on. */
const FLAT = 1.1;

/** In MB. */
interface Memory {
  resident: number;
  /**
   * Without V8's young generation, which doubles under load until it is at its limit, of a server that keeps nothing too: a bare one went from 128 to 194 MB
   * in a minute and then stayed there.
   */
  kept: number;
}

export async function measureConnections(loaded: Loaded, { seconds }: { seconds: number }): Promise<Shown[]> {
  const { url, pid, stop } = await startCachingGateway(loaded);
  try {
    const requests = (await prime(url, manyRanges(loaded.months, MANY))).map(oneOfTwenty);
    const memoryAfter = async (ms: number): Promise<Memory> => {
      await sleep(ms);
      const young = await youngMegabytes(url);
      const resident = residentMegabytes(pid);
      return { resident, kept: resident - young };
    };
    const before = await memoryAfter(0);
    const [done, early, half] = await Promise.all([
      load({ url, requests, connections: CONNECTIONS, seconds }),
      memoryAfter((seconds / 6) * 1_000),
      memoryAfter((seconds / 2) * 1_000),
    ]);
    const end = await memoryAfter(0);
    const over = (of: keyof Memory) => [before, early, half, end].map((memory) => memory[of]).join(', ');
    const ratio = end.kept / early.kept;
    const errors = done.refused + done.failed;
    const line = { what: `${CONNECTIONS} connections for ${seconds} s`, against: '' };
    return [
      {
        ...line,
        tripline: `${Math.round(done.requestsPerSecond).toLocaleString('en')}/s; p50 ${done.p50.toFixed(1)}, p99 ${done.p99.toFixed(1)}, at most ${done.max.toFixed(0)} ms`,
        ratio: '',
        target: '',
        verdict: 'reported',
      },
      {
        ...line,
        tripline: `${errors} errors of ${done.requests.toLocaleString('en')}: ${done.refused} refused, ${done.failed} failed`,
        ratio: '',
        target: 'none',
        verdict: errors === 0 ? 'met' : 'NOT met',
      },
      {
        ...line,
        tripline: `MB before, after a sixth, after half, in the end: ${over('kept')} and the young generation; resident ${over('resident')}`,
        ratio: `${ratio.toFixed(2)} ×`,
        target: `≤ ${FLAT} × of after a sixth`,
        verdict: ratio <= FLAT ? 'met' : 'NOT met',
      },
    ];
  } finally {
    await stop();
  }
}

/** What V8 has set aside for its young generation. */
async function youngMegabytes(url: string): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const [, bytes] = /^nodejs_heap_space_size_total_bytes\{space="new"\} (.*)$/m.exec(metrics) ?? [];
  if (bytes === undefined) throw new Error(`${url}/metrics says nothing of the young generation`);
  return Math.round(Number(bytes) / 2 ** 20);
}

/** Of 20 requests, 15 are GETs, 4 of clients that have the answer, 1 a POST. */
function oneOfTwenty({ range, get, conditional }: Primed, index: number): Request {
  if (index % 20 === 0) return persistedPost(range);
  return index % 5 === 1 ? conditional : get;
}

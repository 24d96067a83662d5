/** A thousand dashboards that stay connected: mostly cached GETs, some that have the answer already, some POSTs. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Shown } from '../gateway.ts';
import type { Loaded } from '../query/loaded.ts';
import { residentMegabytes } from '../system.ts';
import { load, type Request } from './load.ts';
import { prime, type Primed } from './prime.ts';
import { manyRanges, persistedPost } from './question.ts';

const CONNECTIONS = 1_000;
const MANY = 1_000;
/** Resident memory in the end, as a multiple of what it was after 10 s. */
const FLAT = 1.1;

export async function measureConnections(
  { months, redisUrl, startGateway }: Loaded,
  { seconds }: { seconds: number },
): Promise<Shown[]> {
  const { url, pid, stop } = await startGateway(
    { REDIS_URL: redisUrl, LOG_LEVEL: 'info' },
    { log: 'ignore' },
  );
  try {
    const requests = (await prime(url, manyRanges(months, MANY))).map(oneOfTwenty);
    const before = residentMegabytes(pid);
    const memoryAfter = async (ms: number) => {
      await sleep(ms);
      return residentMegabytes(pid);
    };
    const [done, early, later] = await Promise.all([
      load({ url, requests, connections: CONNECTIONS, seconds }),
      memoryAfter(Math.min(10, seconds / 6) * 1_000),
      memoryAfter(seconds * 500),
    ]);
    const end = residentMegabytes(pid);
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
        tripline: `${before} MB before, ${early} early on, ${later} half-way, ${end} in the end`,
        ratio: `${(end / early).toFixed(2)} ×`,
        target: `≤ ${FLAT} × of early on`,
        verdict: end / early <= FLAT ? 'met' : 'NOT met',
      },
    ];
  } finally {
    await stop();
  }
}

/** Of 20 requests, 15 are GETs, 4 of clients that have the answer, 1 a POST. */
function oneOfTwenty({ range, get, conditional }: Primed, index: number): Request {
  if (index % 20 === 0) return persistedPost(range);
  return index % 5 === 1 ? conditional : get;
}

/** Sides that are loaded in turn, again and again, so that what else the machine does is shared among them. */
import { processorSeconds } from '../system.ts';
import { ask } from './ask.ts';
import { load, type Request } from './load.ts';

const CONNECTIONS = 64;
/** A request that is under way in the end is counted in bytes and not as one. */
const STRAY = 0.02;

export interface Side {
  name: string;
  url: string;
  pid: number;
  requests: readonly Request[];
  /** Of every answer. */
  status: 200 | 304;
}

/** Medians of the rounds. */
export interface Measured {
  requestsPerSecond: number;
  /** Processor time of the server's process for one request, all threads and the kernel's work for them. */
  microseconds: number;
  p99: number;
}

/**
 * @returns by name of side
 * @throws Error when an answer is not of the expected status and size
 */
export async function measureInTurn(
  sides: readonly Side[],
  { seconds, rounds }: { seconds: number; rounds: number },
): Promise<Map<string, Measured>> {
  const expected = new Map<string, number>();
  for (const side of sides) {
    expected.set(side.name, await meanWireBytes(side));
    await loadOnce(side, 1, expected.get(side.name) ?? NaN);
  }
  const found = new Map<string, Measured[]>(sides.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1)
    for (const side of round % 2 === 0 ? sides : sides.toReversed())
      found.get(side.name)?.push(await loadOnce(side, seconds, expected.get(side.name) ?? NaN));
  const middle = (measured: readonly Measured[], of: keyof Measured): number =>
    measured.map((each) => each[of]).toSorted((a, b) => a - b)[measured.length >> 1] ?? NaN;
  return new Map(
    [...found].map(([name, measured]) => [
      name,
      {
        requestsPerSecond: middle(measured, 'requestsPerSecond'),
        microseconds: middle(measured, 'microseconds'),
        p99: middle(measured, 'p99'),
      },
    ]),
  );
}

async function loadOnce(
  { name, url, pid, requests }: Side,
  seconds: number,
  bytes: number,
): Promise<Measured> {
  const before = processorSeconds(pid);
  const done = await load({ url, requests, connections: CONNECTIONS, seconds });
  const used = processorSeconds(pid) - before;
  const mean = done.bytes / done.requests;
  if (done.refused + done.failed > 0)
    throw new Error(`${name}: ${done.refused} were refused, ${done.failed} failed`);
  if (Math.abs(mean / bytes - 1) > STRAY)
    throw new Error(`${name}: answers of ${mean.toFixed(1)} bytes, and it had given ${bytes.toFixed(1)}`);
  return {
    requestsPerSecond: done.requestsPerSecond,
    microseconds: (used / done.requests) * 1e6,
    p99: done.p99,
  };
}

async function meanWireBytes({ name, url, requests, status }: Side): Promise<number> {
  let bytes = 0;
  for (const request of requests) {
    const answer = await ask(url, request);
    if (answer.status !== status)
      throw new Error(`${name} answered ${answer.status}: ${answer.body.toString()}`);
    bytes += answer.wireBytes;
  }
  return bytes / requests.length;
}

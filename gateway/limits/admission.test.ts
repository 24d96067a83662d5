import { PassThrough } from 'node:stream';
import { setImmediate as settle } from 'node:timers/promises';
import { GraphQLError } from 'graphql';
import { beforeEach, describe, expect, it } from 'vitest';
import { createAdmission, type Admission, type RequestCost } from './admission.ts';
import { createMinuteBudget } from './minute-budget.ts';

const SCANS = { atOnce: 2, atOncePerClient: 1, mostWaiting: 3, mostWaitingPerClient: 2 };
let admission: Admission;
let gone: AbortController;

beforeEach(() => {
  gone = new AbortController();
  admission = createAdmission({
    budgetRows: 1_000,
    minute: createMinuteBudget({ redis: undefined, rowsPerMinute: 2_500 }),
    limits: { scans: SCANS },
  });
});

const of = (client: string): RequestCost => ({ client, rows: 0 });
const scan = <Value>(
  request: RequestCost,
  rows: number,
  work: () => Promise<Value>,
): Promise<Value | [string, Record<string, unknown>]> =>
  admission
    .scan(request, { rows, patience: { signal: gone.signal, deadlineMs: 1_000 } }, work)
    .catch((error: unknown) => {
      if (!(error instanceof GraphQLError)) throw error;
      return [error.message, error.extensions];
    });
/** A scan that takes until it is let go. */
function held() {
  let letGo: (() => void) | undefined;
  const promise = new Promise<string>((resolve) => (letGo = () => resolve('done')));
  return { promise, letGo: () => letGo?.() };
}
const done = (): Promise<string> => Promise.resolve('done');

describe('a scan', () => {
  it('is charged to its request', async () => {
    const request = of('a');
    expect(await scan(request, 600, done)).toBe('done');
    expect(await scan(request, 500, done)).toEqual([
      'This would read 1100 trips, and a question may read 1000: ask about a shorter range.',
      { code: 'TOO_EXPENSIVE', estimatedRows: 1_100, budgetRows: 1_000 },
    ]);
    expect(await scan(request, 400, done)).toBe('done');
    expect(request.rows).toBe(1_000);
  });

  it('is charged to its client, and what is refused costs nothing', async () => {
    expect(await scan(of('a'), 1_000, done)).toBe('done');
    expect(await scan(of('a'), 1_000, done)).toBe('done');
    expect(await scan(of('a'), 501, done)).toEqual([
      'This would read 501 trips, and 500 of the 2500 that you may have read in a minute are left: ask again in 60 s.',
      {
        code: 'RATE_LIMITED',
        estimatedRows: 501,
        budgetRowsPerMinute: 2_500,
        remainingRows: 500,
        retryAfterSeconds: 60,
      },
    ]);
    expect(await scan(of('a'), 500, done)).toBe('done');
    expect(await scan(of('a'), 0, done)).toBe('done');
    expect(await scan(of('b'), 1_000, done)).toBe('done');
  });

  it('that no minute allows is no matter of waiting', async () => {
    const poor = createAdmission({
      budgetRows: 1_000,
      minute: createMinuteBudget({ redis: undefined, rowsPerMinute: 100 }),
    });
    const patience = { signal: gone.signal, deadlineMs: 1_000 };
    await expect(poor.scan(of('a'), { rows: 101, patience }, done)).rejects.toMatchObject({
      message: 'This would read 101 trips, and a client may read 100 in a minute: ask about a shorter range.',
      extensions: { code: 'TOO_EXPENSIVE', estimatedRows: 101, budgetRowsPerMinute: 100 },
    });
  });

  it('that fails passes its turn on, and may be asked again', async () => {
    const request = of('a');
    const fails = (): Promise<never> => Promise.reject(new Error('it broke'));
    for (let attempt = 0; attempt < 2; attempt += 1)
      await expect(scan(request, 900, fails)).rejects.toThrow('it broke');
    const throws = (): never => {
      throw new Error('at once');
    };
    await expect(scan(request, 100, throws)).rejects.toThrow('at once');
    expect(await scan(request, 400, done)).toBe('done');
  });

  it('finds no place in a queue that is full, and is not charged', async () => {
    const endless = held();
    const wait = (): Promise<string> => endless.promise;
    const asked = [of('a'), of('a'), of('a'), of('b')].map((request) => scan(request, 100, wait));
    await settle();
    expect(await scan(of('a'), 100, wait)).toEqual([
      '2 of your questions wait for ClickHouse already, and 2 may. Ask again in 1 s.',
      { code: 'OVERLOADED', retryAfterSeconds: 1 },
    ]);
    asked.push(scan(of('c'), 100, wait));
    await settle();
    expect(await scan(of('d'), 100, wait)).toEqual([
      '3 questions wait for ClickHouse already, and 3 may. Ask again in 1 s.',
      { code: 'OVERLOADED', retryAfterSeconds: 1 },
    ]);
    endless.letGo();
    expect(await Promise.all(asked)).toEqual(asked.map(() => 'done'));
    // 300 were read of the 2,500.
    for (let index = 0; index < 2; index += 1) expect(await scan(of('a'), 1_000, done)).toBe('done');
    expect(await scan(of('a'), 200, done)).toBe('done');
  });

  it('whose client has left gives its place and its rows back', async () => {
    const endless = held();
    const running = scan(of('a'), 100, () => endless.promise);
    const waiting = scan(of('a'), 1_000, done);
    await settle();
    gone.abort(new Error('left'));
    await expect(waiting).rejects.toThrow('left');
    endless.letGo();
    expect(await running).toBe('done');
    gone = new AbortController();
    for (let index = 0; index < 2; index += 1) expect(await scan(of('a'), 1_000, done)).toBe('done');
    expect(await scan(of('a'), 400, done)).toBe('done');
  });
});

describe('a download', () => {
  const download = (client: string, rows = 1) =>
    admission.download(of(client), { rows }, () => Promise.resolve(new PassThrough()));

  it('counts until its stream is closed', async () => {
    const streams = await Promise.all([1, 2, 3, 4].map(() => download('a')));
    await expect(download('a')).rejects.toMatchObject({
      message:
        '4 of your downloads are under way, and the 4 places that are free are for others. Ask again in 10 s.',
      extensions: { code: 'OVERLOADED', retryAfterSeconds: 10 },
    });
    const others = await Promise.all([1, 2, 3, 4].map((index) => download(`b${index}`)));
    await expect(download('c')).rejects.toThrow('8 downloads are under way, and 8 may be.');
    for (const stream of [...streams, ...others]) stream.destroy();
    await settle();
    await download('a');
  });

  it('finds a place beside two clients that take all they can', async () => {
    const taken: Record<string, number> = {};
    for (const client of ['a', 'b', 'c', 'd']) {
      for (taken[client] = 0; ; taken[client] += 1) {
        const refusal = await download(client).then(
          () => undefined,
          (error: unknown) => error,
        );
        if (refusal !== undefined) break;
      }
    }
    expect(taken).toEqual({ a: 4, b: 2, c: 1, d: 1 });
  });

  it('is never too large, and takes its client’s minute', async () => {
    await download('a', 1e9);
    await expect(download('a', 1)).rejects.toMatchObject({
      extensions: { code: 'RATE_LIMITED', remainingRows: 0 },
    });
    await download('b', 1_000);
  });

  it('is refused where no minute allows anything, unless it reads nothing', async () => {
    const none = createAdmission({
      budgetRows: 1_000,
      minute: createMinuteBudget({ redis: undefined, rowsPerMinute: 0 }),
    });
    const work = (): Promise<PassThrough> => Promise.resolve(new PassThrough());
    await expect(none.download(of('a'), { rows: 7 }, work)).rejects.toMatchObject({
      message: 'This would read 7 trips, and a client may read 0 in a minute: ask about a shorter range.',
      extensions: { code: 'TOO_EXPENSIVE', estimatedRows: 7, budgetRowsPerMinute: 0 },
    });
    await none.download(of('a'), { rows: 0 }, work);
  });

  it('that does not begin costs nothing', async () => {
    for (let attempt = 0; attempt < 10; attempt += 1)
      await expect(
        admission.download(of('a'), { rows: 1e9 }, () => Promise.reject(new Error('it broke'))),
      ).rejects.toThrow('it broke');
    await download('a', 2_500);
  });
});

it('series of one request have 50,000 points together', () => {
  const request = of('a');
  for (let index = 0; index < 5; index += 1) admission.points(request, 10_000);
  expect(() => admission.points(request, 1)).toThrow(
    'These series have 50001 points together, and a request may have 50000: ask in several requests.',
  );
  admission.points(of('a'), 50_000);
});

it('a row of a listing counts as ten points', () => {
  const request = of('a');
  admission.points(request, 10_000);
  admission.nodes(request, 4_000);
  expect(() => admission.nodes(request, 1)).toThrow(
    'These listings come to 50010 points, ten for each row, with the series beside them, and a request may have 50000: ask in several requests.',
  );
  admission.nodes(of('a'), 5_000);
});

import type { ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect, it, onTestFinished, vi } from 'vitest';
import {
  answerHonestly,
  honestHeaders,
  jsonCompact,
  startFakeClickHouse,
  type FakeStatement,
} from '../test/support/fake-clickhouse.ts';
import { until } from '../test/support/until.ts';
import { readFiles } from './files.ts';
import { readProofs } from './loads.ts';
import { ClickHouseError, createWarehouse, type StatementOptions, type Warehouse } from './warehouse.ts';

async function warehouseAt(answer: (asked: FakeStatement) => void): Promise<Warehouse> {
  const server = await startFakeClickHouse(answer);
  const warehouse = createWarehouse({ url: server.url, by: 'load' });
  onTestFinished(async () => {
    await warehouse.close();
    await server.close();
  });
  return warehouse;
}

const ONE = jsonCompact([{ one: 1 }]);

it('keeps secrets out of addresses', async () => {
  const seen: { url: string; body: string }[] = [];
  const warehouse = await warehouseAt((asked) => {
    seen.push({ url: asked.request.url ?? '', body: asked.sql });
    const isRead = asked.sql.includes('FORMAT JSONCompact');
    answerHonestly({ ...asked, format: isRead ? 'JSONCompact' : '' }, isRead ? ONE : '');
  });
  const params = { secret_key: 'hush', month: '2024-01' };
  await warehouse.command('INSERT INTO t SELECT {secret_key:String}', { params });
  await warehouse.rows('SELECT {secret_key:String}', { params });
  await warehouse.command('SELECT {month:String}', { params: { month: '2024-01' } });
  expect(seen.map(({ url, body }) => [url.includes('hush'), body.includes('hush')])).toEqual([
    [false, true],
    [false, true],
    [false, false],
  ]);
});

const ASK: Record<string, (warehouse: Warehouse, options: StatementOptions) => Promise<unknown>> = {
  rows: (warehouse, options) => warehouse.rows('SELECT 1 AS n', options),
  'a stream': async (warehouse, options) => text(await warehouse.stream('SELECT 1 FORMAT CSV', options)),
};
/** They go on by themselves too: the client waits for one of none milliseconds. */
const TIMERS: Parameters<typeof vi.useFakeTimers>[0] = {
  toFake: ['setTimeout', 'clearTimeout'],
  shouldAdvanceTime: true,
};
/** Of the statement under test: pings go on. */
const isPing = ({ sql }: FakeStatement): boolean => sql.includes('AS one');
const FALL_SILENT: Record<string, (response: ServerResponse) => void> = {
  'says nothing': () => undefined,
  'falls silent in the midst of its answer': (response) => void response.write('{"meta":'),
};

it.each(Object.keys(ASK).flatMap((what) => Object.keys(FALL_SILENT).map((how) => ({ what, how }))))(
  'gives $what up when the server $how, and the next answer is there',
  async ({ what, how }) => {
    vi.useFakeTimers(TIMERS);
    onTestFinished(() => void vi.useRealTimers());
    let silent: ServerResponse | undefined;
    const warehouse = await warehouseAt((asked) => {
      if (silent !== undefined || isPing(asked)) return answerHonestly(asked, ONE);
      silent = asked.response;
      silent.writeHead(200, honestHeaders(asked));
      return FALL_SILENT[how]!(silent);
    });
    const ask = (): Promise<unknown> =>
      ASK[what]!(warehouse, { deadlineMs: 1_500, signal: new AbortController().signal });
    const outcome = ask().catch((error: unknown) => error);
    await until('it was asked', () => silent !== undefined, { everyMs: 1 });
    // What was sent before this has arrived.
    await warehouse.ping();
    vi.advanceTimersByTime(2_000);
    await warehouse.ping();
    expect(silent?.closed).toBe(false);
    vi.advanceTimersByTime(2_000);
    expect(await outcome).toEqual(
      new ClickHouseError({
        message: 'Timeout exceeded: there was no answer within 4 s.',
        code: '159',
        type: 'TIMEOUT_EXCEEDED',
      }),
    );
    await until('its connection is closed', () => silent?.closed, { everyMs: 1 });
    expect(JSON.stringify(await ask())).toMatch(/one.*1/);
  },
);

it('leaves what has no deadline alone', async () => {
  vi.useFakeTimers(TIMERS);
  onTestFinished(() => void vi.useRealTimers());
  let silent: ServerResponse | undefined;
  const warehouse = await warehouseAt((asked) => {
    silent = asked.response;
    silent.writeHead(200, honestHeaders(asked));
    silent.write('1');
  });
  const stream = await warehouse.stream('SELECT 1 FORMAT CSV');
  vi.advanceTimersByTime(600_000);
  silent?.end('2');
  expect(await text(stream)).toBe('12');
});

it('lists of files and proofs have a deadline', async () => {
  const deadlines: unknown[] = [];
  const rows: Warehouse['rows'] = (_, { deadlineMs } = {}) => {
    deadlines.push(deadlineMs);
    return Promise.resolve([]);
  };
  await readFiles({ rows } as Warehouse, { source: 'yellow' });
  await readProofs({ rows } as Warehouse, ['x']);
  expect(deadlines).toEqual([30_000, 30_000]);
});

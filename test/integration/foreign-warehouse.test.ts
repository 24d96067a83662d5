/** Whatever answers in ClickHouse's place: nobody is told a number that ClickHouse did not say, and the worker believes in no load. */
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { ApplicationFailure } from '@temporalio/common';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createPublishActivities } from '../../activities/publish-activities.ts';
import { createAnswers } from '../../gateway/answers.ts';
import type { GatewayParts } from '../../gateway/context.ts';
import { createLadder } from '../../gateway/ladder/ladder.ts';
import { createAdmission } from '../../gateway/limits/admission.ts';
import { followLiveLoads } from '../../gateway/live-loads.ts';
import { createScans } from '../../gateway/scans/scans.ts';
import { readFiles, recordFile, type FileRecord } from '../../warehouse/files.ts';
import type { VerifiedLoad } from '../../warehouse/load-file.ts';
import { migrate } from '../../warehouse/migrate.ts';
import { findSweepableLoads } from '../../warehouse/sweep.ts';
import { createWarehouse, type Warehouse } from '../../warehouse/warehouse.ts';
import {
  answerHonestly,
  honestHeaders,
  jsonCompact,
  startFakeClickHouse,
  type FakeStatement,
} from '../support/fake-clickhouse.ts';
import { startSmallGateway } from '../support/small-gateway.ts';
import { until } from '../support/until.ts';

const LOAD_ID = '11111111-2222-3333-4444-555555555555';
const PUBLICATION = {
  sequence: '1',
  previous: '0',
  changes: 1,
  kind: 'published',
  source: 'yellow',
  filename: 'yellow_tripdata_2024-01.parquet',
  load_id: LOAD_ID,
  version: '"1"',
  rows: '3',
  rejected: '0',
  days: { '2024-01-10': 3 },
  data_through: '2024-01-10 08:00:02.000000',
  published_at: '2024-02-01 00:00:00.000',
  counts: 1,
};
const FILE = {
  source: 'yellow',
  filename: PUBLICATION.filename,
  version: '"1"',
  month: '2024-01',
  stage: 'PUBLISHED',
  reason: '',
  notes: [],
  drift: [],
  hint: '',
  size_bytes: '1000',
  chunks: 1,
  rows: '3',
  rejected: '0',
  load_id: LOAD_ID,
  lake_key: 'k',
  revision: '1',
};
const DAY = 19_732;
const HOUR = DAY * 24 + 8;
/** Three trips of one, two and three miles, as RowBinary: Int32, Float64, UInt32. */
function records(
  child: number,
  distances: readonly number[] = [1, 2, 3],
  counts: readonly number[] = [1, 1, 1],
): Buffer {
  const bytes = Buffer.alloc(16 * distances.length);
  for (const [index, distance] of distances.entries()) {
    bytes.writeInt32LE(child, 16 * index);
    bytes.writeDoubleLE(distance, 16 * index + 4);
    bytes.writeUInt32LE(counts[index]!, 16 * index + 12);
  }
  return bytes;
}
const TRIP = {
  ...Object.fromEntries(
    'tpep_dropoff_datetime VendorID passenger_count RatecodeID store_and_fwd_flag PULocationID DOLocationID pickup_longitude pickup_latitude dropoff_longitude dropoff_latitude payment_type fare_amount extra_amount mta_tax tip_amount tolls_amount improvement_surcharge total_amount congestion_surcharge airport_fee cbd_congestion_fee'
      .split(' ')
      .map((name) => [name, null]),
  ),
  tpep_pickup_datetime: '2024-01-10 08:00:02.000000',
  trip_distance: 3,
  extra: {},
  row_number: '2',
  load_id: LOAD_ID,
  pickup_micros: '1704873602000000',
};
const TOTAL = 2_147_483_647;

/** What a ClickHouse with these trips says, as far as a gateway asks. */
function honestBody({ sql, format }: FakeStatement): string | Buffer {
  if (sql.includes('AS one')) return jsonCompact([{ one: 1 }]);
  if (/FROM loads\b/.test(sql))
    return sql.startsWith('SELECT max(sequence)')
      ? jsonCompact([{ sequence: '1' }])
      : jsonCompact([PUBLICATION]);
  if (sql.includes('sum(trips)) AS trips FROM trips_by_day')) return jsonCompact([{ trips: '3' }]);
  if (sql.includes('grouping(distance)')) return Buffer.concat([records(1), records(TOTAL, [0, 0], [0, 3])]);
  if (sql.includes('grouping(key)')) return Buffer.concat([records(8), records(TOTAL, [0, 0], [0, 3])]);
  if (sql.includes('toYear(day) * 12')) return records(2024 * 12);
  if (sql.includes('toInt32(day)')) return records(DAY);
  if (sql.includes('toUnixTimestamp64Second(hour)')) return records(HOUR);
  if (sql.includes('within_hour')) return records(HOUR, [1, 2, 3], [0, 1_000_000, 2_000_000]);
  if (sql.includes('FROM files')) return jsonCompact([FILE]);
  if (format === 'JSONEachRow') return `${JSON.stringify(TRIP)}\n`;
  if (format === 'CSVWithNames') return '"a","b"\n"one\nline",3\n';
  if (format === 'Parquet') return 'PAR1 three trips PAR1';
  if (format === 'ArrowStream') return Buffer.from('00ffffffff00000000', 'hex');
  if (format === 'JSONCompact') return jsonCompact([TRIP]);
  return '';
}

type Habit = (asked: FakeStatement) => void;
const plainly =
  (status: number, headers: Record<string, string>, body: string | Buffer = ''): Habit =>
  ({ response }) =>
    void response.writeHead(status, headers).end(body);
/** ClickHouse's own headers, changed, before what it would say, changed. */
const almost =
  (
    change: (body: Buffer, asked: FakeStatement) => string | Buffer,
    changeHeaders: (headers: Record<string, string>) => Record<string, string> = (headers) => headers,
  ): Habit =>
  (asked) =>
    void asked.response
      .writeHead(200, changeHeaders(honestHeaders(asked)))
      .end(change(Buffer.from(honestBody(asked)), asked));
const raw =
  (text: string): Habit =>
  ({ socket }) =>
    void socket.end(text);
/** Of a document, with something else in the place of its parts. */
const document = (
  change: (parsed: { meta: { name: string }[]; data: unknown[][]; rows: number }) => unknown,
): Habit =>
  almost((body, { format }) => {
    if (format !== 'JSONCompact') return 'nonsense';
    return JSON.stringify(change(JSON.parse(body.toString()) as never));
  });
function endlessly(asked: FakeStatement, headers: Record<string, string>, piece: string): void {
  const { response } = asked;
  response.writeHead(200, headers);
  const more = (): void => {
    while (!response.destroyed && response.write(piece));
  };
  response.on('drain', more);
  more();
}
async function slowly(asked: FakeStatement): Promise<void> {
  asked.response.writeHead(200, honestHeaders(asked));
  for (const byte of honestBody(asked).toString()) {
    if (asked.response.destroyed) return;
    asked.response.write(byte);
    await sleep(200);
  }
}
const EXCEPTION =
  'Code: 241. DB::Exception: Memory limit exceeded. (MEMORY_LIMIT_EXCEEDED) (version 24.3.1.1)';

/** Each answers every statement. */
const HABITS: Readonly<Record<string, Habit>> = {
  'a page with status 200': plainly(
    200,
    { 'content-type': 'text/html' },
    '<html><body>Welcome</body></html>\n',
  ),
  'a page by a server that is polite about it': plainly(
    200,
    { 'content-type': 'text/html', 'content-length': '5' },
    'hello',
  ),
  'nothing, with status 200': plainly(200, {}),
  '204': plainly(204, {}),
  '301 to elsewhere': plainly(301, { location: 'http://127.0.0.1:1/' }),
  '404 with a page': plainly(404, { 'content-type': 'text/html' }, '<h1>Not Found</h1>'),
  '500 with a page': plainly(500, {}, 'oops'),
  '502 of a proxy': plainly(502, { server: 'nginx' }, '<center>502 Bad Gateway</center>'),
  'an error as JSON, with status 200': plainly(
    200,
    { 'content-type': 'application/json' },
    '{"error":"no such index"}\n',
  ),
  'rows as JSON lines, with status 200': plainly(200, {}, '{"trips":"3","sequence":"1"}\n{"trips":"4"}'),
  'rows as JSON lines, with ClickHouse’s headers': almost(() => '{"sequence":"1"}\n{"sequence":"2"}'),
  'the right answer without its headers': (asked) => void asked.response.end(honestBody(asked)),
  'the right answer to another statement': almost(
    (body) => body,
    (headers) => ({ ...headers, 'x-clickhouse-query-id': 'another' }),
  ),
  'the right answer by another status': (asked) =>
    void asked.response.writeHead(206, honestHeaders(asked)).end(honestBody(asked)),
  'another format': almost(
    (body) => body,
    (headers) => ({ ...headers, 'x-clickhouse-format': 'TabSeparated' }),
  ),
  'an answer without a length': (asked) => {
    const headers = Object.entries(honestHeaders(asked)).map(([name, value]) => `${name}: ${value}\r\n`);
    asked.socket.end(`HTTP/1.1 200 OK\r\n${headers.join('')}\r\n${honestBody(asked).toString()}`);
  },
  'half of it, ended well': almost((body) => body.subarray(0, body.length >> 1)),
  'all but its last byte': almost((body) => body.subarray(0, -1)),
  'all of it and more': almost((body) => Buffer.concat([body, Buffer.from('{"more":1}\n')])),
  'half of it, then a reset': (asked) => {
    const body = Buffer.from(honestBody(asked));
    asked.response.writeHead(200, { ...honestHeaders(asked), 'content-length': String(body.length + 10) });
    asked.response.write(body.subarray(0, body.length >> 1), () => asked.socket.resetAndDestroy());
  },
  'a reset at once': ({ socket }) => void socket.resetAndDestroy(),
  'one row less than it counts': document(({ meta, data, rows }) => ({
    meta,
    data: data.slice(1),
    rows: Math.max(rows, 1),
  })),
  'rows of too few columns': document(({ meta, data, rows }) => ({
    meta,
    data: data.map((row) => row.slice(1)),
    rows,
  })),
  'other columns': document(({ meta, data, rows }) => ({
    meta: meta.map(({ name }) => ({ name: `${name}_` })),
    data,
    rows,
  })),
  'values of other types': document(({ meta, data, rows }) => ({
    meta,
    data: data.map((row) => row.map(() => true)),
    rows,
  })),
  'numbers where texts are, and texts where numbers are': document(({ meta, data, rows }) => ({
    meta,
    data: data.map((row) => row.map((value) => (typeof value === 'string' ? NaN : 'NaN'))),
    rows,
  })),
  'a list in the document’s place': document(({ data }) => data),
  'parts of a document twice': almost((body) =>
    body.toString().replace('"rows":', '"rows":7,"data":[],"rows":'),
  ),
  'NaN as JSON has no word for it': almost((body) => body.toString().replace(/"\d+"/, 'NaN')),
  'an exception behind the answer, as of old': almost((body) => `${body.toString('latin1')}\n${EXCEPTION}\n`),
  'an exception within the document': document((parsed) => ({ ...parsed, exception: EXCEPTION })),
  'what says it is gzip and is not': almost(
    (body) => body,
    (headers) => ({ ...headers, 'content-encoding': 'gzip' }),
  ),
  'gzip that is cut': almost(
    (body) => gzipSync(body).subarray(0, 15),
    (headers) => ({ ...headers, 'content-encoding': 'gzip' }),
  ),
  'an encoding nobody knows': almost(
    (body) => body,
    (headers) => ({ ...headers, 'content-encoding': 'rot13' }),
  ),
  'no end of a page': (asked) => endlessly(asked, {}, '<p>'.repeat(20_000)),
  'no end of an error': ({ response }) => {
    response.writeHead(500, { 'x-clickhouse-exception-code': '1' });
    const more = (): void => {
      while (!response.destroyed && response.write('x'.repeat(60_000)));
    };
    response.on('drain', more);
    more();
  },
  'an error that is none': plainly(400, { 'x-clickhouse-exception-code': '62' }, 'you made a mistake'),
  'a byte now and then': (asked) => void slowly(asked),
  silence: () => undefined,
  'HTTP/0.9': raw('<html>hi</html>'),
  Redis: raw("-ERR unknown command 'POST'\r\n"),
  'Temporal, by HTTP/2': raw(
    '\0\0\u0012\u0004\0\0\0\0\0\0\u0003\0\0\0d\0\u0004\0\u0010\0\0\0\u0006\0\u0010\u0001\0',
  ),
  SSH: raw('SSH-2.0-OpenSSH_9.6\r\n'),
  'headers without an end': raw(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(100_000)}`),
};

const REFUSED = /^(SERVICE_UNAVAILABLE|TIMEOUT)$/;
const logger = pino({ level: 'silent' });

/** A gateway over that server. @param by which statements the habit is for; all others are answered honestly */
async function gatewayOver(
  habit: Habit,
  isMeant: (asked: FakeStatement) => boolean = () => true,
  requestTimeoutMs = 20_000,
) {
  const server = await startFakeClickHouse((asked) =>
    isMeant(asked) ? habit(asked) : answerHonestly(asked, honestBody(asked)),
  );
  const warehouse = createWarehouse({ url: server.url, by: 'gateway', readOnly: true });
  const liveLoads = followLiveLoads({ warehouse, source: 'yellow', logger, pollEveryMs: 50 });
  const scans = createScans({ warehouse });
  const minute = { rowsPerMinute: 1e9, charge: () => Promise.resolve(() => undefined) };
  const admission = createAdmission({ budgetRows: 1e9, minute });
  const parts = {
    source: { name: 'yellow', url: 'file:///', generated: false, host: null },
    requestTimeoutMs,
    liveLoads,
    admission,
    answers: createAnswers({
      liveLoads,
      ladder: createLadder({ warehouse, memoryBytes: 1 << 20 }),
      scans,
      admission,
      audit: { consider: () => undefined, mismatches: () => 0 },
      requestTimeoutMs,
      logger,
    }),
    ingestion: {
      watcher: () => Promise.resolve({ status: null, problem: null }),
      origin: () => Promise.resolve(null),
    },
    readFiles: () => readFiles(warehouse, { source: 'yellow' }),
  };
  const gateway = await startSmallGateway(
    parts as unknown as Partial<GatewayParts>,
    {},
    { isWarehouseThere: () => liveLoads.lastRead() > -Infinity },
  );
  const stop = async (): Promise<void> => {
    liveLoads.stop();
    await gateway.stop();
    await warehouse.close();
    await server.close();
  };
  const ask = async (
    query: string,
  ): Promise<{ data?: Record<string, unknown> | null; code: string | undefined }> => {
    const response = await fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    });
    const { data, errors } = (await response.json()) as {
      data?: Record<string, unknown> | null;
      errors?: { extensions: { code: string } }[];
    };
    return { data, code: errors?.[0]?.extensions.code } as never;
  };
  return { url: gateway.url, warehouseUrl: server.url, ask, stop };
}

const QUESTIONS = [
  '{ p90 { value trips } }',
  '{ p90(pickup: { from: "2024-01-10T08:00:01" }) { value trips } }',
  '{ p90(asOf: 0) { trips } }',
  '{ filtered: p90(filter: { vendorId: [1] }) { value trips } }',
  '{ p90Series(bucket: DAY) { points { trips } } }',
  '{ p90By(dimension: HOUR_OF_DAY) { groups { trips } } }',
  '{ distribution { trips } }',
  '{ tripsOverP90(p: 0.5) { totalCount nodes { tripDistance } } }',
  '{ files { totalCount } }',
];

it('answers from what an honest server says', async () => {
  const { url, ask, stop } = await gatewayOver(
    () => undefined,
    () => false,
  );
  onTestFinished(stop);
  await until('it has read what is published', async () => (await fetch(`${url}/readyz`)).ok);
  expect(await Promise.all(QUESTIONS.map(ask))).toMatchObject([
    { data: { p90: { value: 3, trips: 3 } } },
    { data: { p90: { value: 3, trips: 2 } } },
    { data: { p90: { trips: 0 } } },
    { data: { filtered: { value: 3, trips: 3 } } },
    { data: { p90Series: { points: expect.arrayContaining([{ trips: 3 }]) } } },
    { data: { p90By: { groups: expect.arrayContaining([{ trips: 3 }]) } } },
    { data: { distribution: { trips: 3 } } },
    { data: { tripsOverP90: { totalCount: 1, nodes: [{ tripDistance: 3 }] } } },
    { data: { files: { totalCount: 1 } } },
  ]);
  for (const format of ['csv', 'jsonl', 'parquet', 'arrow'])
    expect((await fetch(`${url}/api/trips-over-p90?p=0.5&format=${format}`)).status).toBe(200);
  expect((await ask('{ source { problem } }')).data).toEqual({ source: { problem: null } });
});

/** Their answer to what has no answer is ClickHouse's own. */
const HONEST_TO_COMMANDS: readonly string[] = [
  'another format',
  'half of it, ended well',
  'all but its last byte',
  'parts of a document twice',
  'NaN as JSON has no word for it',
];
/** Known once a deadline has passed. */
const LATE: readonly string[] = ['silence', 'a byte now and then'];

describe('from the first', () => {
  let habit: Habit = () => undefined;
  let gateway: Awaited<ReturnType<typeof gatewayOver>>;
  let worker: Warehouse;
  beforeAll(async () => {
    // Silence is waited for so long.
    gateway = await gatewayOver(
      (asked) => habit(asked),
      () => true,
      700,
    );
    worker = createWarehouse({ url: gateway.warehouseUrl, by: 'worker' });
  });
  afterAll(async () => {
    await worker?.close();
    await gateway?.stop();
  });

  it.each(Object.keys(HABITS))('%s is no answer to anybody, and no proof to the worker', async (name) => {
    habit = HABITS[name]!;
    const { url, ask } = gateway;
    const paths = ['/api/p90', '/api/series?bucket=MONTH', '/api/trips-over-p90?format=csv'];
    const [codes, statuses] = await Promise.all([
      Promise.all(QUESTIONS.map(async (query) => (await ask(query)).code)),
      Promise.all(paths.map(async (path) => (await fetch(`${url}${path}`)).status)),
    ]);
    for (const code of codes) expect(code).toMatch(REFUSED);
    for (const status of statuses) expect([503, 504]).toContain(status);
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    if (!LATE.includes(name))
      await until('the source has a problem', async () => {
        const { data } = await ask('{ source { problem } }');
        return /warehouse/.test(
          String((data?.['source'] as { problem: string | null } | undefined)?.problem),
        );
      });
    const works = Object.entries(WORK).map(async ([what, work]) => {
      const outcome = work(worker).then(
        () => 'believed',
        (error: unknown) =>
          error instanceof ApplicationFailure && error.nonRetryable === true ? 'given up' : 'tried again',
      );
      return [
        what,
        LATE.includes(name) ? await Promise.race([outcome, sleep(100, 'tried again')]) : await outcome,
      ];
    });
    const isHonest = HONEST_TO_COMMANDS.includes(name);
    expect(Object.fromEntries(await Promise.all(works))).toEqual(
      Object.fromEntries(
        Object.keys(WORK).map((what) => [
          what,
          isHonest && COMMANDS.includes(what) ? 'believed' : 'tried again',
        ]),
      ),
    );
    const isHonestToPing = LATE.includes(name) || name.startsWith('NaN');
    if (!isHonestToPing) expect(await worker.ping()).toBe(false);
  });
});

/** In histograms and trips, and in downloads. */
const CUTS: Readonly<Record<string, Habit>> = {
  'half of it': almost((body) => body.subarray(0, body.length >> 1)),
  'all but its last byte': almost((body) => body.subarray(0, -1)),
  'a record less': almost((body) => body.subarray(0, -16)),
  nothing: almost(() => ''),
  'an exception as of old': almost((body) => Buffer.concat([body, Buffer.from(`\n${EXCEPTION}\n`)])),
  'a distance that is no number': almost((body) => {
    const changed = Buffer.from(body);
    if (body.length >= 16) changed.writeDoubleLE(NaN, 4);
    return changed;
  }),
  'a record of no day': almost((body) => {
    const changed = Buffer.from(body);
    if (body.length >= 16) changed.writeInt32LE(2 ** 31 - 1, 0);
    return changed;
  }),
  'a number of trips beyond all there can be': almost((body) => {
    const changed = Buffer.from(body);
    for (let at = 12; at + 4 <= body.length; at += 16) changed.writeUInt32LE(2 ** 32 - 1, at);
    return changed;
  }),
  'a BOM before its first record': almost((body) => Buffer.concat([Buffer.from('\uFEFF'), body])),
  'more of it than there can be': almost((body) => Buffer.concat(Array.from({ length: 9 }, () => body))),
  'a page': almost(
    () => '<html>hello</html>',
    () => ({ 'content-type': 'text/html' }),
  ),
};

describe('in the midst', () => {
  let habit: Habit = () => undefined;
  let isMeant: (asked: FakeStatement) => boolean = () => false;
  let gateway: Awaited<ReturnType<typeof gatewayOver>>;
  // One for each kind: downloads leave answers in memory, for which histograms are not asked.
  const startGateway = async () => {
    isMeant = () => false;
    gateway = await gatewayOver(
      (asked) => habit(asked),
      (asked) => isMeant(asked),
    );
    await until('it has read what is published', async () => (await fetch(`${gateway.url}/readyz`)).ok);
  };

  describe('of histograms', () => {
    beforeAll(startGateway);
    afterAll(() => gateway?.stop());

    it.each(Object.keys(CUTS))('%s makes no answer', async (name) => {
      habit = CUTS[name]!;
      isMeant = ({ format }) => format === 'RowBinary';
      const asked = QUESTIONS.filter((query) => !/asOf|files/.test(query));
      const codes = await Promise.all(asked.map(async (query) => (await gateway.ask(query)).code));
      expect(codes).toEqual(asked.map(() => 'SERVICE_UNAVAILABLE'));
    });
  });

  describe('of downloads', () => {
    beforeAll(startGateway);
    afterAll(() => gateway?.stop());

    it.each(
      ['CSVWithNames', 'JSONEachRow', 'Parquet', 'ArrowStream'].flatMap((format) =>
        [...Object.keys(CUTS), 'a reset']
          // What is told by numbers is told of histograms above; and what is longer begins and ends as it should.
          .filter(
            (name) => !/number|record/.test(name) && (!name.startsWith('more') || /CSV|JSON/.test(format)),
          )
          .map((name) => [format, name] as const),
      ),
    )('a download as %s is not whole: %s', async (format, name) => {
      habit = name === 'a reset' ? HABITS['half of it, then a reset']! : CUTS[name]!;
      isMeant = (asked) => asked.format === format;
      const extension = {
        CSVWithNames: 'csv',
        JSONEachRow: 'jsonl',
        Parquet: 'parquet',
        ArrowStream: 'arrow',
      }[format];
      const download = async (): Promise<unknown> => {
        const response = await fetch(`${gateway.url}/api/trips-over-p90?p=0.5&format=${extension}`);
        await response.arrayBuffer();
        return response.status;
      };
      expect(await download().catch(() => 'cut')).toBe(name === 'a page' ? 503 : 'cut');
    });
  });
});

const LOAD: VerifiedLoad = {
  loadId: LOAD_ID,
  source: 'yellow',
  filename: PUBLICATION.filename,
  version: '"1"',
  rows: 3,
  rejected: 0,
  dataThrough: null,
  proof: {
    rowsByFooter: 3,
    rowsLoaded: 3,
    rejected: 0,
    distinctRowNumbers: 3,
    tripsByHour: 3,
    tripsByDay: 3,
    checksum: '1',
  },
};
const publishing = (warehouse: Warehouse) =>
  createPublishActivities({ warehouse, announce: () => Promise.resolve(), now: Date.now });
const WORK: Record<string, (warehouse: Warehouse) => Promise<unknown>> = {
  migrate,
  lastSequence: (warehouse) => publishing(warehouse).lastSequence(),
  publishAs: (warehouse) => publishing(warehouse).publishAs({ sequence: 2, load: LOAD }),
  condemn: (warehouse) => publishing(warehouse).condemn(LOAD),
  recordFile: (warehouse) => recordFile(warehouse, { ...LOAD, updatedAtMs: 1 } as unknown as FileRecord),
  readFiles: (warehouse) => readFiles(warehouse, { source: 'yellow' }),
  findSweepableLoads: (warehouse) => findSweepableLoads(warehouse, { keepMs: 1 }),
  delete: (warehouse) => warehouse.command('DELETE FROM trips WHERE 1'),
};
const COMMANDS: readonly string[] = ['condemn', 'recordFile', 'delete'];

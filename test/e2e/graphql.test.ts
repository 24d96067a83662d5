/** The contract of schema.graphql and of REST, from outside. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createOracle, type Oracle } from '../support/oracle.ts';
import { startTripline, type Percentile, type Tripline } from '../support/tripline.ts';
import { until } from '../support/until.ts';
import { writeTrips } from '../support/write-trips.ts';

const folder = mkdtempSync(join(tmpdir(), 'tripline-graphql-'));
let tripline: Tripline;
let oracle: Oracle;

beforeAll(async () => {
  const paths = ['2022-03', '2022-04', '2022-05'].map((month) =>
    join(folder, `yellow_tripdata_${month}.parquet`),
  );
  await Promise.all(paths.map((path) => writeTrips({ path, month: path.slice(-15, -8), rows: 3_000 })));
  oracle = await createOracle(paths);
  tripline = await startTripline({ sourceUrl: `file://${folder}` });
  await tripline.settled(3);
});

afterAll(async () => {
  await tripline?.stop();
  oracle?.close();
  rmSync(folder, { recursive: true, force: true });
});

const FIELDS = '{ p value trips tripsOver dataVersion dataThrough exact }';

describe('p90 and percentile', () => {
  it('answers over everything, with the newest pickup and the data version', async () => {
    const { data } = await tripline.graphql<{ p90: Percentile }>(`{ p90 ${FIELDS} }`);
    expect(data?.p90).toMatchObject({ ...(await oracle.p90({})), p: 0.9, dataVersion: 3, exact: true });
    expect(data?.p90.dataThrough).toBe(await oracle.newestPickup());
  });

  it.each([0.07, 0.5, 0.9, 0.99, 0.001, 0.999])(
    'interpolates p = %d as DuckDB’s quantile_cont does',
    async (p) => {
      const { data } = await tripline.graphql<{ percentile: Percentile }>(
        `query ($p: Float!) { percentile(p: $p, interpolate: true) { value trips tripsOver } }`,
        { p },
      );
      expect(data?.percentile.value).toBeCloseTo(await oracle.percentileCont(p), 9);
    },
  );

  it('counts the trips strictly above an interpolated value', async () => {
    const { data } = await tripline.graphql<{ percentile: Percentile }>(
      '{ percentile(p: 0.123, interpolate: true) { value tripsOver } }',
    );
    const { value, tripsOver } = data?.percentile ?? {};
    expect(tripsOver).toBe(await oracle.tripsOver(value ?? 0));
  });

  it('has no value exactly when there are no trips', async () => {
    const { data } = await tripline.graphql<{ p90: Percentile }>(
      `{ p90(pickup: { from: "1950-01-01T00:00:00", to: "1950-01-02T00:00:00" }) ${FIELDS} }`,
    );
    expect(data?.p90).toMatchObject({ value: null, trips: 0, tripsOver: 0, dataVersion: 0, exact: true });
  });

  it('answers several ranges of one request, the same one once', async () => {
    const range = '(pickup: { from: "2022-03-10T00:00:00.000001" })';
    const { data } = await tripline.graphql<Record<'a' | 'b' | 'c', Percentile>>(
      `{ a: p90${range} ${FIELDS} b: p90${range} ${FIELDS} c: p90 ${FIELDS} }`,
    );
    expect(data?.a).toEqual(data?.b);
    expect(data?.a.trips).toBeLessThan(data?.c.trips ?? 0);
  });

  it.each([
    ['{ p90(pickup: { from: "2022-03-01T00:00:00Z" }) { p } }', /has a zone/],
    ['{ p90(pickup: { from: "2022-03-01T00:00:00-05:00" }) { p } }', /has a zone/],
    ['{ p90(pickup: { to: "2022-02-30T00:00:00" }) { p } }', /no date of the calendar/],
    ['{ p90(pickup: { from: 5 }) { p } }', /a LocalDateTime is a string/],
    [
      '{ p90(pickup: { from: "2022-03-02T00:00:00", to: "2022-03-01T00:00:00" }) { p } }',
      /from must be before to/,
    ],
    [
      '{ p90(pickup: { from: "2022-03-02T00:00:00", to: "2022-03-02T00:00:00" }) { p } }',
      /from must be before to/,
    ],
    ['{ percentile(p: 0) { p } }', /strictly between 0 and 1/],
    ['{ percentile(p: 1) { p } }', /strictly between 0 and 1/],
    ['{ percentile(p: -3.5) { p } }', /strictly between 0 and 1/],
    ['{ files(first: 0) { totalCount } }', /must lie between 1 and 500/],
    ['{ files(after: "nonsense") { totalCount } }', /no cursor of this list/],
  ])('%s is BAD_USER_INPUT', async (query, message) => {
    const { errors } = await tripline.graphql(query);
    expect(errors).toEqual([
      expect.objectContaining({
        message: expect.stringMatching(message),
        extensions: expect.objectContaining({ code: 'BAD_USER_INPUT' }),
      }),
    ]);
  });

  it('says BAD_USER_INPUT for variables too', async () => {
    const { errors } = await tripline.graphql(
      'query ($from: LocalDateTime) { p90(pickup: { from: $from }) { p } }',
      {
        from: '2022-03-01T00:00:00+01:00',
      },
    );
    expect(errors?.[0]).toMatchObject({
      message: expect.stringMatching(/has a zone/),
      extensions: { code: 'BAD_USER_INPUT' },
    });
  });
});

describe('source and files', () => {
  it('tells what the watcher does', async () => {
    const source = await until('a poll was made', async () => {
      const { data } = await tripline.graphql<{ source: Record<string, unknown> }>(
        '{ source { name url generated paused lastPoll nextPoll problem mistakes files { stage count } } }',
      );
      return data?.source['lastPoll'] === null ? undefined : data?.source;
    });
    expect(source).toMatchObject({
      name: 'yellow',
      url: `file://${folder}`,
      generated: false,
      paused: false,
      problem: null,
      mistakes: [],
    });
    expect(source['files']).toContainEqual({ stage: 'PUBLISHED', count: 3 });
  });

  it('pages through the files', async () => {
    interface Page {
      files: {
        nodes: { filename: string; month: string }[];
        pageInfo: { hasNextPage: boolean; endCursor: string };
        totalCount: number;
      };
    }
    const seen: string[] = [];
    for (let after: string | null = null, more = true; more;) {
      const { data }: { data?: Page } = await tripline.graphql<Page>(
        'query ($after: String) { files(first: 2, after: $after, stage: PUBLISHED) { nodes { filename month } pageInfo { hasNextPage endCursor } totalCount } }',
        { after },
      );
      expect(data?.files.totalCount).toBe(3);
      seen.push(...(data?.files.nodes.map(({ month }) => month) ?? []));
      more = data?.files.pageInfo.hasNextPage ?? false;
      after = data?.files.pageInfo.endCursor ?? null;
    }
    expect(seen).toEqual(['2022-03', '2022-04', '2022-05']);
  });

  it('shows progress and the live publication of a file', async () => {
    const { data } = await tripline.graphql(
      '{ files(first: 1) { edges { cursor node { stage progress { chunks chunksDone } rows rejected live { dataVersion trips } } } } }',
    );
    expect(data).toMatchObject({
      files: {
        edges: [
          {
            node: {
              stage: 'PUBLISHED',
              progress: { chunks: 1, chunksDone: 1 },
              rows: 3000,
              rejected: 0,
              live: { trips: 3000 },
            },
          },
        ],
      },
    });
  });
});

describe('GET /api/p90', () => {
  it('answers the fields of Percentile', async () => {
    const range = { from: '2022-03-10T01:02:03', to: '2022-04-11' };
    const answer = await tripline.p90(range);
    expect(Object.keys(answer)).toEqual([
      'p',
      'value',
      'trips',
      'tripsOver',
      'dataVersion',
      'dataThrough',
      'exact',
      'loading',
    ]);
    expect(answer).toMatchObject(await oracle.p90(range));
  });

  it.each([
    ['from=2022-03-01T00:00:00Z', /has a zone/],
    ['from=2022-02-30', /no date of the calendar/],
    ['from=2022-03-02&to=2022-03-01', /from must be before to/],
    ['from=2022-03-01&from=2022-03-02', /more than once/],
    ['form=2022-03-01', /unknown parameter "form": there are from, to, interpolate, asOf/],
    ['interpolate=yes', /must be true or false/],
    ['from=', /write it as in/],
  ])('?%s is 400 problem+json', async (query, detail) => {
    const response = await fetch(`${tripline.url}/api/p90?${query}`);
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toMatchObject({
      status: 400,
      code: 'BAD_USER_INPUT',
      detail: expect.stringMatching(detail),
    });
  });

  it('takes GET alone', async () => {
    const response = await fetch(`${tripline.url}/api/p90`, { method: 'POST' });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });
});

describe('REST', () => {
  interface OpenApi {
    paths: Record<
      string,
      { get: { responses: Record<string, { content: Record<string, { schema: object }> }> } }
    >;
    components: { schemas: Record<string, object> };
  }
  const RANGE = 'from: "2022-03-10T01:02:03", to: "2022-04-11"';
  const range = 'from=2022-03-10T01:02:03&to=2022-04-11';
  const TRIP_FIELDS = 'nodes { pickup tripDistance filename } pageInfo { hasNextPage endCursor } totalCount';

  /** The check of an answer of that route, by what the document says of it: these fields, and no others. */
  async function checkOf(path: string): Promise<z.ZodType> {
    const document = (await (await fetch(`${tripline.url}/api/openapi.json`)).json()) as OpenApi;
    const { schema } = document.paths[path]!.get.responses['200']!.content['application/json']!;
    const closed = JSON.stringify({ ...schema, $defs: document.components.schemas })
      .replaceAll('#/components/schemas/', '#/$defs/')
      .replaceAll('"type":"object"', '"type":"object","additionalProperties":false');
    return z.fromJSONSchema(JSON.parse(closed) as z.core.JSONSchema.JSONSchema);
  }

  it.each([
    ['/api/p90', range, `p90(pickup: { ${RANGE} }) ${FIELDS}`],
    [
      '/api/p90',
      `${range}&interpolate=true&asOf=2`,
      `p90(pickup: { ${RANGE} }, interpolate: true, asOf: 2) ${FIELDS}`,
    ],
    ['/api/p90', 'to=1950-01-02', `p90(pickup: { to: "1950-01-02" }) ${FIELDS}`],
    ['/api/percentile', `p=0.07&${range}`, `percentile(p: 0.07, pickup: { ${RANGE} }) ${FIELDS}`],
    ['/api/percentiles', 'at=0.99&at=0.5', `percentiles(at: [0.99, 0.5]) ${FIELDS}`],
    [
      '/api/series',
      `bucket=DAY&p=0.5&${range}`,
      `p90Series(bucket: DAY, p: 0.5, pickup: { ${RANGE} }) { points { from to value trips tripsOver complete } dataVersion }`,
    ],
    [
      '/api/trips-over-p90',
      `format=json&first=3&orderBy=PICKUP_ASC&${range}`,
      `tripsOverP90(first: 3, orderBy: PICKUP_ASC, pickup: { ${RANGE} }) { ${TRIP_FIELDS} }`,
    ],
    ['/api/files', 'first=2', 'files(first: 2) { nodes { filename stage rows } totalCount }'],
  ])('%s?%s answers as GraphQL does, and as OpenAPI says', async (path, query, field) => {
    const response = await fetch(`${tripline.url}${path}?${query}`);
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      'application/json; charset=utf-8',
    ]);
    const answer = (await response.json()) as object;
    const { data } = await tripline.graphql<Record<string, object>>(`{ answer: ${field} }`);
    expect(answer).toMatchObject(data!['answer']!);
    expect((await checkOf(path)).safeParse(answer).error).toBeUndefined();
  });

  it('goes from page to page', async () => {
    interface Page {
      nodes: { filename: string; rowNumber: number }[];
      pageInfo: { hasNextPage: boolean; endCursor: string };
      totalCount: number;
    }
    const seen = new Set<string>();
    for (let after = '', more = true; more;) {
      const query = `format=json&p=0.99&first=40${after === '' ? '' : `&after=${after}`}`;
      const page = (await (await fetch(`${tripline.url}/api/trips-over-p90?${query}`)).json()) as Page;
      for (const { filename, rowNumber } of page.nodes) seen.add(`${filename} ${rowNumber}`);
      ({ hasNextPage: more, endCursor: after } = page.pageInfo);
      if (!more) expect(seen.size).toBe(page.totalCount);
    }
    expect(seen.size).toBeGreaterThan(40);
  });

  it.each([
    ['/api/percentile', 400, 'BAD_USER_INPUT', /p is missing/],
    ['/api/percentile?p=1', 400, 'BAD_USER_INPUT', /strictly between 0 and 1/],
    ['/api/series?bucket=CENTURY', 400, 'BAD_USER_INPUT', /one of HOUR, DAY, WEEK, MONTH, YEAR/],
    ['/api/series?bucket=HOUR&from=1900-01-01', 400, 'BAD_USER_INPUT', /10,000|10000/],
    ['/api/trips-over-p90?format=json&first=501', 400, 'BAD_USER_INPUT', /between 1 and 500/],
    ['/api/files?after=nonsense', 400, 'BAD_USER_INPUT', /no cursor of this list/],
    ['/api/p90?asOf=99', 400, 'BAD_USER_INPUT', /the newest data version is 3/],
  ])('%s is %d problem+json', async (target, status, code, detail) => {
    const response = await fetch(tripline.url + target);
    expect([response.status, response.headers.get('content-type')]).toEqual([
      status,
      'application/problem+json',
    ]);
    expect(await response.json()).toMatchObject({ status, code, detail: expect.stringMatching(detail) });
  });

  it('answers HEAD as GET, without a body', async () => {
    for (const path of ['/api/series?bucket=MONTH', '/api', '/api/openapi.json']) {
      const response = await fetch(tripline.url + path, { method: 'HEAD' });
      expect([response.status, await response.text()]).toEqual([200, '']);
    }
  });

  it('has its page from here alone, and sends it once', async () => {
    const page = await fetch(`${tripline.url}/api/`);
    expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'self';/);
    const script = await fetch(`${tripline.url}/api/docs/swagger-ui.js`);
    expect(script.headers.get('content-encoding')).toBe('gzip');
    expect((await script.text()).length).toBeGreaterThan(1_000_000);
    const again = await fetch(`${tripline.url}/api/docs/swagger-ui.js`, {
      headers: { 'if-none-match': script.headers.get('etag')! },
    });
    expect(again.status).toBe(304);
    for (const path of ['/api/docs/', '/api/docs/package.json', '/api/docs/..%2frest.js']) {
      expect((await fetch(tripline.url + path)).status).toBe(404);
    }
  });
});

describe('HTTP', () => {
  it('takes GraphQL by GET without a special header, and by POST as JSON alone', async () => {
    const get = await fetch(`${tripline.url}/graphql?query=${encodeURIComponent('{ p90 { p } }')}`);
    expect(await get.json()).toEqual({ data: { p90: { p: 0.9 } } });
    for (const type of [
      'application/x-www-form-urlencoded',
      'text/plain',
      'multipart/form-data; boundary=x',
    ]) {
      const post = await fetch(`${tripline.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': type },
        body: 'query={p90{p}}',
      });
      expect(post.status).toBe(415);
    }
  });

  it.each(['/healthz', '/readyz', '/metrics', '/'])('serves %s', async (path) => {
    expect((await fetch(tripline.url + path)).status).toBe(200);
  });

  it('answers 404 for what is not there, whatever the path', async () => {
    for (const path of ['/nothing', '/api/../etc/passwd', '/%2e%2e/x', '//', '/api/p90/']) {
      expect((await fetch(tripline.url + path)).status).toBe(404);
    }
  });
});

it(
  'answers p90 while Temporal is away, and says that ingestion may stand still',
  { timeout: 60_000 },
  async () => {
    process.kill(tripline.part('temporal').pid, 'SIGSTOP');
    try {
      // What it said last is shown for a second.
      await until('Temporal is missed', async () => {
        const { data } = await tripline.graphql<{ p90: Percentile; source: Record<string, unknown> }>(
          `{ p90 ${FIELDS} source { paused problem files { count } } }`,
        );
        expect(data?.p90).toMatchObject(await oracle.p90({}));
        return data?.source['paused'] === null && /Temporal/.test(String(data.source['problem']));
      });
    } finally {
      process.kill(tripline.part('temporal').pid, 'SIGCONT');
    }
  },
);

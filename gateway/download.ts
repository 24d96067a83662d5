/** `GET /api/trips-over-p90`: all trips over a percentile as one file, streamed from the engine with bounded memory. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { GraphQLEnumType, GraphQLFloat } from 'graphql';
import type { Logger } from '../config/logging.ts';
import type { Asking } from './answers.ts';
import type { GatewayParts } from './context.ts';
import { badUserInput } from './errors.ts';
import { parseLocalDateTime } from './percentile/local-date-time.ts';
import { askLevel, askSpan } from './questions.ts';
import { requestUrl } from '../config/http/request-url.ts';
import type { RestParameter } from './rest/parameters.ts';
import { readVariables } from './rest/read-variables.ts';
import { countScalar } from './scalars/count.ts';
import { localDateTimeScalar } from './scalars/local-date-time.ts';
import { wholeDownload } from './whole-download.ts';

export const DOWNLOAD_PATH = '/api/trips-over-p90';

/** By the value of `format`: ClickHouse's name, and what browsers and tools know it by. */
export const DOWNLOAD_FORMATS: Readonly<
  Record<string, { clickhouse: string; type: string; extension: string }>
> = {
  csv: { clickhouse: 'CSVWithNames', type: 'text/csv; charset=utf-8', extension: 'csv' },
  parquet: { clickhouse: 'Parquet', type: 'application/vnd.apache.parquet', extension: 'parquet' },
  arrow: { clickhouse: 'ArrowStream', type: 'application/vnd.apache.arrow.stream', extension: 'arrows' },
  jsonl: { clickhouse: 'JSONEachRow', type: 'application/jsonl', extension: 'jsonl' },
};

const DEFAULT_FORMAT = 'csv';

/** Of these, `json` is not ours: it is a page of the listing, which GraphQL answers. */
export const FORMAT_PARAMETER: RestParameter = {
  name: 'format',
  type: new GraphQLEnumType({
    name: 'DownloadFormat',
    values: Object.fromEntries([...Object.keys(DOWNLOAD_FORMATS), 'json'].map((name) => [name, {}])),
  }),
  isRequired: false,
  defaultValue: DEFAULT_FORMAT,
  description:
    '`json` gives one page of them, any other format all of them as a file, in no order. In `csv`, a text that a spreadsheet would run, or that begins with an apostrophe, has one more apostrophe in front.',
};

/** Parameters of the page; a file holds all trips. */
export const PAGE_PARAMETERS: readonly string[] = ['first', 'after', 'orderBy'];

const PARAMETERS: readonly RestParameter[] = [
  { name: 'from', type: localDateTimeScalar, isRequired: false },
  { name: 'to', type: localDateTimeScalar, isRequired: false },
  { name: 'p', type: GraphQLFloat, isRequired: false },
  FORMAT_PARAMETER,
  { name: 'asOf', type: countScalar, isRequired: false },
];

/** Is a file wanted, and no page as JSON? */
export function wantsDownload({ pathname, searchParams }: URL): boolean {
  return pathname === DOWNLOAD_PATH && searchParams.get(FORMAT_PARAMETER.name) !== 'json';
}

/**
 * The request's time is for the first byte. After it a download takes as long as it takes, as long as its reader takes anything within that
 * time again: one that stands still would keep a statement, and a lane, for ever.
 * @param gone aborts when the client has left
 * @throws GraphQLError before the first byte is sent; after it, a failure cuts the connection
 */
export async function downloadTripsOver(
  request: IncomingMessage,
  response: ServerResponse,
  {
    parts: { answers, requestTimeoutMs },
    asking,
    gone,
    logger,
  }: {
    parts: Pick<GatewayParts, 'answers' | 'requestTimeoutMs'>;
    asking: Asking;
    gone: AbortSignal;
    logger: Logger;
  },
): Promise<void> {
  const query = requestUrl(request).searchParams;
  const misplaced = PAGE_PARAMETERS.find((name) => query.has(name));
  if (misplaced !== undefined)
    throw badUserInput(`${misplaced} goes with format=json: in any other format there are all trips`);
  const given: Given = readVariables(PARAMETERS, query);
  const format = DOWNLOAD_FORMATS[given.format ?? DEFAULT_FORMAT];
  if (format === undefined) throw new Error('a format was read');
  const { stream, trips, dataVersion, loading } = await answers.downloadTripsOver(
    {
      span: askSpan({ from: momentOf(given.from), to: momentOf(given.to) }),
      level: askLevel(given.p ?? 0.9),
      asOf: given.asOf,
      format: format.clickhouse,
    },
    asking,
    gone,
  );
  response.writeHead(200, {
    'content-type': format.type,
    'content-disposition': `attachment; filename="trips-over-p90.${format.extension}"`,
    'cache-control': 'no-cache',
    'x-trips': trips,
    'x-data-version': dataVersion,
    // An empty file looks like an answer.
    'x-loading': String(loading),
  });
  if (request.method === 'HEAD') {
    stream.destroy();
    response.end();
    return;
  }
  response.setTimeout(requestTimeoutMs, () => {
    logger.warn('a download was cut: its reader stood still');
    response.destroy();
  });
  try {
    await pipeline(stream, wholeDownload(format.clickhouse, trips), response);
  } catch (error) {
    if (!gone.aborted) logger.warn({ error: String(error) }, 'a download was cut');
    response.destroy();
  } finally {
    stream.destroy();
  }
}

interface Given {
  from?: string;
  to?: string;
  p?: number;
  format?: string;
  asOf?: number;
}

const momentOf = (text: string | undefined): bigint | undefined =>
  text === undefined ? undefined : parseLocalDateTime(text);

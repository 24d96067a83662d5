/** `GET /api/trips-over-p90`: all trips over a percentile as one file, streamed from the engine with bounded memory. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Logger } from '../config/logging.ts';
import type { Asking } from './answers.ts';
import type { GatewayParts } from './context.ts';
import { badUserInput } from './errors.ts';
import { askLevel, askSpan } from './questions.ts';
import { openRange, parseCount, parseNumber, parseParameters } from './rest-parameters.ts';
import { requestUrl } from './request-url.ts';

/** By the value of `format`: ClickHouse's name, and what browsers and tools know it by. */
const FORMATS: Readonly<Record<string, { clickhouse: string; type: string; extension: string }>> = {
  csv: { clickhouse: 'CSVWithNames', type: 'text/csv; charset=utf-8', extension: 'csv' },
  parquet: { clickhouse: 'Parquet', type: 'application/vnd.apache.parquet', extension: 'parquet' },
  arrow: { clickhouse: 'ArrowStream', type: 'application/vnd.apache.arrow.stream', extension: 'arrows' },
  jsonl: { clickhouse: 'JSONEachRow', type: 'application/jsonl', extension: 'jsonl' },
};

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
  const given = parseParameters(requestUrl(request).searchParams, ['from', 'to', 'p', 'format', 'asOf']);
  const name = given['format'] ?? 'csv';
  const format = Object.hasOwn(FORMATS, name) ? FORMATS[name] : undefined;
  if (format === undefined)
    throw badUserInput(
      `format is ${JSON.stringify(name)}: it must be one of ${Object.keys(FORMATS).join(', ')}`,
    );
  const { stream, trips, dataVersion } = await answers.downloadTripsOver(
    {
      span: askSpan(openRange(given)),
      level: askLevel(parseNumber('p', given['p']) ?? 0.9),
      asOf: parseCount('asOf', given['asOf']),
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
    await pipeline(stream, response);
  } catch (error) {
    if (!gone.aborted) logger.warn({ error: String(error) }, 'a download was cut');
    response.destroy();
  } finally {
    stream.destroy();
  }
}

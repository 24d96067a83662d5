/** Servers in ClickHouse's place, honest or not. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';

export interface FakeStatement {
  request: IncomingMessage;
  response: ServerResponse;
  socket: Socket;
  /** The statement's text, or the request's whole body. */
  sql: string;
  queryId: string;
  /** That the statement asks for; '' where there is none. */
  format: string;
}

export interface FakeClickHouse {
  url: string;
  close: () => Promise<void>;
}

/** @param answer each request */
export async function startFakeClickHouse(answer: (asked: FakeStatement) => void): Promise<FakeClickHouse> {
  const server = createServer((request, response) => {
    response.on('error', () => undefined);
    void text(request).then(
      (body) => {
        const address = new URL(request.url ?? '/', 'http://fake');
        const sql = `${address.searchParams.get('query') ?? ''}${body}`;
        const format = /\bFORMAT (\w+)\s*$/.exec(sql)?.[1] ?? '';
        const queryId = address.searchParams.get('query_id') ?? '';
        answer({ request, response, socket: request.socket, sql, queryId, format });
      },
      () => undefined,
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** The headers of an answer that is ClickHouse's. */
export const honestHeaders = ({ queryId, format }: FakeStatement): Record<string, string> => ({
  'x-clickhouse-query-id': queryId,
  'x-clickhouse-server-display-name': 'fake',
  ...(format === '' ? {} : { 'x-clickhouse-format': format }),
});

/** @param body whole, as it goes over the wire */
export function answerHonestly(asked: FakeStatement, body: string | Buffer = ''): void {
  asked.response.writeHead(200, honestHeaders(asked));
  asked.response.end(body);
}

/** A document of JSONCompact. */
export function jsonCompact(
  rows: readonly Readonly<Record<string, unknown>>[],
  types: readonly string[] = [],
): string {
  const names = Object.keys(rows[0] ?? Object.fromEntries(types.map((name) => [name, null])));
  return JSON.stringify({
    meta: names.map((name) => ({ name, type: 'String' })),
    data: rows.map((row) => names.map((name) => row[name])),
    rows: rows.length,
  });
}

import { once } from 'node:events';
import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';

export interface PlainAnswer {
  status: number | undefined;
  headers: IncomingHttpHeaders;
  body: string;
}

/**
 * A request to a server on 127.0.0.1 with any headers at all, which `fetch` does not send: `Host`, `Origin`, `Sec-Fetch-Site`, or several of one name.
 * @param target as in `GET /path`
 */
export async function plainRequest(
  port: number,
  target: string,
  headers: Readonly<Record<string, string | readonly string[]>> = {},
  body = '',
): Promise<PlainAnswer> {
  const [method = 'GET', path] = target.split(' ');
  const given = {
    host: `127.0.0.1:${port}`,
    ...headers,
    connection: headers['connection'] ?? 'close',
    'content-length': `${body.length}`,
  };
  // Given as a list, they are sent as they are.
  const list = Object.entries(given).flatMap(([name, values]) =>
    [values].flat().flatMap((value) => [name, value]),
  );
  const asking = request({ host: '127.0.0.1', port, method, path, headers: list, agent: false });
  asking.end(body);
  const [response] = (await once(asking, 'response')) as [IncomingMessage];
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

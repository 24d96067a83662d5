/** The least that `node:http` can do: the same bytes and headers to every request, whatever it asks. */
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';

/** An answer of the gateway, to be given again. */
export interface Same {
  status: number;
  /** Names and values in turn. */
  headers: string[];
  /** Base64. */
  body: string;
}

const { values } = parseArgs({ options: { port: { type: 'string' }, answer: { type: 'string' } } });
const { status, headers, body } = JSON.parse(values.answer ?? '') as Same;
const bytes = Buffer.from(body, 'base64');
const server =
  bytes.length === 0
    ? createServer((_, response) => {
        response.writeHead(status, headers);
        response.end();
      })
    : createServer((_, response) => {
        response.writeHead(status, headers);
        response.end(bytes);
      });
server.listen(Number(values.port), '127.0.0.1');

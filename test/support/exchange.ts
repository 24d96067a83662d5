/** One request and its response as they are on the wire: headers in their order, bytes as they come, nothing followed, cached or unpacked. */
import { once } from 'node:events';
import { request, type ClientRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';

/** Without the header Date, which is of the moment. */
export interface Reply {
  status: number;
  headers: IncomingHttpHeaders;
  /** As in `ETag: W/"…"`, in their order. */
  head: string[];
  body: Buffer;
}

export interface Sent {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

export const exchange = (url: string, sent: Sent = {}): Promise<Reply> => begin(url, sent).reply;

/** @returns also when all of it is with the kernel, and a way to hang up */
export function begin(
  url: string,
  { method = 'GET', headers = {}, body }: Sent = {},
): { sent: Promise<unknown>; reply: Promise<Reply>; leave: () => void } {
  const out = request(url, { method, headers });
  const sent = once(out, 'finish');
  const reply = replyTo(out);
  // Whoever hangs up waits for neither.
  for (const each of [sent, reply]) each.catch(() => undefined);
  out.end(body);
  return { sent, reply, leave: () => void out.destroy() };
}

async function replyTo(out: ClientRequest): Promise<Reply> {
  const [response] = (await once(out, 'response')) as [IncomingMessage];
  const { statusCode = 0, rawHeaders } = response;
  const headers = { ...response.headers };
  delete headers.date;
  const pieces: Buffer[] = [];
  for await (const piece of response as AsyncIterable<Buffer>) pieces.push(piece);
  const head = rawHeaders.flatMap((name, at) =>
    at % 2 === 0 && name !== 'Date' ? [`${name}: ${rawHeaders[at + 1]}`] : [],
  );
  return { status: statusCode, headers, head, body: Buffer.concat(pieces) };
}

export const jsonOf = (reply: Reply): unknown => JSON.parse(reply.body.toString());

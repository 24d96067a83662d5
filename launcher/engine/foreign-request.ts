import type { IncomingMessage } from 'node:http';

/**
 * Why a request is none of ours, if it is not. A web page can send SQL to a port of this machine. A browser then says so, by `Origin` or, where it sends none
 * (`<script src>`, `<img>`), by `Sec-Fetch-Site`; after the page's name was rebound to this machine's address, `Host` is not this server's.
 * @param host the address the server listens on
 */
export function foreignReason(
  {
    headers,
    rawHeaders,
    socket,
  }: Pick<IncomingMessage, 'headers' | 'rawHeaders'> & {
    socket: Pick<IncomingMessage['socket'], 'localAddress'>;
  },
  host: string,
): string | undefined {
  if (headers.origin !== undefined) return 'Requests from web pages (with an Origin header) are refused.';
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'none' && site !== 'same-origin') {
    return `Requests from web pages (Sec-Fetch-Site: ${JSON.stringify(site)}) are refused.`;
  }
  // Node takes the first of several, and a proxy in between may have meant another.
  const hosts = rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'host').length;
  if (hosts !== 1) return `A request needs one Host header; this one has ${hosts}.`;
  const name = /^(?:\[([^\]]*)\]|([^:]*))(?::\d+)?$/.exec(headers.host ?? '');
  const given = (name?.[1] ?? name?.[2] ?? '').toLowerCase();
  const ours = [
    'localhost',
    '127.0.0.1',
    '::1',
    host.toLowerCase(),
    socket.localAddress?.replace('::ffff:', ''),
  ];
  if (ours.includes(given)) return undefined;
  return `Host ${JSON.stringify(headers.host ?? '')} is not this server's.`;
}

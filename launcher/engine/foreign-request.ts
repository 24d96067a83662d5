import type { IncomingMessage } from 'node:http';
import { hasSeveralHosts, SEVERAL_HOSTS } from '../../config/http/host-check.ts';

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
  if (hasSeveralHosts(rawHeaders)) return SEVERAL_HOSTS.detail;
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

import type { IncomingMessage } from 'node:http';

/**
 * Why a request is none of ours, if it is not. Any web page can send SQL to a port of this machine: it then carries `Origin`, or,
 * after its name was rebound to this machine's address, a `Host` that is not this server's.
 * @param host the address the server listens on
 */
export function foreignReason({ headers, socket }: IncomingMessage, host: string): string | undefined {
  if (headers.origin !== undefined) return 'Requests from web pages (with an Origin header) are refused.';
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

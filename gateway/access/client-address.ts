import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';

/**
 * Where a request comes from.
 *
 * A proxy appends the address that it was asked from to X-Forwarded-For. So the last entry is the proxy's word, and all before it are whatever the
 * client wrote there: with several proxies in front, the outer ones have to be told apart by the innermost.
 * @param trustProxy is there a proxy in front, so that its word counts?
 */
export function clientAddress(
  headers: IncomingHttpHeaders,
  remoteAddress: string | undefined,
  trustProxy: boolean,
): string {
  const told = trustProxy ? lastForwarded(headers['x-forwarded-for']) : '';
  return isIP(told) === 0 ? (remoteAddress ?? '') : told;
}

/** Repeated headers come joined, in their order; some proxies write ports. */
function lastForwarded(header: string | string[] = ''): string {
  const told = String(header);
  const last = told.slice(told.lastIndexOf(',') + 1).trim();
  return /^\[([^\]]*)\](:\d+)?$/.exec(last)?.[1] ?? /^([\d.]+):\d+$/.exec(last)?.[1] ?? last;
}

/**
 * An address as one client's budget is kept: the first 64 bits of an IPv6 address (`2001:db8:0:1::/64`), of which one client has as many as it likes,
 * and else what it is.
 */
export function budgetAddress(address: string): string {
  if (isIP(address) !== 6) return address;
  // Of a socket that listens on both.
  const mapped = /^::ffff:([\d.]+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::');
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const before = groups(head);
  const after = groups(tail ?? '');
  // An IPv4 address at the end stands for two.
  const long = before.length + after.length + (address.includes('.') ? 1 : 0);
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - long }, () => '0');
  const first64 = [...before, ...zeros, ...after].slice(0, 4);
  return `${first64.map((group) => parseInt(group, 16).toString(16)).join(':')}::/64`;
}

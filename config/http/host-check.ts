import type { IncomingMessage } from 'node:http';
import { isIP, isIPv6 } from 'node:net';

/** Why a request is none of this server's. */
export interface HostRefusal {
  /** 421 for another's name, 400 for the rest. */
  status: 400 | 421;
  reason: 'several' | 'missing' | 'foreign';
  /** What is wrong, what would be right, and what to do. */
  detail: string;
}

/** @returns undefined for a request that is meant for this server */
export type HostCheck = (request: Pick<IncomingMessage, 'headers' | 'rawHeaders'>) => HostRefusal | undefined;

export const SEVERAL_HOSTS: HostRefusal = {
  status: 400,
  reason: 'several',
  detail: 'A request needs one Host header; this one has several.',
};
/** Of `Host` values that were found to be right: a client has one. */
const MOST_KEPT = 1_000;
const MOST_SHOWN = 100;

/**
 * Whether `Host` names this server. A web page reaches a server that only its visitor reaches by pointing a name of its own at the server's address (DNS
 * rebinding), and may then read all that is there. That takes a name: so an IP address is right, `localhost` and names below it are, which browsers resolve by
 * themselves, and of other names those that are allowed.
 *
 * `Host` alone decides, whatever a proxy says in `X-Forwarded-Host` or `Forwarded`: a page can send these.
 * @param names in lower case; `*.example.org` stands for every name below `example.org`, and `*` for any
 * @param advice what to do about a name that is missing
 */
export function createHostCheck({ names, advice }: { names: readonly string[]; advice: string }): HostCheck {
  const exact = new Set(names);
  const suffixes = names.filter((name) => name.startsWith('*.')).map((name) => name.slice(1));
  const isOurs = (name: string): boolean =>
    exact.has('*') ||
    exact.has(name) ||
    name === 'localhost' ||
    name.endsWith('.localhost') ||
    isIP(name) !== 0 ||
    suffixes.some((suffix) => name.endsWith(suffix) && name.length > suffix.length);
  const kept = new Set<string>();

  return ({ headers: { host }, rawHeaders }) => {
    if (hasSeveralHosts(rawHeaders)) return SEVERAL_HOSTS;
    if (host !== undefined && kept.has(host)) return undefined;
    if (host === undefined || host === '')
      return { status: 400, reason: 'missing', detail: 'A request needs a Host header.' };
    const name = hostnameOf(host);
    if (name === undefined || !isOurs(name))
      return {
        status: 421,
        reason: 'foreign',
        detail: `This server is not called ${JSON.stringify(host.slice(0, MOST_SHOWN))}. ${advice}`,
      };
    if (kept.size < MOST_KEPT) kept.add(host);
    return undefined;
  };
}

/** Node takes the first of several, and a proxy in between may have meant another. */
export function hasSeveralHosts(rawHeaders: readonly string[]): boolean {
  let found = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    if (name?.length === 4 && name.toLowerCase() === 'host') found += 1;
  }
  return found > 1;
}

/**
 * The name or address in a `Host` header: in lower case, without port, brackets and the dot that ends a full name.
 * @returns undefined when it is none: `a@b`, `a,b`, `[name]`
 */
function hostnameOf(host: string): string | undefined {
  const [, bracketed, plain] = /^(?:\[([^[\]]+)\]|([a-z\d_.-]+))(?::\d*)?$/i.exec(host) ?? [];
  // The zone of a link-local address may be there, and is its sender's affair.
  if (bracketed !== undefined) return isIPv6(bracketed) ? bracketed : undefined;
  return plain?.toLowerCase().replace(/\.$/, '');
}

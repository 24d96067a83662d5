import { lookup as lookUp } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { SourceError } from './source-error.ts';

/** Addresses that mean something else to us than to a server elsewhere: this machine, its network, and what clouds tell their machines. */
const INNER = new BlockList();
for (const [network, bits] of [
  ...([
    ['0.0.0.0', 8],
    ['10.0.0.0', 8],
    ['100.64.0.0', 10],
    ['127.0.0.0', 8],
  ] as const),
  ...([
    ['169.254.0.0', 16],
    ['172.16.0.0', 12],
    ['192.168.0.0', 16],
  ] as const),
] as const)
  INNER.addSubnet(network, bits, 'ipv4');
for (const [network, bits] of [
  ['::', 127],
  ['fc00::', 7],
  ['fe80::', 10],
] as const)
  INNER.addSubnet(network, bits, 'ipv6');

export type Lookup = (hostname: string) => Promise<readonly { address: string }[]>;

const lookupAll: Lookup = (hostname) => lookUp(hostname, { all: true });

async function isInner(url: URL, lookup: Lookup): Promise<boolean> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (host === 'localhost' || host.endsWith('.localhost')) return true;
  const addresses = isIP(host) === 0 ? (await lookup(host)).map(({ address }) => address) : [host];
  return addresses.some((address) => INNER.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4'));
}

/**
 * A source elsewhere must not send us to our own servers, or to those beside us. One that is beside us itself may.
 * @throws SourceError `broken` for such a redirect, `unavailable` for a name that cannot be looked up
 */
export async function requireOuterRedirect({
  origin,
  target,
  shown,
  lookup = lookupAll,
}: {
  /** Where the source is. */
  origin: URL;
  target: URL;
  /** The address that redirects, for messages. */
  shown: string;
  lookup?: Lookup;
}): Promise<void> {
  if (target.host === origin.host) return;
  let leadsInside;
  try {
    leadsInside = (await isInner(target, lookup)) && !(await isInner(origin, lookup));
  } catch (cause) {
    throw new SourceError(
      'unavailable',
      `${shown}: a redirect to ${target.host}, which cannot be looked up`,
      {
        cause,
      },
    );
  }
  if (leadsInside)
    throw new SourceError(
      'broken',
      `${shown}: a redirect to ${target.host}, an address of this machine or its network, is not followed`,
    );
}

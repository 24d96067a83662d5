/** The part of the environment that says by which names the gateway is called. */
import { domainToASCII } from 'node:url';
import { z } from 'zod';

const NAME = /^(?=.{1,253}$)[a-z\d_]([a-z\d_-]*[a-z\d_])?(\.[a-z\d_]([a-z\d_-]*[a-z\d_])?)*$/;

/** As browsers send it: in lower case, `bücher.example` as `xn--bcher-kva.example`. Undefined when it is no name. */
function asSent(text: string): string | undefined {
  if (text === '*') return text;
  const [, any = '', name = ''] = /^(\*\.)?(.*?)\.?$/s.exec(text) ?? [];
  const ascii = name.includes('_') ? name.toLowerCase() : domainToASCII(name);
  return NAME.test(ascii) ? any + ascii : undefined;
}

/** `gateway,tripline.example.org,*.example.net`, or `*` for any. */
export const allowedHosts = z
  .string()
  .transform((text) => text.split(',').map((name) => asSent(name.trim())))
  .refine((names) => names.every((name) => name !== undefined), {
    error:
      'must be names such as tripline.example.org or *.example.org, with commas between them, and without https://, port and path',
  })
  .transform((names) => names.filter((name) => name !== undefined));

/** The names in `Host` that the gateway takes, besides addresses and localhost. */
export function namesOfGateway({
  host,
  publicUrl,
  allowedHosts: allowed,
}: {
  /** Where it listens. */
  host: string;
  publicUrl: string | undefined;
  allowedHosts: readonly string[];
}): string[] {
  const own = publicUrl === undefined ? [host] : [host, new URL(publicUrl).hostname];
  // What is an address is no name, and a star in an address stands for itself.
  return [...own.flatMap((name) => (name.includes('*') ? [] : (asSent(name) ?? []))), ...allowed];
}

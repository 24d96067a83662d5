/** The part of the environment that says who may read, and from where. */
import { z } from 'zod';

/** Who may read. Mutations and webhooks always need an operator. */
export interface AccessSettings {
  reading: 'open' | 'authenticated';
  /** Client's name by key. */
  apiKeys: ReadonlyMap<string, string>;
  /** Undefined: no JSON Web Tokens are taken. */
  jwt: { jwksUrl: string; issuer: string | undefined; audience: string | undefined } | undefined;
}

const repeated = (names: readonly string[]): Set<string> =>
  new Set(names.filter((name, index) => names.indexOf(name) !== index));

/** `name:key,name:key`; what is wrong with it never repeats a key. */
export const apiKeys = z
  .string()
  .transform((text) => text.split(',').map((pair) => pair.trim().split(':')))
  .refine(
    (pairs) =>
      pairs.every(
        ([name = '', key = '', ...rest]) =>
          /^[\w.-]+$/.test(name) && /^[\w.~+/=-]{16,}$/.test(key) && rest.length === 0,
      ),
    {
      error:
        'must be name:key,name:key, each key of at least 16 characters (letters, digits and .-_~+/=) and without spaces',
      abort: true,
    },
  )
  .superRefine((pairs, found) => {
    const firsts = new Map<string, string>();
    for (const [name = '', key = ''] of pairs) {
      const first = firsts.get(key);
      if (first !== undefined && first !== name)
        found.addIssue(`gives ${first} and ${name} the same key: whose are the requests with it?`);
      firsts.set(key, first ?? name);
    }
    for (const name of repeated(pairs.map(([name = '']) => name)))
      found.addIssue(`has the name ${name} twice: give a second key a name of its own, as in ${name}-new`);
  })
  .transform((pairs) => new Map(pairs.map(([name = '', key = '']) => [key, name])));

/** `*`, or origins as browsers write them. */
export const corsOrigins = z
  .string()
  .transform((text) => text.split(',').map((origin) => origin.trim()))
  .refine(
    (origins) =>
      origins.every(
        (origin) => origin === '*' || (URL.canParse(origin) && new URL(origin).origin === origin),
      ),
    { error: 'must be * or origins such as https://dashboards.example.org, with commas between them' },
  );

/** What is wrong with who may read, beyond what is wrong with a variable alone. */
export function mistakesInAccess(given: Readonly<Record<string, string | undefined>>): string[] {
  const mistakes: string[] = [];
  const { READING, API_KEYS, JWT_JWKS_URL, JWT_ISSUER, JWT_AUDIENCE, OPERATOR_TOKEN } = given;
  if (READING === 'authenticated' && !API_KEYS && !JWT_JWKS_URL)
    mistakes.push('READING is authenticated, and nobody could read: set API_KEYS or JWT_JWKS_URL');
  for (const [name, value] of Object.entries({ JWT_ISSUER, JWT_AUDIENCE })) {
    if (value !== undefined && !JWT_JWKS_URL)
      mistakes.push(`${name} needs JWT_JWKS_URL: where the keys are that tokens are signed with`);
  }
  const reader = apiKeys.safeParse(API_KEYS).data?.get(OPERATOR_TOKEN ?? '');
  if (reader !== undefined)
    mistakes.push(`API_KEYS gives ${reader} the OPERATOR_TOKEN: a key that reads must not be able to steer`);
  return mistakes;
}

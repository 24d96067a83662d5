/** Which web pages of elsewhere may ask: what browsers are told of it. Nothing here keeps out anybody who is no browser. */
import type { OutgoingHttpHeaders } from 'node:http';

/** What pages may read of an answer beside what every page may. */
const EXPOSED = 'ETag, Retry-After, X-Trips, X-Data-Version, Content-Disposition';
/** What pages may send: ours, and what Apollo's and other clients add without being asked. */
const TAKEN = [
  'content-type',
  'authorization',
  'x-api-key',
  'if-none-match',
  'last-event-id',
  'apollo-require-preflight',
  'x-apollo-operation-name',
  'apollographql-client-name',
  'apollographql-client-version',
].join(', ');
/** Seconds. Chromium believes a preflight for two hours at most. */
const PREFLIGHT_FOR_S = 7_200;

export interface Cors {
  /**
   * For an answer to a page of this origin, or to one that has none. `vary` has to be added to what else the answer varies by.
   */
  headersFor: (origin: string | undefined) => Readonly<OutgoingHttpHeaders>;
  /** The same, names and values in turn, where everybody gets the same; undefined where that depends on the origin. */
  forAll: readonly string[] | undefined;
  /** For the answer, 204, to a browser that asks with OPTIONS whether it may; `allow` is for all others. */
  preflightHeadersFor: (origin: string | undefined) => Readonly<OutgoingHttpHeaders>;
}

/**
 * Never with credentials: nobody is known by a cookie here, and a page that has a key sends it itself.
 * @param origins as in `https://dashboards.example.org`; `*` among them: all; none: pages of the gateway's own origin alone
 */
export function createCors(origins: readonly string[]): Cors {
  const allow = { allow: 'GET, HEAD, POST, OPTIONS' };
  if (origins.length === 0) return { headersFor: () => NONE, forAll: [], preflightHeadersFor: () => allow };
  const any = origins.includes('*');
  // An answer that differs by origin must not be kept for another.
  const vary = any ? {} : { vary: 'Origin' };
  const granted = (origin: string) => ({
    answer: { ...vary, 'access-control-allow-origin': origin, 'access-control-expose-headers': EXPOSED },
    preflight: {
      ...vary,
      ...allow,
      'access-control-allow-origin': origin,
      'access-control-allow-methods': 'GET, HEAD, POST',
      'access-control-allow-headers': TAKEN,
      'access-control-max-age': PREFLIGHT_FOR_S,
    },
  });
  const refused = { answer: vary, preflight: { ...vary, ...allow } };
  const all = any ? granted('*') : refused;
  const byOrigin = new Map(any ? [] : origins.map((origin) => [origin, granted(origin)]));
  const of = (origin = '') => byOrigin.get(origin) ?? all;
  return {
    headersFor: (origin) => of(origin).answer,
    forAll: any ? Object.entries(all.answer).flat() : undefined,
    preflightHeadersFor: (origin) => of(origin).preflight,
  };
}

const NONE: Readonly<OutgoingHttpHeaders> = {};

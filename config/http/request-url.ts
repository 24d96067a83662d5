import type { IncomingMessage } from 'node:http';

/** The path and query of a request; a request target that is neither becomes a path that nobody has. Never throws: `//` is a target, and no URL. */
export function requestUrl({ url = '/' }: Pick<IncomingMessage, 'url'>): URL {
  const text = `http://server${url.startsWith('/') ? url : `/${url}`}`;
  return new URL(URL.canParse(text) ? text : 'http://server/unreadable');
}

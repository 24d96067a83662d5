import type { IncomingMessage } from 'node:http';

/** The path and query of a request; a request target that is neither becomes a path that we do not have. */
export function requestUrl({ url = '/' }: IncomingMessage): URL {
  const text = `http://gateway${url.startsWith('/') ? url : `/${url}`}`;
  return new URL(URL.canParse(text) ? text : 'http://gateway/unreadable');
}

import type { IncomingMessage } from 'node:http';

/**
 * Why a request is refused that a web page of another origin has a browser send, as browsers tell by `Origin` and `Sec-Fetch-Site`. Programs send neither.
 * @param takesLinks may a person follow a link from elsewhere to here, in a window of its own?
 */
export function webPageRefusal(
  { headers, method }: Pick<IncomingMessage, 'headers' | 'method'>,
  { takesLinks }: { takesLinks: boolean },
): string | undefined {
  const { origin, host = '' } = headers;
  // A page that hides its origin says `null`.
  if (origin !== undefined && origin !== `http://${host}`)
    return 'Requests from web pages of other origins are refused.';
  const site = headers['sec-fetch-site'];
  if (site === undefined || site === 'none' || site === 'same-origin') return undefined;
  const isLink =
    method === 'GET' &&
    headers['sec-fetch-mode'] === 'navigate' &&
    headers['sec-fetch-dest'] === 'document' &&
    origin === undefined;
  return takesLinks && isLink ? undefined : 'Requests from web pages of other sites are refused.';
}

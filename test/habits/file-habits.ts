/**
 * How servers that exist answer for a file, one habit a line. `loaded`: its bytes arrive whole and right. A pattern: it is refused by
 * this name. A habit changes the headers and the status of an honest answer, or answers itself.
 */
export interface AskedForFile {
  isHead: boolean;
  range: string | undefined;
  ifMatch: string | undefined;
  /** Requests for this file before this one. */
  times: number;
  /** The query of the address. */
  query: string;
  filename: string;
}

export interface FileAnswer {
  status: number;
  headers: Record<string, string | undefined>;
  body: Buffer;
  /** The connection is cut after so many bytes of the body. */
  cutAfter?: number;
  chunked?: boolean;
}

/** @param honest what a server answers that does all of RFC 9110 */
type Act = (honest: FileAnswer, asked: AskedForFile, whole: FileAnswer) => FileAnswer;

export interface FileHabit {
  becomes: 'loaded' | RegExp;
  act: Act;
}

const status = (code: number): FileAnswer => ({
  status: code,
  headers: { 'content-length': '0' },
  body: Buffer.alloc(0),
});
const headers =
  (given: Record<string, string | undefined>): Act =>
  (honest) => ({ ...honest, headers: { ...honest.headers, ...given } });
const onHead =
  (act: Act): Act =>
  (honest, asked, whole) =>
    asked.isHead ? act(honest, asked, whole) : honest;
const onGet =
  (act: Act): Act =>
  (honest, asked, whole) =>
    asked.isHead ? honest : act(honest, asked, whole);
const onRange =
  (act: Act): Act =>
  (honest, asked, whole) =>
    honest.status === 206 ? act(honest, asked, whole) : honest;
const says =
  (code: number): Act =>
  () =>
    status(code);
const firstTimes =
  (times: number, act: Act): Act =>
  (honest, asked, whole) =>
    asked.times < times ? act(honest, asked, whole) : honest;
const tag =
  (change: (etag: string) => string | undefined): Act =>
  (honest) => ({
    ...honest,
    headers: { ...honest.headers, etag: change(honest.headers['etag'] ?? '') },
  });
const whole: Act = (_, __, all) => all;

const loaded = (act: Act): FileHabit => ({ becomes: 'loaded', act });
const refused = (becomes: RegExp, act: Act): FileHabit => ({ becomes, act });

export const FILE_HABITS: Readonly<Record<string, FileHabit>> = {
  'does everything right': loaded((honest) => honest),
  // HEAD
  'HEAD 400': loaded(onHead(says(400))),
  'HEAD 403': loaded(onHead(says(403))),
  'HEAD 404': loaded(onHead(says(404))),
  'HEAD 405': loaded(onHead(says(405))),
  'HEAD 500': loaded(onHead(says(500))),
  'HEAD 501': loaded(onHead(says(501))),
  'HEAD without a length': loaded(onHead(headers({ 'content-length': undefined }))),
  'HEAD without Accept-Ranges': loaded(onHead(headers({ 'accept-ranges': undefined }))),
  'redirects to an address signed for GET': loaded((honest, asked) => {
    if (!asked.query.includes('X-Amz-Signature'))
      return {
        ...status(302),
        headers: { location: `/${asked.filename}?X-Amz-Signature=abc`, 'content-length': '0' },
      };
    return asked.isHead ? status(403) : honest;
  }),
  'redirects for good': loaded((honest, asked) =>
    asked.query === '' ? { ...status(308), headers: { location: `?moved`, 'content-length': '0' } } : honest,
  ),
  // Encodings
  'Content-Encoding: aws-chunked': loaded(headers({ 'content-encoding': 'aws-chunked' })),
  'Content-Encoding is empty': loaded(headers({ 'content-encoding': '' })),
  'Content-Encoding: utf-8': loaded(headers({ 'content-encoding': 'utf-8' })),
  'Content-Encoding: binary': loaded(headers({ 'content-encoding': 'binary' })),
  'Content-Encoding: identity': loaded(headers({ 'content-encoding': 'identity' })),
  'Content-Encoding: gzip': refused(/sent as gzip/, headers({ 'content-encoding': 'gzip' })),
  'Content-Encoding: aws-chunked,gzip': refused(
    /sent as aws-chunked, ?gzip/,
    headers({ 'content-encoding': 'aws-chunked,gzip' }),
  ),
  // ETags
  'GET has a weak ETag': loaded(onGet(tag((etag) => `W/${etag}`))),
  'HEAD has a weak ETag': loaded(onHead(tag((etag) => `W/${etag}`))),
  'all ETags are weak': loaded(tag((etag) => `W/${etag}`)),
  'GET has -gzip in its ETag': loaded(onGet(tag((etag) => etag.replace(/"$/, '-gzip"')))),
  'GET has another ETag': loaded(onGet(tag(() => '"another"'))),
  'HEAD has no ETag': loaded(onHead(tag(() => undefined))),
  'GET has no ETag': loaded(onGet(tag(() => undefined))),
  'no ETags': loaded(tag(() => undefined)),
  'no ETags and no dates': loaded(headers({ etag: undefined, 'last-modified': undefined })),
  'ETags without quotes': loaded(tag((etag) => etag.replaceAll('"', ''))),
  'ETags of a multipart upload': loaded(tag((etag) => etag.replace(/"$/, '-3"'))),
  'a part has no ETag': loaded(onRange(tag(() => undefined))),
  'every answer has another ETag': refused(/another version each/, (honest, asked, all) =>
    tag((etag) => etag.replace(/"$/, `-${asked.times}"`))(honest, asked, all),
  ),
  // Conditions and ranges
  '412 to every If-Match': loaded((honest, { ifMatch }) => (ifMatch === undefined ? honest : status(412))),
  'Content-Range with an open size': loaded(
    onRange((honest) => ({
      ...honest,
      headers: { ...honest.headers, 'content-range': honest.headers['content-range']?.replace(/\d+$/, '*') },
    })),
  ),
  'open size, and HEAD without a length': loaded((honest, asked, all) =>
    asked.isHead
      ? { ...honest, headers: { ...honest.headers, 'content-length': undefined } }
      : onRange((part) => ({
          ...part,
          headers: { ...part.headers, 'content-range': part.headers['content-range']?.replace(/\d+$/, '*') },
        }))(honest, asked, all),
  ),
  'Content-Range of another part': refused(
    /sent bytes 0-9\/10/,
    onRange(headers({ 'content-range': 'bytes 0-9/10' })),
  ),
  'no Content-Range': refused(/no Content-Range|sent null/, onRange(headers({ 'content-range': undefined }))),
  'ranges are ignored': loaded(onGet(whole)),
  'Accept-Ranges: none': loaded((_, asked, all) => headers({ 'accept-ranges': 'none' })(all, asked, all)),
  'chunked, without a length': refused(/does not say how large/, (_, __, all) => ({
    ...all,
    headers: { ...all.headers, 'content-length': undefined, 'accept-ranges': undefined },
    chunked: true,
  })),
  // Refusals and troubles
  '403 to everything': refused(/HTTP 403, while the source answers otherwise/, says(403)),
  '403 to GET': refused(/HTTP 403, while the source answers otherwise/, onGet(says(403))),
  '401 to everything': refused(/HTTP 401/, says(401)),
  '451 to everything': refused(/HTTP 451/, says(451)),
  '429 to everything': refused(/HTTP 429, while the source answers otherwise/, says(429)),
  '503 to everything': refused(/HTTP 503, while the source answers otherwise/, says(503)),
  '500 to everything': refused(/HTTP 500/, says(500)),
  '404 although it is listed': refused(/HTTP 404/, says(404)),
  '403 once': loaded(firstTimes(1, says(403))),
  '503 once': loaded(firstTimes(1, says(503))),
  'cut once': loaded(onGet((honest, { times }) => (times < 4 ? { ...honest, cutAfter: 10 } : honest))),
  'always cut': refused(
    /ended after|connection was closed/,
    onGet((honest) => ({ ...honest, cutAfter: 10 })),
  ),
};

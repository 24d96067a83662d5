/** One HTTP request to a source and its answer: redirects, patience and failures are dealt with here. */
import { requireOuterRedirect } from './inner-address.ts';
import { OPEN_GATE, type Pass, type RequestGate } from './request-gate.ts';
import { retryAfterMs } from './retry-after.ts';
import { SourceError } from './source-error.ts';

/** How long a server may keep us waiting. */
export interface Patience {
  /** From the request to the answer's headers, connecting included, for each redirect anew. */
  headersMs: number;
  /** While we wait for the body, at least `bytesPerWindow` must arrive in each such time (a drip is a stall too). */
  windowMs: number;
  bytesPerWindow: number;
}

export const DEFAULT_PATIENCE: Patience = { headersMs: 20_000, windowMs: 20_000, bytesPerWindow: 16 * 1024 };

const MAX_REDIRECTS = 5;
/** Statuses that say slow down. */
export const THROTTLING: readonly number[] = [403, 429, 503];
/** A refused answer's body up to this size is read, so that the connection can be used again. */
const WORTH_DRAINING_BYTES = 16 * 1024;

export interface Exchange {
  status: number;
  headers: Headers;
  /** Where the answer came from, after redirects; may hold a query. */
  url: URL;
  /** The address for messages: without credentials and query. */
  shown: string;
  /** The body in pieces, to be read at most once. Leaving the loop early closes the connection. */
  body(): AsyncGenerator<Uint8Array>;
  /** Ends the exchange without the body. */
  discard(): Promise<void>;
}

/** A URL as people and logs may see it: neither user and password nor the query, which may hold a signature. */
export function shownUrl(url: URL | string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

/**
 * Sends one request and follows up to 5 redirects, never to another protocol except from http to https, and from elsewhere never to this machine or its network. User and password
 * in the URL become basic authentication, which is not passed on to another host. The gate is passed once, and left when the
 * body has been read, discarded or has failed.
 * @throws SourceError `unavailable` for network failures and lost patience, `broken` for a redirect that goes nowhere
 */
export async function exchange(options: {
  url: URL | string;
  method: 'GET' | 'HEAD';
  headers?: Readonly<Record<string, string>>;
  signal: AbortSignal;
  patience: Patience;
  gate?: RequestGate | undefined;
  /** May this be about the file alone, and not the server's complaint? */
  doubts?: ((status: number, namesTime: boolean) => boolean) | undefined;
  /** The same was refused just now, and doubted: where it is answered, the server had complained. */
  afterComplaint?: boolean | undefined;
}): Promise<Exchange> {
  const pass = await (options.gate ?? OPEN_GATE).enter(options.signal);
  try {
    return await send(options, pass);
  } catch (error) {
    const ours = options.signal.aborted || (error instanceof SourceError && error.kind === 'broken');
    pass.leave({ kind: ours ? 'good' : 'failed' });
    throw error;
  }
}

async function send(options: Parameters<typeof exchange>[0], pass: Pass): Promise<Exchange> {
  const { method, signal, patience } = options;
  const leave = once((failed: boolean, { status, headers }: Response) => {
    if (failed) return pass.leave({ kind: 'failed' });
    const restMs = retryAfterMs(headers);
    if (THROTTLING.includes(status) && options.doubts?.(status, headers.has('retry-after')) === true)
      return pass.leave({ kind: 'undecided' });
    if (THROTTLING.includes(status)) return pass.leave({ kind: 'throttled', retryAfterMs: restMs });
    if (options.afterComplaint === true && status < 300) return pass.leave({ kind: 'throttled' });
    pass.leave({ kind: status >= 500 ? 'failed' : 'good' });
  });
  let url = new URL(options.url);
  const { origin } = url;
  const authorization = basicAuthorization(url);
  for (let redirects = 0; ; redirects++) {
    url.username = '';
    url.password = '';
    const shown = shownUrl(url);
    const stop = linkedController(signal);
    const headers: Record<string, string> = { 'user-agent': 'tripline', ...options.headers };
    // Byte ranges of a compressed body would be ranges of other bytes. (fetch itself says so when it sees a range.)
    if (headers['range'] === undefined) headers['accept-encoding'] = 'identity';
    if (authorization !== undefined && url.origin === origin) headers['authorization'] = authorization;
    const answer = fetch(url, { method, headers, redirect: 'manual', signal: stop.signal });
    let response;
    try {
      response = await withinMs(patience.headersMs, answer, () => stop.abort());
    } catch (cause) {
      stop.abort();
      stop.unlink();
      throw failure({ cause, shown, signal, waitedFor: `no answer within ${patience.headersMs} ms` });
    }
    const redirected = [301, 302, 303, 307, 308].includes(response.status);
    const ended = redirected ? () => undefined : (failed: boolean) => leave(failed, response);
    const current = answered({ response, url, shown, stop, signal, patience, ended });
    if (!redirected) return current;
    await current.discard();
    url = redirectTarget({ from: url, shown, location: response.headers.get('location'), redirects });
    await requireOuterRedirect({ origin: new URL(options.url), target: url, shown });
  }
}

function once<Arguments extends unknown[]>(
  task: (...given: Arguments) => void,
): (...given: Arguments) => void {
  let done = false;
  return (...given) => {
    if (done) return;
    done = true;
    task(...given);
  };
}

function redirectTarget(options: {
  from: URL;
  shown: string;
  location: string | null;
  redirects: number;
}): URL {
  const { from, shown, location, redirects } = options;
  if (redirects === MAX_REDIRECTS)
    throw new SourceError('broken', `${shown}: more than ${MAX_REDIRECTS} redirects`);
  if (location === null || !URL.canParse(location, from.href)) {
    throw new SourceError('broken', `${shown}: a redirect that does not say where to`);
  }
  const target = new URL(location, from);
  if (target.protocol !== from.protocol && !(from.protocol === 'http:' && target.protocol === 'https:')) {
    throw new SourceError('broken', `${shown}: a redirect to ${target.protocol} is not followed`);
  }
  return target;
}

function basicAuthorization({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined;
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(credentials).toString('base64')}`;
}

interface LinkedController {
  signal: AbortSignal;
  abort: () => void;
  unlink: () => void;
}

/** Aborts with `signal`. AbortSignal.any would hold on to every request as long as a worker's signal lives. */
function linkedController(signal: AbortSignal): LinkedController {
  signal.throwIfAborted();
  const controller = new AbortController();
  const abort = () => controller.abort();
  signal.addEventListener('abort', abort, { once: true });
  return { signal: controller.signal, abort, unlink: () => signal.removeEventListener('abort', abort) };
}

class OutOfPatience extends Error {}

async function withinMs<T>(ms: number, promise: Promise<T>, onLate: () => void): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new OutOfPatience());
      onLate();
    }, ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
    // The loser of the race may fail later, with nobody listening.
    promise.catch(() => undefined);
  }
}

function failure(options: {
  cause: unknown;
  shown: string;
  signal: AbortSignal;
  waitedFor: string;
}): unknown {
  const { cause, shown, signal, waitedFor } = options;
  if (signal.aborted) return signal.reason;
  if (cause instanceof SourceError) return cause;
  if (cause instanceof OutOfPatience) return new SourceError('unavailable', `${shown}: ${waitedFor}`);
  // fetch says "fetch failed" and hides the reason one level down.
  const reason = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  const code = (reason as NodeJS.ErrnoException).code;
  const said = reason instanceof Error ? reason.message : String(reason);
  const why =
    code === 'UND_ERR_SOCKET' ? 'the connection was closed before the answer was whole' : (code ?? said);
  return new SourceError('unavailable', `${shown}: ${why}`, { cause: reason });
}

function answered(options: {
  response: Response;
  url: URL;
  shown: string;
  stop: LinkedController;
  signal: AbortSignal;
  patience: Patience;
  /** Called once the body has been read, left early or has failed. */
  ended: (failed: boolean) => void;
}): Exchange {
  const { response, url, shown, stop, signal, patience } = options;
  async function* body(): AsyncGenerator<Uint8Array> {
    const reader = response.body?.getReader();
    let ended = reader === undefined;
    let leftMs = patience.windowMs;
    let bytes = 0;
    try {
      while (reader !== undefined) {
        const startedMs = performance.now();
        const { done, value } = await withinMs(leftMs, reader.read(), stop.abort);
        ended = done;
        if (value === undefined) break;
        bytes += value.byteLength;
        leftMs = Math.max(leftMs - (performance.now() - startedMs), 1);
        if (bytes >= patience.bytesPerWindow) {
          bytes = 0;
          leftMs = patience.windowMs;
        }
        yield value;
      }
    } catch (cause) {
      options.ended(!signal.aborted);
      throw failure({ cause, shown, signal, waitedFor: `the body stalled for ${patience.windowMs} ms` });
    } finally {
      if (!ended) stop.abort();
      stop.unlink();
      options.ended(false);
    }
  }
  return {
    status: response.status,
    headers: response.headers,
    url,
    shown,
    body,
    async discard() {
      const lengthBytes = Number(response.headers.get('content-length') ?? Infinity);
      try {
        let bytes = 0;
        for await (const piece of body()) {
          bytes += piece.byteLength;
          if (lengthBytes > WORTH_DRAINING_BYTES || bytes > WORTH_DRAINING_BYTES) break;
        }
      } catch {
        signal.throwIfAborted();
      }
    },
  };
}

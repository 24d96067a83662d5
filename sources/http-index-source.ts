/** An HTTP folder with an index page as a source. */
import { DEFAULT_PATIENCE, exchange, shownUrl, type Patience } from './http-exchange.ts';
import { createHttpFiles } from './http-file.ts';
import { statusError } from './http-status.ts';
import type { IndexLink, IndexPage } from './index-links.ts';
import { requireOuterRedirect } from './inner-address.ts';
import { readIndex } from './read-index.ts';
import { requireParquetFilename } from './filename.ts';
import type { RequestGate } from './request-gate.ts';
import type { FileVersion, ListedFile, Source } from './source.ts';
import { SourceError } from './source-error.ts';

/** About 50,000 links. */
const MAX_PAGE_BYTES = 8 * 2 ** 20;
/** Index pages print times to the minute: within it a file may change and look the same. */
const MINUTE_MS = 61_000;

export interface HttpIndexOptions {
  /** The folder's URL with a slash at its end, or what finds it anew for each call. */
  url: string | (() => Promise<string>);
  patience?: Patience;
  gate?: RequestGate | undefined;
  /** Milliseconds of a clock that never goes back. */
  elapsed?: () => number;
}

/**
 * The source for a page of links. The page is asked for conditionally. Keep one instance: it remembers the page, and since
 * when it has seen each hint; a hint is passed on only once it pins the file down (seconds printed, or a minute old).
 */
export function createHttpIndexSource(options: HttpIndexOptions): Source {
  const { patience = DEFAULT_PATIENCE, gate, elapsed = () => performance.now() } = options;
  const baseUrl = async () => new URL(typeof options.url === 'string' ? options.url : await options.url());
  let page: Page | undefined;
  const look = async (signal: AbortSignal): Promise<Page> => {
    page = await fetchPage({ url: await baseUrl(), known: page, signal, patience, gate });
    return page;
  };
  const files = createHttpFiles({
    patience,
    gate,
    control: async ({ signal }) => void (await look(signal)),
  });
  let hints = new Map<string, { hint: string; sinceMs: number }>();

  const pinned = ({ filename, hint }: IndexLink): ListedFile => {
    const since = hints.get(filename)?.sinceMs ?? elapsed();
    const pinsDown = hint !== undefined && (/\d:\d\d:\d\d/.test(hint) || elapsed() - since >= MINUTE_MS);
    return { filename, version: undefined, hint: pinsDown ? hint : undefined };
  };

  /** Where a file is: in the page's folder, unless the page says otherwise. */
  async function locate(filename: string, signal: AbortSignal): Promise<string> {
    const base = await baseUrl();
    const linked = page?.links.find((link) => link.filename === filename)?.url;
    if (linked === undefined) return fileUrl(base, filename);
    await requireOuterRedirect({ origin: base, target: new URL(linked), shown: shownUrl(base) });
    signal.throwIfAborted();
    return linked;
  }

  /** A worker that has not listed yet asks the page where a file is that its folder does not hold. */
  async function locateAndStat(options: Parameters<Source['stat']>[0]): Promise<FileVersion> {
    const { filename, signal } = options;
    try {
      return await files.stat({ ...options, url: await locate(filename, signal) });
    } catch (error) {
      const isElsewhere = error instanceof SourceError && ['absent', 'refused'].includes(error.kind);
      if (!isElsewhere || page !== undefined) throw error;
      const { links } = await look(signal).catch(() => {
        signal.throwIfAborted();
        throw error;
      });
      if (!links.some(({ url, filename: name }) => name === filename && url !== undefined)) throw error;
      return files.stat({ ...options, url: await locate(filename, signal) });
    }
  }

  return {
    async list({ signal }) {
      page = await look(signal);
      const seen = new Map<string, { hint: string; sinceMs: number }>();
      for (const { filename, hint } of page.links) {
        if (hint === undefined) continue;
        const before = hints.get(filename);
        seen.set(filename, before?.hint === hint ? before : { hint, sinceMs: elapsed() });
      }
      hints = seen;
      return page.links.map(pinned);
    },
    ignored: () => page?.ignored ?? [],
    sawInstead: () => (page === undefined || page.links.length > 0 ? undefined : page.saw),

    // The listing is all that there is.
    gone: ({ filenames }) => Promise.resolve([...filenames]),

    async stat(options) {
      requireParquetFilename(options.filename);
      return locateAndStat(options);
    },
    async *read({ file, range, signal }) {
      requireParquetFilename(file.filename);
      if (page === undefined && isElsewhere(await baseUrl(), file)) await look(signal);
      yield* files.read({ url: await locate(file.filename, signal), file, range, signal });
    },
  };
}

interface Page extends IndexPage {
  url: string;
  etag: string | null;
}

/** `stat` found it on another host or in another folder. */
function isElsewhere(base: URL, { url, filename }: FileVersion): boolean {
  return url !== '' && url !== shownUrl(fileUrl(base, filename));
}

/** The folder's own query, which may be a signature, goes along. */
function fileUrl(base: URL, filename: string): string {
  const url = new URL(encodeURIComponent(filename), new URL('.', base));
  url.search = base.search;
  url.username = base.username;
  url.password = base.password;
  return url.href;
}

async function fetchPage(options: {
  url: URL;
  known: Page | undefined;
  signal: AbortSignal;
  patience: Patience;
  gate: RequestGate | undefined;
}): Promise<Page> {
  const { url, signal, patience, gate } = options;
  const known = options.known?.url === url.href ? options.known : undefined;
  const headers: Record<string, string> = { accept: 'text/html, application/json;q=0.5, */*;q=0.1' };
  // An ETag only: Last-Modified has whole seconds, and two files can arrive within one.
  if (known?.etag) headers['if-none-match'] = known.etag;
  const answer = await exchange({ url, method: 'GET', headers, signal, patience, gate });
  if (answer.status !== 200) {
    await answer.discard();
    if (answer.status === 304 && known !== undefined) return known;
    const error = statusError(answer);
    if (error.kind !== 'absent') throw error;
    throw new SourceError('unavailable', `${answer.shown}: no index page (HTTP ${answer.status})`, {
      status: answer.status,
    });
  }
  const pieces = [];
  let bytes = 0;
  for await (const piece of answer.body()) {
    bytes += piece.byteLength;
    if (bytes > MAX_PAGE_BYTES) {
      throw new SourceError(
        'broken',
        `${answer.shown}: the index page has more than ${MAX_PAGE_BYTES} bytes`,
      );
    }
    pieces.push(piece);
  }
  const contentType = answer.headers.get('content-type') ?? '';
  const body = Buffer.concat(pieces);
  return {
    url: url.href,
    etag: answer.headers.get('etag'),
    ...readIndex({ body, contentType, pageUrl: answer.url }),
  };
}

/** Months behind a URL with `{month}` in it as a source, for sites without an index such as TLC's own. */
import { isParquetFilename } from './filename.ts';
import { DEFAULT_PATIENCE, exchange, shownUrl, type Patience } from './http-exchange.ts';
import { createHttpFiles } from './http-file.ts';
import { statusError } from './http-status.ts';
import { currentMonth, MONTH, monthsBetween } from './month.ts';
import type { RequestGate } from './request-gate.ts';
import type { FileVersion, ListedFile, Source } from './source.ts';
import { SourceError } from './source-error.ts';

const PROBES_AT_ONCE = 4;
/** So many of the newest published months are looked at in every listing, for a new version … */
const NEWEST_KNOWN = 3;
/** … and so many of the older ones and of the holes, those first that were looked at longest ago. */
const OTHERS_PER_LISTING = 4;
/** A month that is missing between published ones seldom comes. */
const HOLE_EVERY_MS = 3_600_000;
/** Nothing published among so many of the newest months: ask for the first one before anything is concluded. */
const REFUSED_WITHOUT_ANSWER = 8;

export interface HttpTemplateOptions {
  /** `{month}` stands for `YYYY-MM`. */
  url: string;
  /** First month, `YYYY-MM`. */
  from: string;
  /** Wall clock, milliseconds; decides the newest month. */
  now?: () => number;
  patience?: Patience;
  gate?: RequestGate | undefined;
  /** Milliseconds of a clock that never goes back. */
  elapsed?: () => number;
}

/**
 * The source for months without an index: HEAD asks for each month from `from` to the current one, the newest first. The
 * first listing asks for all of them, later ones only for months that may have come or changed. Keep one instance: what is
 * published is remembered.
 *
 * A 403 may mean *slow down* or *not published yet*. On a month seen before it is the former. On any other month a control
 * decides: a month known to be published is asked for; refused too → `throttled`; answered → the month is asked for
 * once more, and a second 403 means *not published*. A listing ends at the first sign of throttling with a SourceError
 * that carries what is known (`listed`); the next one goes on from there.
 */
export function createHttpTemplateSource(options: HttpTemplateOptions): Source {
  const {
    from,
    now = Date.now,
    patience = DEFAULT_PATIENCE,
    gate,
    elapsed = () => performance.now(),
  } = options;
  const names = createNaming(options.url);
  const files = createHttpFiles({ patience, gate, control });
  const published = new Map<string, { file: FileVersion; atMs: number }>();
  const missing = new Map<string, { atMs: number }>();

  /** Asks for the month that was seen last, other than that of `url`; where there is none, a refusal is the host's. */
  async function control({ url, signal }: { url: string; signal: AbortSignal }): Promise<void> {
    const others = [...published].filter(([month]) => names.url(month) !== url);
    const [newest] = others.sort(([, a], [, b]) => b.atMs - a.atMs)[0] ?? [];
    const refused = new SourceError('throttled', `${shownUrl(url)}: refused, and no other month is known`);
    if (newest === undefined) throw refused;
    const other = names.url(newest);
    const answer = await exchange({ url: other, method: 'HEAD', signal, patience, gate });
    await answer.discard();
    if (answer.status >= 400) throw statusError(answer);
  }

  const listed = (): ListedFile[] =>
    [...published.values()]
      .map(({ file: { filename, version } }) => ({ filename, version, hint: undefined }))
      .sort((a, b) => (a.filename < b.filename ? -1 : 1));

  /** @throws SourceError unless the month is there, is not, or was refused with 403 */
  async function probe(
    month: string,
    signal: AbortSignal,
    { known, toRead }: { known?: string | undefined; toRead?: boolean | undefined } = {},
  ): Promise<'published' | 'missing' | 'refused'> {
    const filename = names.filename(month);
    const before = published.get(month);
    try {
      const file = await files.stat({
        url: names.url(month),
        filename,
        signal,
        unseen: before === undefined,
        known: known ?? before?.file.version,
        toRead,
      });
      published.set(month, { file, atMs: elapsed() });
      missing.delete(month);
      return 'published';
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      if (error.kind === 'absent') return settleMissing(month);
      // It stays what it was: what is published is not taken back for that.
      if (error.kind === 'refused' && published.has(month) && toRead !== true) return 'published';
      if (error.status !== 403 || published.has(month)) throw error;
      return 'refused';
    }
  }

  function settleMissing(month: string): 'missing' {
    published.delete(month);
    missing.set(month, { atMs: elapsed() });
    return 'missing';
  }

  /** @throws SourceError `throttled` when a 403 on a month never seen turns out to be one */
  async function settleRefused(month: string, signal: AbortSignal): Promise<'published' | 'missing'> {
    const newest = [...published].sort(([, a], [, b]) => b.atMs - a.atMs)[0]?.[0];
    const control = newest ?? from;
    if (control !== month && (await probe(control, signal)) !== 'published') {
      throw new SourceError(
        'throttled',
        `${shownUrl(names.url(month))}: HTTP 403, and no other month answers`,
        {
          status: 403,
        },
      );
    }
    const again = control === month ? 'refused' : await probe(month, signal);
    return again === 'refused' ? settleMissing(month) : again;
  }

  function monthsDue(): string[] {
    const months = monthsBetween(from, currentMonth(now())).reverse();
    const newestPublished = months.find((month) => published.has(month));
    const newestKnown = new Set(months.filter((month) => published.has(month)).slice(0, NEWEST_KNOWN));
    const always = (month: string) =>
      newestKnown.has(month) ||
      (!published.has(month) && !missing.has(month)) ||
      (!published.has(month) && (newestPublished === undefined || month > newestPublished));
    const askedMs = (month: string) => (published.get(month) ?? missing.get(month))?.atMs ?? 0;
    const others = months
      .filter((month) => !always(month))
      .filter((month) => published.has(month) || elapsed() - askedMs(month) >= HOLE_EVERY_MS)
      .sort((a, b) => askedMs(a) - askedMs(b));
    return [...months.filter(always), ...others.slice(0, OTHERS_PER_LISTING)];
  }

  async function probeAllDue(signal: AbortSignal): Promise<void> {
    const due = monthsDue();
    const refused: string[] = [];
    for (let i = 0; i < due.length; i += PROBES_AT_ONCE) {
      const batch = due.slice(i, i + PROBES_AT_ONCE);
      const outcomes = await Promise.allSettled(batch.map((month) => probe(month, signal)));
      for (const [at, outcome] of outcomes.entries()) {
        if (outcome.status === 'rejected') throw outcome.reason;
        if (outcome.value === 'refused') refused.push(batch[at] ?? '');
      }
      const last = i + PROBES_AT_ONCE >= due.length;
      const decidable = published.size > 0 || refused.length >= REFUSED_WITHOUT_ANSWER || last;
      while (decidable && refused.length > 0) await settleRefused(refused.shift() ?? '', signal);
    }
  }

  return {
    async list({ signal }) {
      signal.throwIfAborted();
      try {
        await probeAllDue(signal);
      } catch (error) {
        if (!(error instanceof SourceError)) throw error;
        const { kind, message, retryAfterMs, status } = error;
        throw new SourceError(kind, message, { retryAfterMs, status, listed: listed(), cause: error });
      }
      return listed();
    },
    async stat({ filename, signal, known, toRead }) {
      const month = names.month(filename);
      const possible = month !== undefined && month >= from && month <= currentMonth(now());
      const outcome = possible ? await probe(month, signal, { known, toRead }) : 'missing';
      const settled =
        outcome === 'refused' && month !== undefined ? await settleRefused(month, signal) : outcome;
      const file = month === undefined ? undefined : published.get(month)?.file;
      if (settled === 'published' && file !== undefined) return file;
      throw new SourceError('absent', `${filename} is not published`);
    },
    async *read({ file, range, signal }) {
      const month = names.month(file.filename);
      if (month === undefined) throw new SourceError('absent', `${file.filename} is not published`);
      yield* files.read({ url: names.url(month), file, range, signal });
    },
  };
}

/** Where a month's file is and what it is called: its URL's last part, with the month in front if that doesn't hold it. */
function createNaming(template: string) {
  const placeholder = /\{month\}|%7Bmonth%7D/gi;
  const url = (month: string) => template.replaceAll(placeholder, month);
  const filename = (month: string) => {
    const last = decodeURIComponent(new URL(url(month)).pathname.split('/').at(-1) ?? '');
    return last.includes(month) ? last : `${month}_${last}`;
  };
  if (!isParquetFilename(filename('2009-01'))) {
    throw new SourceError('broken', `${shownUrl(template)} does not end in .parquet`);
  }
  return {
    url,
    filename,
    month(name: string): string | undefined {
      const month = /\d{4}-\d{2}/.exec(name)?.[0];
      return month !== undefined && MONTH.test(month) && filename(month) === name ? month : undefined;
    },
  };
}
